package ingestion

import (
	"context"
	"strings"
	"time"

	"matcher/internal/engine/solver"
	"matcher/internal/format"
	"matcher/internal/mapping"
	"matcher/internal/postgres"
	"matcher/internal/recon"
)

// HintsOf is what a source knows of the files that come into it. fields is its map, nil where columns are detected.
func HintsOf(source recon.Source, fields *recon.FieldMap, file File) mapping.Hints {
	return mapping.Hints{
		Side: source.Side, Map: fields, Currency: source.Currency, TimeZone: source.TimeZone, Negate: source.Negate,
		Format: format.Options{Format: file.Format, Delimiter: file.Delimiter, Charset: file.Charset},
		Check:  unstorable, MaxRejected: source.MaxRejected, Answers: file.Answers,
		Now: time.Now(), Turn: turn,
	}
}

func turn() (end func()) {
	solver.TakeTurn()
	return solver.EndTurn
}

// unstorable finds texts that the database cannot hold.
func unstorable(t *recon.Transaction) []recon.RowError {
	reject := func(field string) []recon.RowError {
		return []recon.RowError{recon.NewRowError(t.Line, t.Row, field, "", recon.CodeInvalidEncoding,
			"holds a NUL character or is no valid UTF-8")}
	}
	for _, f := range [...]struct{ name, text string }{
		{recon.FieldExternalID, t.ExternalID},
		{recon.FieldReference, t.Reference},
		{recon.FieldDescription, t.Description},
		{recon.FieldKind, t.Kind},
	} {
		if !postgres.Storable(f.text) {
			return reject(f.name)
		}
	}
	for i := range t.Metadata {
		if !postgres.Storable(t.Metadata[i].Name) || !postgres.Storable(t.Metadata[i].Value) {
			return reject("metadata")
		}
	}
	return nil
}

// collector counts the rows of a file in their order and fills the spool with those that are to be stored.
type collector struct {
	encoder *postgres.RowsEncoder
	sample  sample
	lines   lineIndex
	rejects []recon.RowError
	aside   []recon.RowError

	read, stored, duplicates, rejected, setAside int64

	pending, replaced, changed int64 // of those stored; of them, gone by a later row; of the duplicates
	repeated                   []recon.RowError
	gone                       []postgres.GoneRow
	batches                    []postgres.Batch
	part                       format.Part     // the last one
	covered                    recon.Day       // by statements that were stored before
	waiting                    mapping.Waiting // pending rows whose place another may take

	show  int // of the first rows
	shown []recon.PreviewRow
}

func newCollector(to *spool, t target) *collector {
	return &collector{
		encoder: postgres.NewRowsEncoder(to.to, t.source.Num, t.importNum), sample: sample{stride: 1},
		covered: t.covered,
	}
}

// checkEvery is how many rows are read between two looks at the context.
const checkEvery = 512

// readAll reads every row of a file, unless ctx ends first.
func (c *collector) readAll(ctx context.Context, file *mapping.Reader) error {
	var seen mapping.Identities
	return file.Read(&seen, func(row *mapping.Row) error {
		if c.read%checkEvery == 0 && ctx.Err() != nil {
			return context.Cause(ctx)
		}
		c.read++
		c.leave(row)
		switch row.Verdict {
		case mapping.Duplicate:
			c.duplicates++
			if len(row.Wrong) > 0 && row.Wrong[0].Code == recon.CodeRowChanged {
				c.changed++
			}
			c.repeated = keep(c.repeated, row.Wrong)
			return nil
		case mapping.Rejected:
			c.rejected++
			c.rejects = keep(c.rejects, row.Wrong)
			return nil
		case mapping.SetAside:
			c.setAside++
			c.aside = keep(c.aside, row.Wrong)
			return nil
		case mapping.Fresh, mapping.Replacing:
			booked := c.isBooked(&row.Tx)
			if !c.isPart(row, booked) && booked {
				c.duplicates++
				c.repeated = keep(c.repeated, []recon.RowError{recon.NewRowError(row.Tx.Line, row.Tx.Row,
					recon.FieldBookingStatus, "", recon.CodeRowReplaced, "a statement covers its day")})
				return nil
			}
		}
		c.sample.offer(postgres.RowKey{Identity: row.Identity, Ordinal: row.Tx.Ordinal})
		if len(c.shown) < c.show {
			c.shown = append(c.shown, recon.PreviewOf(&row.Tx))
		}
		c.lines.note(int64(row.Tx.Row), int64(row.Tx.Line))
		c.stored++
		if row.Tx.BookingStatus == recon.Pending {
			c.pending++
			c.waiting.Hold(mapping.WaitingRow{Tx: recon.Transaction{
				ExternalID: row.Tx.ExternalID, Amount: row.Tx.Amount, Currency: row.Tx.Currency,
			}})
		}
		return c.encoder.Append(&row.Tx, row.Identity)
	})
}

// isBooked reports whether a row of a report is of a day that a statement covers, which has it then or never will.
func (c *collector) isBooked(tx *recon.Transaction) bool {
	return tx.BookingStatus == recon.Pending && strings.HasPrefix(tx.ExternalID, format.InterimID) &&
		c.covered.Set() && tx.Date <= c.covered
}

// isPart reports whether a pending row is one of the payments of an entry, and adds it to those. covered are parts of a
// day that a statement has: which of them it has as one entry is found when the file is stored.
func (c *collector) isPart(row *mapping.Row, covered bool) bool {
	if row.Tx.BookingStatus != recon.Pending {
		return false
	}
	part := format.PartOf(row.Record)
	if part.At == 0 {
		return false
	}
	batch := postgres.Batch{
		Account: part.Account, Currency: part.Currency, Reference: part.Reference, Name: part.Batch,
		Day: row.Tx.Date, First: int64(row.Tx.Row), Parts: int64(part.Of), Covered: covered,
	}
	if last := len(c.batches) - 1; last < 0 || part.At <= c.part.At || part.Entry != c.part.Entry {
		c.batches = append(c.batches, batch)
	}
	c.batches[len(c.batches)-1].Last, c.part = int64(row.Tx.Row), part
	return true
}

// leave notes what a row shows of pending ones: those of the file that are gone leave the sums.
func (c *collector) leave(row *mapping.Row) {
	tx := &row.Tx
	for i := range row.Gone {
		gone := &row.Gone[i]
		if before, waits := c.waiting.Take("", gone.ExternalID); waits {
			c.replaced++
			c.repeated = keep(c.repeated, []recon.RowError{gone.Repeat(tx)})
			c.encoder.Leave(before.Tx.Currency, before.Tx.Amount)
		}
	}
	void := row.Verdict == mapping.SetAside && tx.ExternalID != ""
	id := tx.PendingOf
	if void {
		id = tx.ExternalID
	}
	if id == "" || row.Verdict == mapping.Rejected || tx.BookingStatus == recon.Pending {
		return
	}
	c.lines.note(int64(tx.Row), int64(tx.Line))
	c.gone = append(c.gone, postgres.GoneRow{
		Identity: mapping.Identity(&recon.Transaction{ExternalID: id}), By: int64(tx.Row), Void: void, Day: tx.Date,
		Report: !void && strings.HasPrefix(id, format.InterimID),
	})
}

// keep adds what is wrong with a row within the limit of what is stored.
func keep(kept, wrong []recon.RowError) []recon.RowError {
	for _, e := range wrong[:min(len(wrong), postgres.RejectsStoredMax-len(kept))] {
		e.Value, e.Reason = storableText(e.Value), storableText(e.Reason)
		kept = append(kept, e)
	}
	return kept
}
