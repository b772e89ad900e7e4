package mapping

import "matcher/internal/recon"

// Waiting holds the pending rows of a side until all its files are read: a booked row of the same id may replace them.
// The zero value is ready.
type Waiting struct {
	rows  map[waitingKey]WaitingRow
	order []waitingKey
}

type waitingKey struct{ source, externalID string }

// WaitingRow is a pending row that may still be replaced.
type WaitingRow struct {
	Tx      recon.Transaction
	ID      int64 // the caller's
	Source  string
	Carried bool // from an earlier period
}

// Hold keeps a pending row that has an external id.
func (w *Waiting) Hold(row WaitingRow) {
	if w.rows == nil {
		w.rows = map[waitingKey]WaitingRow{}
	}
	key := waitingKey{row.Source, row.Tx.ExternalID}
	w.rows[key], w.order = row, append(w.order, key)
}

// Take drops and returns a pending row, where it waits: another row has taken its place.
func (w *Waiting) Take(source, externalID string) (row WaitingRow, waits bool) {
	key := waitingKey{source, externalID}
	row, waits = w.rows[key]
	delete(w.rows, key)
	return row, waits
}

// Rest returns the rows that nothing replaced, in the order in which they came.
func (w *Waiting) Rest() []WaitingRow {
	var rest []WaitingRow
	for _, key := range w.order {
		if row, waits := w.rows[key]; waits {
			rest = append(rest, row)
			delete(w.rows, key)
		}
	}
	return rest
}
