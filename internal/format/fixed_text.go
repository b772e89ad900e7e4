package format

import (
	"io"
	"strings"

	"matcher/internal/recon"
)

// fixedTextDecoder reads lines whose columns are in places that a map states.
type fixedTextDecoder struct {
	w       *window
	columns []recon.FixedColumn
	header  []string
	fields  []string
}

func openFixedText(in *input) (decoder, string, error) {
	w, err := in.text()
	d := &fixedTextDecoder{w: w, columns: in.opt.Fixed, fields: make([]string, len(in.opt.Fixed))}
	for _, c := range d.columns {
		d.header = append(d.header, c.Name)
	}
	return d, "columns in fixed places", err
}

// next is the next line that is not blank.
func (d *fixedTextDecoder) next(rec *recon.Record) error {
	for {
		end, last, err := d.w.lineEnd(0)
		if err != nil {
			return readError(d.w, err)
		}
		if last && end == 0 {
			return io.EOF
		}
		rec.Line, rec.Header = d.w.line, d.header
		raw := d.w.rest()[:end]
		wrong, line := d.w.undecoded(raw), []rune(strings.TrimRight(string(raw), "\r\x1A"))
		if !last {
			end++
		}
		d.w.take(end)
		if strings.TrimSpace(string(line)) == "" {
			continue
		}
		if wrong != "" {
			e := recon.NewRowError(rec.Line, 0, "", string(line), recon.CodeInvalidEncoding, wrong)
			return &e
		}
		for i, c := range d.columns {
			d.fields[i] = strings.TrimSpace(string(line[min(c.From-1, len(line)):min(c.To, len(line))]))
		}
		rec.Fields = d.fields
		return nil
	}
}
