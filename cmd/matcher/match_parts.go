package main

import (
	"fmt"

	"matcher/internal/format"
	"matcher/internal/mapping"
	"matcher/internal/recon"
	"matcher/internal/report"
)

// A statement may have many payments as one entry, and an advice has them one by one. The advice is read first: its
// parts wait, and take the place of the entry if they make it.

// sideParts are the entries of one side of which a report or an advice has the parts.
type sideParts []*waitingParts

// waitingParts are the parts of one entry, as they wait.
type waitingParts struct {
	format.Part // the last one

	source string
	ids    []string // of the rows
	sum    recon.Total
	whole  *recon.Transaction // another row of its name; nil: there is none
	file   *matchFile         // of that
}

// readingOrder is the order in which the files of a side are read: reports and advices before statements.
func (s *matchSide) readingOrder() []int {
	var advices, others []int
	for i, f := range s.files {
		if found := f.reader.Statements(); len(found) > 0 && found[0].Report {
			advices = append(advices, i)
		} else {
			others = append(others, i)
		}
	}
	return append(advices, others...)
}

// wait adds a pending row that is a part of an entry.
func (p *sideParts) wait(part format.Part, row *mapping.Row, source string) {
	last := len(*p) - 1
	if last < 0 || (*p)[last].Entry != part.Entry || part.At <= (*p)[last].At {
		*p, last = append(*p, &waitingParts{source: source}), last+1
	}
	w := (*p)[last]
	w.Part, w.ids = part, append(w.ids, row.Tx.ExternalID)
	w.sum.Add(row.Tx.Amount)
}

// makes reports whether the parts are all there and make an amount.
func (w *waitingParts) makes(amount recon.Minor) bool {
	sum, err := w.sum.Minor()
	return err == nil && sum == amount && len(w.ids) == w.Of
}

// book adds the parts of a booked entry in its place. It returns false where they do not wait, or do not make it.
func (s *matchSide) book(row *mapping.Row, f *matchFile) (bool, error) {
	if len(s.parts) == 0 {
		return false, nil
	}
	entry := format.PartOf(row.Record)
	for _, w := range s.parts {
		if w.ids == nil || entry.At > 0 || w.source != f.source || !w.Same(entry.Entry) {
			continue
		}
		if !w.makes(row.Tx.Amount) {
			if sum, err := w.sum.Minor(); w.whole == nil && err == nil && (sum < 0) == (row.Tx.Amount < 0) {
				whole := row.Tx
				w.whole, w.file = &whole, f
			}
			continue
		}
		rows := w.taken(&s.waiting)
		if len(rows) < w.Of { // they are booked one by one
			continue
		}
		for _, part := range rows {
			part.Tx.BookingStatus, part.Tx.Date = recon.Booked, row.Tx.Date
			if err := s.table.Add(&part.Tx, part.ID, part.Source); err != nil {
				return true, err
			}
		}
		f.split, w.ids = f.split+1, nil
		f.repeats++
		f.keepRepeated(recon.NewRowError(row.Tx.Line, row.Tx.Row, "", "", recon.CodeRowReplaced,
			fmt.Sprintf("the %d parts of the entry count in its place", w.Of)))
		return true, nil
	}
	return false, nil
}

// taken takes the parts out of those that wait, unless some of them do not.
func (w *waitingParts) taken(waiting *mapping.Waiting) (rows []mapping.WaitingRow) {
	for _, id := range w.ids {
		if row, waits := waiting.Take(w.source, id); waits {
			rows = append(rows, row)
		}
	}
	if len(rows) == len(w.ids) {
		return rows
	}
	for _, row := range rows {
		waiting.Hold(row)
	}
	return nil
}

// leaveParts withdraws parts that do not make the entry that a statement has: it stays one row.
func (s *matchSide) leaveParts() {
	for _, w := range s.parts {
		if w.ids == nil || w.whole == nil {
			continue
		}
		rows := w.taken(&s.waiting)
		for _, part := range rows {
			from := s.files[part.ID>>fileShift]
			from.repeats++
			from.keepRepeated(recon.NewRowError(part.Tx.Line, part.Tx.Row, "", "", recon.CodeRowReplaced, fmt.Sprintf(
				"the entry on line %d of %s counts, which its parts do not make", w.whole.Line, w.file.path)))
		}
		if sum, err := w.sum.Minor(); err == nil && len(rows) > 0 {
			w.file.differ = append(w.file.differ, w.differ(sum))
		}
	}
}

// differ is the note of an entry that its parts do not make.
func (w *waitingParts) differ(sum recon.Minor) string {
	text := func(amount recon.Minor) string {
		return report.Grouped(recon.Money{Amount: amount, Currency: w.whole.Currency}.String())
	}
	return fmt.Sprintf("the entry of %s on line %d stays one row: %d of its %d parts make %s", text(w.whole.Amount),
		w.whole.Line, len(w.ids), w.Of, text(sum))
}
