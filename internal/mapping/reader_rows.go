package mapping

import (
	"errors"
	"fmt"
	"io"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"sync"

	"matcher/internal/recon"
)

// Row is one data row of a file, and what it is among the rows of its source before it.
type Row struct {
	Record   recon.Record // valid until the next row; without Fields where the row could not even be read
	Tx       recon.Transaction
	Identity [16]byte
	Verdict  Verdict
	Wrong    []recon.RowError // why it is Rejected or SetAside, or in what it is not the row that it repeats
	Gone     []Gone           // pending rows that it took the place of

	label    label
	standing standing
	counts   bool // the running balance moved by its amount
	alike    bool // a row above has its id, and counts as well
}

// batchRows is how many rows go from one stage of Read to the next at once.
const batchRows = 512

// batch is a run of rows on its way through Read. Its memory is used again.
type batch struct {
	rows   []Row
	fields []string // of all rows, since the format reuses its own
	err    error    // what ended the file after these rows
	crash  string   // a panic, which belongs on the caller's goroutine
	ready  chan struct{}
}

// Read maps the rows of the file on every core and gives them to each in the order of the file, judged by seen. It ends
// with the first error of each or of the file.
func (r *Reader) Read(seen *Identities, each func(*Row) error) error {
	r.mapper.aside.learned = true
	proof := newProof(r.mapper, r.file.Header(), r.sample)
	r.sample = nil
	workers := runtime.GOMAXPROCS(0)
	atOnce := 2*workers + 2 // batches there are: those in order, one being filled and one being judged
	todo, order, free := make(chan *batch, atOnce), make(chan *batch, 2*workers), make(chan *batch, atOnce)
	stop := make(chan struct{})
	var work sync.WaitGroup
	defer work.Wait()
	defer close(stop)
	work.Go(func() { r.readBatches(todo, order, free, stop) })
	for range workers {
		work.Go(func() {
			for b := range todo {
				r.mapAll(b)
			}
		})
	}
	var refused refusals
	for b := range order {
		<-b.ready
		if b.crash != "" {
			panic(b.crash)
		}
		seen.touch(b.rows)
		for i := range b.rows {
			row := &b.rows[i]
			proof.settle(row)
			row.counts = proof.counts(row)
			if row.Verdict != Rejected && (row.Verdict != SetAside || row.Tx.ExternalID != "") {
				seen.Admit(row)
			}
			proof.follow(row)
			refused.count(row)
			if err := each(row); err != nil {
				return err
			}
		}
		switch {
		case errors.Is(b.err, io.EOF):
			if err := proof.verdict(); err != nil {
				return err
			}
			r.proved(proof)
			r.statementsRead()
			if r.fields.Skip != nil && refused.rows > 0 && refused.aside == refused.rows {
				return skipsAll(refused.rows)
			}
			return refused.verdict(r.hints.MaxRejected, r.Detection.Proof != "" || len(r.fields.Balances) > 0)
		case b.err != nil:
			return b.err
		}
		free <- b
	}
	return nil
}

// proved keeps what the running balance shows of the whole file.
func (r *Reader) proved(p *proof) {
	if !p.proves {
		return
	}
	r.Detection.Proof = p.String()
	r.Detection.Notes = slices.DeleteFunc(r.Detection.Notes, func(note string) bool {
		return strings.HasPrefix(note, fmt.Sprintf(notFollowing, p.column, ""))
	})
	if p.alike > 0 {
		r.Detection.Notes = append(r.Detection.Notes, fmt.Sprintf("%s with the id of a row above and the same money "+
			"moved the running balance again (%s): all of them count, and these are known by what they hold",
			rowsText(p.alike), lines(p.alikeLines, p.alike)))
	}
	if missed := p.moves - p.ties; missed > 0 {
		r.Detection.Notes = append(r.Detection.Notes, fmt.Sprintf(notFollowing, p.column, lines(p.missed, missed)))
	}
}

func (r *Reader) readBatches(todo, order, free chan *batch, stop chan struct{}) {
	defer close(todo)
	for {
		var b *batch
		select {
		case b = <-free:
		default:
			b = &batch{rows: make([]Row, 0, batchRows), ready: make(chan struct{}, 1)}
		}
		r.fill(b)
		select {
		case order <- b:
		case <-stop:
			return
		}
		todo <- b
		if b.err != nil {
			return
		}
	}
}

// fill reads the next rows. Their fields share one array.
func (r *Reader) fill(b *batch) {
	defer b.guard()
	b.rows, b.fields = b.rows[:0], b.fields[:0]
	if r.fields.Skip != nil && r.fields.Skip.Last > 0 {
		defer r.holdBack(b)
	}
	for len(b.rows) < batchRows {
		rec, err := r.file.Next()
		var wrong *recon.RowError
		switch {
		case errors.As(err, &wrong):
			rec = recon.Record{Line: wrong.Line, Row: wrong.Row}
			row := Row{Record: rec, Verdict: Rejected, Wrong: []recon.RowError{*wrong}}
			if reason := brokenLabel(wrong); reason != "" {
				row.Verdict, row.Wrong[0].Code, row.Wrong[0].Reason = SetAside, recon.CodeSetAside, reason
			}
			b.rows = append(b.rows, row)
			continue
		case err != nil:
			b.err = err
			return
		}
		from := len(b.fields)
		b.fields = append(b.fields, rec.Fields...)
		rec.Fields = b.fields[from:len(b.fields):len(b.fields)]
		b.rows = append(b.rows, Row{Record: rec})
	}
}

// holdBack keeps the last rows of a batch for the next one. At the end of the file they are those that skip leaves out.
func (r *Reader) holdBack(b *batch) {
	last := r.fields.Skip.Last
	free := max(0, len(r.held)+len(b.rows)-last)
	before := min(free, len(r.held))
	let, kept := r.held[:before], b.rows[free-before:]
	r.held = r.held[before:]
	for _, row := range kept {
		row.Record = row.Record.Clone()
		r.held = append(r.held, row)
	}
	b.rows = slices.Insert(b.rows[:free-before], 0, let...)
	if b.err == nil {
		return
	}
	for _, row := range r.held {
		row.Verdict, row.Wrong = SetAside, []recon.RowError{recon.NewRowError(row.Record.Line, row.Record.Row,
			"", "", recon.CodeSetAside, fmt.Sprintf("is among the last %s, which skip leaves out", rowsText(last)))}
		b.rows = append(b.rows, row)
	}
	r.held = nil
}

func (r *Reader) mapAll(b *batch) {
	defer func() { b.ready <- struct{}{} }()
	defer b.guard()
	if r.hints.Turn != nil {
		defer r.hints.Turn()()
	}
	mapper := r.mapper
	if r.lean != nil {
		mapper = r.lean
	}
	for i := range b.rows {
		row := &b.rows[i]
		if len(row.Wrong) > 0 {
			continue
		}
		mapper.mapRow(row)
		if (len(row.Wrong) == 0 || row.label.open) && r.hints.Check != nil {
			if wrong := r.hints.Check(&row.Tx); len(wrong) > 0 {
				row.Wrong, row.Verdict, row.label.open = wrong, Rejected, false
			}
		}
		if len(row.Wrong) == 0 || row.label.open || row.Tx.ExternalID != "" {
			row.Identity = Identity(&row.Tx)
		}
	}
}

// guard keeps a panic for the goroutine that called Read, where the edge or the worker recovers it.
func (b *batch) guard() {
	if p := recover(); p != nil {
		b.crash, b.err = fmt.Sprintf("%v\n\n%s", p, debug.Stack()), io.ErrUnexpectedEOF
	}
}
