package ingestion

import (
	"context"
	"errors"
	"io"
	"runtime"
	"slices"

	"golang.org/x/sync/errgroup"

	"matcher/internal/mapping"
	"matcher/internal/postgres"
	"matcher/internal/recon"
)

// batchRows is how many rows go from one stage of the pipeline to the next at once.
const batchRows = 512

// batch is a run of rows on its way through the pipeline: read, mapped by any worker, collected in order.
type batch struct {
	records []recon.Record
	mapped  []recon.Transaction
	names   [][16]byte       // identities of mapped
	wrong   []recon.RowError // of rows that could not be read or mapped
	bad     []bool           // by record: it has errors in wrong
	ready   chan struct{}
}

// parse reads records, maps them on every core and hands them to rows in the order of the file.
func parse(ctx context.Context, reader *mappedReader, rows *collector) error {
	group, ctx := errgroup.WithContext(ctx)
	workers := runtime.GOMAXPROCS(0)
	todo, order := make(chan *batch, workers), make(chan *batch, 2*workers)
	group.Go(func() error {
		defer close(todo)
		defer close(order)
		return readBatches(ctx, reader, todo, order)
	})
	for range workers {
		group.Go(func() error {
			for b := range todo {
				b.mapAll(reader.mapper)
			}
			return nil
		})
	}
	group.Go(func() error {
		for b := range order {
			select {
			case <-b.ready:
			case <-ctx.Done():
				return context.Cause(ctx)
			}
			if err := rows.add(b); err != nil {
				return err
			}
		}
		return nil
	})
	return group.Wait()
}

func readBatches(ctx context.Context, reader *mappedReader, todo, order chan<- *batch) error {
	for {
		b, err := readBatch(reader)
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		for _, to := range []chan<- *batch{order, todo} {
			select {
			case to <- b:
			case <-ctx.Done():
				return context.Cause(ctx)
			}
		}
		if err != nil { // the end of the file
			return nil //nolint:nilerr // it is no failure
		}
	}
}

// readBatch reads up to batchRows rows. Their fields share one array, since the reader reuses its own.
func readBatch(reader *mappedReader) (*batch, error) {
	b := &batch{records: make([]recon.Record, 0, batchRows), ready: make(chan struct{})}
	var fields []string
	for len(b.records) < batchRows {
		rec, err := reader.rows.Next()
		var row *recon.RowError
		switch {
		case errors.As(err, &row):
			b.wrong = append(b.wrong, *row)
			b.records, b.bad = append(b.records, recon.Record{Line: row.Line, Row: row.Row}), append(b.bad, true)
			continue
		case err != nil:
			return b, err
		}
		if fields == nil {
			fields = make([]string, 0, batchRows*len(rec.Fields))
		}
		from := len(fields)
		fields = append(fields, rec.Fields...)
		rec.Fields = fields[from:len(fields):len(fields)]
		b.records, b.bad = append(b.records, rec), append(b.bad, false)
	}
	return b, nil
}

func (b *batch) mapAll(mapper *mapping.Mapper) {
	defer close(b.ready)
	b.mapped, b.names = make([]recon.Transaction, len(b.records)), make([][16]byte, len(b.records))
	for i := range b.records {
		if b.bad[i] {
			continue
		}
		t, wrong := mapper.Map(b.records[i])
		if len(wrong) == 0 {
			wrong = unstorable(&t)
		}
		b.mapped[i], b.names[i], b.bad[i] = t, mapping.Identity(&t), len(wrong) > 0
		b.wrong = append(b.wrong, wrong...)
	}
	slices.SortStableFunc(b.wrong, func(x, y recon.RowError) int { return x.Row - y.Row })
}

// unstorable finds texts that the database cannot hold.
func unstorable(t *recon.Transaction) []recon.RowError {
	reject := func(field, value string) []recon.RowError {
		return []recon.RowError{recon.NewRowError(t.Line, t.Row, field, value, recon.RowEncoding, "holds a NUL character or is no valid UTF-8")}
	}
	for _, f := range [...]struct{ name, text string }{
		{recon.FieldExternalID, t.ExternalID},
		{recon.FieldReference, t.Reference},
		{recon.FieldDescription, t.Description},
		{recon.FieldKind, t.Kind},
	} {
		if !postgres.Storable(f.text) {
			return reject(f.name, "")
		}
	}
	for i := range t.Metadata {
		if !postgres.Storable(t.Metadata[i].Name) || !postgres.Storable(t.Metadata[i].Value) {
			return reject("metadata", "")
		}
	}
	return nil
}

// collector sees every row in the order of the file: it tells repeated rows apart, counts, and fills the spool.
type collector struct {
	encoder    *postgres.RowsEncoder
	identities mapping.Identities
	sample     sample
	lines      lineIndex
	rejects    []recon.RowError

	read, stored, duplicates, rejected int64

	replacing int64 // booked rows whose pending ones stand before them in the stream
}

func newCollector(to *spool, t target) *collector {
	return &collector{encoder: postgres.NewRowsEncoder(to.to, t.source.Num, t.importNum), sample: sample{stride: 1}}
}

func (c *collector) add(b *batch) error {
	c.keep(b.wrong...)
	for i := range b.mapped {
		c.read++
		if b.bad[i] {
			c.rejected++
			continue
		}
		if err := c.admit(&b.mapped[i], b.names[i]); err != nil {
			return err
		}
	}
	return nil
}

func (c *collector) admit(t *recon.Transaction, identity [16]byte) error {
	switch verdict, conflict := c.identities.AdmitAs(t, identity); verdict {
	case mapping.Duplicate:
		c.duplicates++
		return nil
	case mapping.Conflicting:
		c.rejected++
		c.keep(*conflict)
		return nil
	case mapping.Replacing:
		c.replacing++
	}
	c.sample.offer(postgres.RowKey{Identity: identity, Ordinal: t.Ordinal})
	c.lines.note(int64(t.Row), int64(t.Line))
	c.stored++
	return c.encoder.Append(t, identity)
}

func (c *collector) keep(wrong ...recon.RowError) {
	for i := range wrong {
		if len(c.rejects) == postgres.RejectsStoredMax {
			return
		}
		e := wrong[i]
		e.Value = storableText(e.Value)
		c.rejects = append(c.rejects, e)
	}
}
