package mapping

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"matcher/internal/format"
	"matcher/internal/recon"
)

// Earlier is how a source was read before: signs, dates and decimals detected anew might come out otherwise, and the
// rows of two months would not go together.
type Earlier struct {
	Map      recon.FieldMap
	Columns  []string // of the file then: one with others may say more about its money; nil: not compared
	Answered []string // ids of the questions that were answered for it
	Inverted bool     // Map has the signs that Hints.Invert or AlignSigns gave it
}

// byEarlier reads the file as the last one of its source was read, and reports whether it is. A file that lacks columns
// which that reading needs is refused, unless its format or a known export states how it is read.
func (r *Reader) byEarlier(e *Earlier) (bool, error) {
	m := r.lasting(e.Map)
	missing := r.missing(&m)
	if len(missing) > 0 {
		_, defined := r.file.FieldMap()
		if known, _, err := r.known(); err != nil || known != nil || defined {
			return false, err
		}
		return false, recon.Unprocessable(recon.CodeFieldMapInvalid, "the last file of this source was read by "+
			"columns that this one has not: give it a field map that names what it has instead", missing...)
	}
	m = m.With(r.patch)
	r.Detection, r.detector, r.fields = Detection{Earlier: true, Notes: r.notes, Choices: []Choice{}}, nil, m
	r.how, r.signStated, r.goesOn = "as last period", true, true
	if m.Skip == nil {
		r.askDetails()
	}
	if err := r.reopen(e, m); err != nil || !r.signStated {
		r.negateFound = r.fields.Negate
		r.fields.Negate = r.fields.Negate != r.hints.Invert
		return true, err
	}
	// Hints.Invert counts from what was detected then: the same command does the same every month.
	r.negateFound = e.Map.Negate != e.Inverted
	if r.fields.Negate = m.Negate; r.hints.Invert {
		r.fields.Negate = !r.negateFound
	}
	return true, nil
}

// Lasting is how the file is read without what was answered for it alone: which days to come are right.
func (r *Reader) Lasting() recon.FieldMap { return r.lasting(r.fields) }

func (r *Reader) lasting(m recon.FieldMap) recon.FieldMap {
	if m.Future = ""; r.hints.Map != nil {
		m.Future = r.hints.Map.Future
	}
	return m
}

// missing takes the fields out of a map whose columns the file has not, where they are neither money nor tell which row
// it is, and returns what else its columns lack. Keys that no object of a JSON file has are empty values.
func (r *Reader) missing(m *recon.FieldMap) (missing []recon.FieldError) {
	_, problems := Compile(*m, r.file.Header())
	m.Fields = maps.Clone(m.Fields)
	objects := slices.Contains([]string{format.JSON, format.NDJSON}, r.file.Format())
	for _, p := range problems {
		name, _, _ := strings.Cut(strings.TrimPrefix(p.Pointer, "/"), "/")
		needed := slices.Contains(moneyFields, name) || name == recon.FieldDate || m.Fields[name].Is != "" ||
			!objects && (name == recon.FieldExternalID || name == recon.FieldPendingOf)
		if p.Code != recon.CodeUnknownColumn || needed {
			missing = append(missing, p)
			continue
		}
		if !objects {
			r.notes = append(r.notes, name+": the last file of this source had a column for it that this one has not")
		}
		delete(m.Fields, name)
	}
	return missing
}

// moneyFields are the fields that decide together what of a row moved, and which way.
var moneyFields = []string{
	recon.FieldAmount, recon.FieldDebit, recon.FieldCredit, recon.FieldDirection, recon.FieldFee, recon.FieldTax,
	recon.FieldNet, recon.FieldGross, recon.FieldCurrency, recon.FieldBookingStatus,
}

