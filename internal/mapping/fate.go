package mapping

import (
	"slices"

	"matcher/internal/recon"
)

// Fate is what became of one column of a file.
type Fate struct {
	Column     string   `json:"column"`
	UsedAs     []string `json:"usedAs,omitempty"` // canonical fields; without any the column is kept as metadata
	PassedOver bool     `json:"passedOver,omitempty"`
	Empty      bool     `json:"empty,omitempty"` // in the whole sample
	Why        string   `json:"why,omitempty"`   // it was taken, or passed over
	Evidence   string   `json:"evidence,omitempty"`
}

// Fates returns what became of every column, in the order of the file. It is asked before Read.
func (r *Reader) Fates() []Fate {
	header := r.file.Header()
	fates := make([]Fate, len(header))
	for at, name := range header {
		f := &fates[at]
		f.Column = name
		f.Empty = len(r.sample) > 0 &&
			!slices.ContainsFunc(r.sample, func(rec recon.Record) bool { return fills(rec, at) })
		f.Why = r.Detection.Passed[name]
		f.PassedOver = f.Why != ""
	}
	for _, name := range recon.MappedFields {
		for _, from := range r.fields.Fields[name].Names() {
			at := columnAt(header, from)
			if at < 0 || slices.Contains(fates[at].UsedAs, name) {
				continue
			}
			f := &fates[at]
			f.UsedAs = append(f.UsedAs, name)
			f.PassedOver, f.Why = false, ""
		}
	}
	for at := range fates {
		f := &fates[at]
		for _, c := range r.Detection.Choices {
			if slices.Contains(f.UsedAs[:min(len(f.UsedAs), 1)], c.Field) {
				f.Why, f.Evidence = c.Why, c.Evidence
			}
		}
		if r.defined && len(f.UsedAs) > 0 {
			f.Why, f.Evidence = "as "+r.file.Format()+" defines it", Stated
		}
	}
	if r.defined { // the columns are the format's, and a file fills some
		fates = slices.DeleteFunc(fates, func(f Fate) bool { return f.Empty })
	}
	return fates
}

// Sample returns the rows that decided how the file is read. It is asked before Read.
func (r *Reader) Sample() []recon.Record { return r.sample }
