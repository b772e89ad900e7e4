package period

import (
	"encoding/base64"
	"errors"

	"matcher/internal/engine"
	"matcher/internal/mapping"
	"matcher/internal/recon"
)

const (
	// settledDaysMax is how long settled rows are remembered: a year's statement, delivered once more in the month
	// after.
	settledDaysMax = 400
	// settledRowsMax bounds them, the newest kept: 44 bytes each in the file and 60 in memory.
	settledRowsMax  = 4_000_000
	settledLineRows = 1000
)

// settledRow returns what a settled row is known by.
func settledRow(table *engine.Table, row uint32) string {
	digest, _ := table.Content(row)
	id := table.ExternalID(row)
	if id == "" {
		return base64.RawStdEncoding.EncodeToString(digest[:])
	}
	identity := mapping.Identity(&recon.Transaction{ExternalID: id})
	return base64.RawStdEncoding.EncodeToString(append(identity[:], digest[:]...))
}

// remember makes the rows known to the identities of their source.
func (s *settledLine) remember(known *mapping.Identities) error {
	stage := mapping.StageBooked
	if s.Pending {
		stage = mapping.StagePendingMatched
	}
	for _, text := range s.Rows {
		data, err := base64.RawStdEncoding.DecodeString(text)
		switch {
		case err == nil && len(data) == 32:
			known.Remember([16]byte(data), mapping.Traits(data[16:]), stage)
		case err == nil && len(data) == 16:
			known.RememberContent([16]byte(data))
		default:
			return errors.New("a settled row is 22 or 43 characters of base64")
		}
	}
	return nil
}

// confirmed returns the settled rows of a side, in the order of their days.
func (w *writer) confirmed(side int, oldest recon.Day) []settledLine {
	var list []settledLine
	type kind struct {
		source  string
		pending bool
	}
	table := w.Sides[side].Table
	at := map[kind]int{} // on the day at hand
	day := recon.NoDay
	for row := range uint32(table.Len()) {
		date := table.Date(row)
		if date < oldest || table.Settled(row) || w.Result.State(w.Sides[side].Side, row) != recon.StateConfirmed {
			continue
		}
		if date != day {
			clear(at)
			day = date
		}
		k := kind{table.Source(row), table.Pending(row)}
		i, known := at[k]
		if !known || len(list[i].Rows) == settledLineRows {
			i = len(list)
			at[k] = i
			list = append(list, settledLine{
				Type: lineSettled, Side: w.Sides[side].Side, Source: k.source, Date: date,
				Pending: k.pending,
			})
		}
		list[i].Rows = append(list[i].Rows, settledRow(table, row))
	}
	return list
}