// reopen detects the fields anew of which columns that the earlier file had not may say more, and those of which this
// file shows otherwise.
func (r *Reader) reopen(e *Earlier, m recon.FieldMap) error {
	if _, defined := r.file.FieldMap(); defined || len(r.sample) == 0 {
		return nil
	}
	stated := recon.FieldMap{}
	if r.hints.Map != nil {
		stated = *r.hints.Map
	}
	stated = stated.With(r.patch)
	added := slices.DeleteFunc(slices.Clone(r.file.Header()), func(name string) bool {
		return e.Columns == nil || slices.Contains(e.Columns, name)
	})
	before := *r
	alone := m
	alone.Fields, alone.Negate, alone.Signs, alone.Unit = nil, false, "", ""
	err := r.detect(alone.With(stated))
	opened := slices.DeleteFunc(r.meant(added, err), func(name string) bool {
		return m.Has(name) && !slices.Contains(moneyFields, name)
	})
	var reasons []string
	if len(opened) > 0 {
		reasons = append(reasons, "it had no column "+strings.Trim(fmt.Sprintf("%q", added), "[]"))
	}
	if err == nil {
		for _, c := range r.otherwise(e, m, stated) {
			if !slices.Contains(opened, c.field) {
				opened, reasons = append(opened, c.field), append(reasons, c.why)
			}
		}
	}
	*r = before
	opened = slices.DeleteFunc(opened, stated.Has)
	if len(opened) == 0 {
		return nil
	}
	sign := slices.ContainsFunc(opened, func(name string) bool { return slices.Contains(moneyFields[:8], name) })
	if sign {
		opened = append(opened, moneyFields[:8]...)
		m.Negate, m.Signs = false, ""
	}
	m.Fields = maps.Clone(m.Fields)
	for _, name := range opened {
		delete(m.Fields, name)
	}
	if slices.Contains(opened, unitField) {
		m.Unit = ""
	}
	r.notes = append(slices.Clone(r.notes), "the last file of this source was otherwise: "+
		strings.Join(reasons, "; ")+": what depends on that is found anew, and the rest is read as then")
	err = r.detect(m.With(stated))
	r.notes = before.notes
	r.how = "as last period, and anew where it differs:"
	r.signStated = r.signStated || !sign
	return err
}

// meant returns the fields that columns are taken for, asked about, or in the way of.
func (r *Reader) meant(columns []string, err error) (fields []string) {
	of := func(names []string) bool {
		return slices.ContainsFunc(names, func(name string) bool { return slices.Contains(columns, name) })
	}
	take := func(from map[string]recon.MapField) {
		for name, field := range from {
			if of(field.Names()) {
				fields = append(fields, name)
			}
		}
	}
	take(r.fields.Fields)
	for _, q := range r.Detection.Questions {
		for _, a := range q.Answers {
			take(a.Patch.Fields)
		}
	}
	if open := r.Detection.open; open != nil && of([]string{r.detector.header[open.at]}) {
		fields = append(fields, recon.FieldDirection)
	}
	var refused *recon.Error
	if errors.As(err, &refused) {
		for _, f := range refused.Fields {
			if slices.ContainsFunc(columns, func(name string) bool {
				return strings.Contains(f.Message, strconv.Quote(name))
			}) {
				fields = append(fields, strings.TrimPrefix(f.Pointer, "/"))
			}
		}
	}
	return fields
}

// compareEarlier asks where the dates or numbers of a file can only be written otherwise than in the earlier one, and
// takes what that one left open.
func (r *Reader) compareEarlier() {
	open := r.fields
	open.DateFormat, open.Decimal = "", ""
	d := newDetector(r.file.Header(), r.sample, open, r.hints.Side)
	d.dateFormat(r.mapper)
	d.decimal(r.mapper)
	stated := r.patch
	if r.hints.Map != nil {
		stated = r.hints.Map.With(r.patch)
	}
	compare := func(name string, then *string, now, stated string) {
		switch {
		case now == "" || now == *then || stated != "":
		case *then == "":
			*then = now
			_ = r.compile() // the columns are known, so it fits
		default:
			r.Detection.Questions = append(r.Detection.Questions, newQuestion(name, fmt.Sprintf("the last file of "+
				"this source had %[1]s %[2]s, and some of this file can only be read with %[3]s: which is it?", name, *then, now),
				[][2]string{{now, name + ": " + strconv.Quote(now)}, {*then, name + ": " + strconv.Quote(*then)}}))
		}
	}
	compare("dateFormat", &r.fields.DateFormat, d.out.DateFormat, stated.DateFormat)
	compare("decimal", &r.fields.Decimal, d.out.Decimal, stated.Decimal)
	r.askUnitOfEarlier(stated.Unit)
}
