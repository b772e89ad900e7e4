package mapping

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"matcher/internal/recon"
)

// difference is a field of which a file shows otherwise than the last one of its source, and how.
type difference struct{ field, why string }

// unitField opens the unit of the amounts, which is no field of a row.
const unitField = "unit"

// otherwise compares how the file would be read by itself, which the reader has found, with how the last one of its
// source was. What its rows do not show is as it was.
func (r *Reader) otherwise(e *Earlier, m, stated recon.FieldMap) (found []difference) {
	if !e.Inverted && !r.hints.Invert && !statesSign(stated) {
		if why := r.otherSign(e, &m); why != "" {
			found = append(found, difference{recon.FieldAmount, why})
		}
	}
	if stated.Unit == "" {
		found = append(found, r.otherUnit(&m)...)
	}
	now, then := r.fields.Fields[recon.FieldCurrency], m.Fields[recon.FieldCurrency]
	asked := slices.ContainsFunc(r.Detection.Questions, func(q Question) bool {
		return strings.HasPrefix(q.ID, recon.FieldCurrency)
	})
	switch {
	case stated.Has(recon.FieldCurrency) || r.hints.Currency != "":
	case now.Constant != "" && then.Constant != "" && now.Constant != then.Constant:
		found = append(found, difference{recon.FieldCurrency, fmt.Sprintf("it was in %s, and this one names %s",
			then.Constant, now.Constant)})
	case !m.Has(recon.FieldCurrency) && (r.fields.Has(recon.FieldCurrency) || asked):
		found = append(found, difference{recon.FieldCurrency, "it named no currency, and this one does"})
	}
	if status := firstColumn(r.fields.Fields[recon.FieldBookingStatus]); status != "" &&
		!m.Has(recon.FieldBookingStatus) {
		found = append(found, difference{recon.FieldBookingStatus, fmt.Sprintf("column %q holds words of a status now",
			status)})
	}
	return found
}

// otherSign returns what shows that the money of the rows is another one, or goes another way, than by the last
// reading.
func (r *Reader) otherSign(e *Earlier, m *recon.FieldMap) string {
	open := &r.Detection
	same := slices.Equal(m.Fields[recon.FieldAmount].Columns, r.fields.Fields[recon.FieldAmount].Columns)
	ways := firstColumn(r.fields.Fields[recon.FieldDirection])
	if open.open != nil {
		ways = r.detector.header[open.open.at]
	}
	waysThen := firstColumn(m.Fields[recon.FieldDirection])
	switch answered := func(id string) bool { return slices.Contains(e.Answered, id) }; {
	case open.openFee != nil && same && !answered("fee"):
		return fmt.Sprintf("column %q holds fees now", open.openFee.fee)
	case open.openNet != nil && same && !answered("amount"):
		return fmt.Sprintf("%q and %q differ now", open.openNet.amount, open.openNet.net)
	case waysThen == "" && ways != "" && m.Signs == "" && (open.open != nil || r.readsOtherwise(m)):
		return fmt.Sprintf("no amount has a sign now, and column %q holds words for it", ways)
	case waysThen != "" && open.Passed[waysThen] != "" && r.readsOtherwise(m):
		return fmt.Sprintf("the amounts have signs of their own now, next to the words of column %q", waysThen)
	case open.signProved && r.readsOtherwise(m):
		return "its signs were others than " + open.Proof
	}
	return ""
}

// readsOtherwise reports whether a row of the sample has another amount by this map.
func (r *Reader) readsOtherwise(m *recon.FieldMap) bool {
	then, problems := Compile(*m, r.file.Header())
	now, others := Compile(r.fields, r.file.Header())
	return len(problems)+len(others) == 0 && slices.ContainsFunc(r.sample, func(rec recon.Record) bool {
		a, wrong := then.Map(rec)
		b, alsoWrong := now.Map(rec)
		return len(wrong)+len(alsoWrong) == 0 && a.Amount != b.Amount
	})
}

// otherUnit compares the unit that the file names with the one of the last reading. A file that names none is asked
// about where the last one was in thousands, and one in minor units may have been shown to be by the other side.
func (r *Reader) otherUnit(m *recon.FieldMap) []difference {
	now := r.fields.Unit
	if above := r.Detection.openUnit; above != nil {
		if now = above.unit; m.Unit == recon.UnitMajor {
			return nil // so it was answered
		}
	}
	if now == m.Unit || now == "" {
		return nil
	}
	return []difference{{unitField, fmt.Sprintf("it named %s, and this one names %s",
		cmp.Or(unitNames[m.Unit], "no unit"), unitNames[now])}}
}

// askUnitOfEarlier asks for the unit of a file that names none, where the last one was in thousands or millions.
func (r *Reader) askUnitOfEarlier(stated string) {
	unit, named := r.fields.Unit, unitAbove(r.file.Preamble()) != nil
	for _, field := range []string{recon.FieldAmount, recon.FieldDebit, recon.FieldCredit} {
		for _, name := range r.fields.Fields[field].Names() {
			named = named || unitOf(name) != ""
		}
	}
	if named || stated != "" || unitDigits[unit] == 0 {
		return
	}
	r.Detection.Questions = append(r.Detection.Questions, newQuestion(unitField, fmt.Sprintf("the last file of this "+
		"source was in %s, and this one names no unit: is it too?", unitNames[unit]),
		[][2]string{{"yes", "unit: " + unit}, {"no: its amounts are as they are written", "unit: " + recon.UnitMajor}}))
}
