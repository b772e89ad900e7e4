package period

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash"
	"io"
	"slices"

	"matcher/internal/engine"
	"matcher/internal/recon"
)

// Closing is what a period hands on: its result with the rows, and what it started from.
type Closing struct {
	Written string // by which program
	Plan    *engine.Plan
	Result  *engine.Result // with the bridges of Start
	Carry   *Carry
	Stated  [2]map[string]recon.Minor
	Sides   [2]Side

	ReturnDays int // how long settled rows are kept whole
}

// Side is one side of a period. Rows are indexes into its table.
type Side struct {
	Side    recon.Side
	Name    string // what sentences call it
	Table   *engine.Table
	Sources []Source // of the files with rows, and of those that the last period did not know
	// File returns the file that a row was first read from.
	File func(row uint32) string
	// Transaction returns a row with all its fields.
	Transaction func(row uint32) recon.Transaction
}

// writer counts and hashes lines on their way out.
type writer struct {
	*Closing
	to      io.Writer
	sum     hash.Hash
	lines   int
	numbers [2]map[uint32]int // N by row

	rowsWritten int
}

// Write writes open.ndjson.
func (c *Closing) Write(to io.Writer) error {
	w := writer{Closing: c, to: to, sum: sha256.New(), numbers: [2]map[uint32]int{{}, {}}}
	balances, err := c.balances()
	if err != nil {
		return err
	}
	written, err := c.writtenOff()
	if err != nil {
		return err
	}
	first := head{
		Type: lineOpen, Version: version, Written: c.Written, AsOf: c.Result.AsOf, Result: c.Result.ResultHash,
		Sources: c.sources(), Balances: balances, WrittenOff: written,
	}
	if err := w.line(first); err != nil {
		return err
	}
	for _, step := range []func() error{w.rows, w.partials, w.rejected, w.returnable, w.settled, w.owed} {
		if err := step(); err != nil {
			return err
		}
	}
	return w.line(endLine{lineEnd, w.lines, hex.EncodeToString(w.sum.Sum(nil))})
}

// writtenOff adds the differences of confirmed groups to what earlier periods wrote off, by month and currency, and by
// rule where a rule of type POST booked a row.
func (c *Closing) writtenOff() ([]recon.WriteOff, error) {
	sums := map[recon.WriteOff]recon.Total{} // without their amounts
	add := func(key recon.WriteOff, amount recon.Minor) {
		key.Amount = 0
		sum := sums[key]
		sum.Add(amount)
		sums[key] = sum
	}
	for _, w := range c.Carry.Written() {
		add(w, w.Amount)
	}
	for i := range c.Result.Groups {
		g := &c.Result.Groups[i]
		if g.Status() != recon.GroupConfirmed || g.Difference == 0 {
			continue
		}
		key := recon.WriteOff{Month: c.newest(g).Month(), Currency: g.Currency()}
		if g.LeftCount+g.RightCount == 1 {
			key.Rule = c.Result.RuleName(c.Plan, i)
		}
		add(key, g.Difference.Abs())
	}
	var written []recon.WriteOff
	for key, sum := range sums {
		var err error
		if key.Amount, err = sum.Fit("what was written off in "+key.Month.String()[:7], key.Currency); err != nil {
			return nil, err
		}
		written = append(written, key)
	}
	slices.SortFunc(written, func(a, b recon.WriteOff) int {
		return cmp.Or(cmp.Compare(a.Month, b.Month), cmp.Compare(a.Currency, b.Currency), cmp.Compare(a.Rule, b.Rule))
	})
	return written, nil
}

func (w *writer) line(value any) error {
	text, err := json.Marshal(value)
	if err != nil {
		return err
	}
	text = append(text, '\n')
	w.sum.Write(text)
	w.lines++
	_, err = w.to.Write(text)
	return err
}

// sources lists each source once, as its first file was read. Sources of the last period that have no rows now stay as
// they were.
func (c *Closing) sources() []Source {
	list := []Source{}
	for i := range c.Sides {
		first := len(list)
		for _, s := range append(slices.Clip(c.Sides[i].Sources), c.Carry.Sources(c.Sides[i].Side)...) {
			if !slices.ContainsFunc(list[first:], func(n Source) bool { return n.Name == s.Name }) {
				list = append(list, s)
			}
		}
	}
	return list
}

// rows writes what is not settled: open rows, and those of proposed and partial groups. A row outside the period that
// is in no group is left to the period that it belongs to.
func (w *writer) rows() error {
	for i := range w.Sides {
		s, open := &w.Sides[i], w.Result.Open[i]
		for row := range uint32(s.Table.Len()) {
			state := w.Result.State(s.Side, row)
			var reason *engine.Open
			if len(open) > 0 && open[0].Row == row {
				reason, open = &open[0], open[1:]
			}
			if reason == nil && state != recon.StateProposed && state != recon.StatePartial {
				continue
			}
			tx := s.Transaction(row)
			line := lineOf(&tx)
			w.rowsWritten++
			line.N, line.Side, line.Status = w.rowsWritten, s.Side, state
			line.Source, line.File = s.Table.Source(row), s.File(row)
			_, line.Ordinal = s.Table.Content(row)
			if reason != nil {
				line.Class, line.Reason = reason.Class(), reason.Reason()
			}
			w.numbers[i][row] = line.N
			if err := w.line(line); err != nil {
				return err
			}
		}
	}
	return nil
}

// numbered returns the numbers of rows, and whether all of them are carried.
func (w *writer) numbered(side int, rows []uint32) ([]int, bool) {
	numbers := make([]int, 0, len(rows))
	for _, row := range rows {
		n, carried := w.numbers[side][row]
		if !carried {
			return nil, false
		}
		numbers = append(numbers, n)
	}
	return numbers, true
}

// partials writes the partial groups. What is left of one counts as one row of the side that has more, as old as the
// oldest row of the group.
func (w *writer) partials() error {
	for i := range w.Result.Groups {
		g := &w.Result.Groups[i]
		if g.Status() != recon.GroupPartial {
			continue
		}
		line := setLine{
			Type: linePartial, Rule: w.Result.RuleName(w.Plan, i), Side: recon.Left, Date: recon.NoDay,
			Currency: g.Currency(),
		}
		var sums [2]recon.Minor
		for side, rows := range [2][]uint32{w.Result.LeftRows(g), w.Result.RightRows(g)} {
			table := w.Sides[side].Table
			for _, row := range rows {
				sums[side] += table.Amount(row)
				if date := table.Date(row); !line.Date.Set() || date < line.Date {
					line.Date = date
				}
			}
		}
		if sums[engine.RightIndex].Abs() > sums[engine.LeftIndex].Abs() {
			line.Side = recon.Right
		}
		line.Residual = recon.Money{Amount: g.Difference, Currency: line.Currency}.String()
		line.Left, _ = w.numbered(engine.LeftIndex, w.Result.LeftRows(g))
		line.Right, _ = w.numbered(engine.RightIndex, w.Result.RightRows(g))
		if err := w.line(line); err != nil {
			return err
		}
	}
	return nil
}

// rejected writes the sets whose rows are all carried: a set that lost a row cannot be offered again.
func (w *writer) rejected() error {
	at := [2]map[int64]uint32{{}, {}}
	for side := range w.Sides {
		for row := range w.numbers[side] {
			at[side][w.Sides[side].Table.ID(row)] = row
		}
	}
	numbersOf := func(side int, ids []int64) ([]int, bool) {
		rows := make([]uint32, 0, len(ids))
		for _, id := range ids {
			row, known := at[side][id]
			if !known {
				return nil, false
			}
			rows = append(rows, row)
		}
		numbers, carried := w.numbered(side, rows)
		slices.Sort(numbers)
		return numbers, carried
	}
	var written []setLine
	for _, set := range w.Plan.Options.Rejected {
		left, leftHere := numbersOf(engine.LeftIndex, set.Left)
		right, rightHere := numbersOf(engine.RightIndex, set.Right)
		again := func(s setLine) bool { return slices.Equal(s.Left, left) && slices.Equal(s.Right, right) }
		if !leftHere || !rightHere || slices.ContainsFunc(written, again) {
			continue
		}
		written = append(written, setLine{Type: lineRejected, Left: left, Right: right})
	}
	for _, set := range written {
		if err := w.line(set); err != nil {
			return err
		}
	}
	return nil
}

// owed writes the adjustments that no row has booked, and for as long as settled rows are kept those that one has, so
// that a second one is known.
func (w *writer) owed() error {
	oldest := w.Result.AsOf - settledDaysMax
	for _, o := range w.adjustments() {
		if o.Booked != "" && o.Date < oldest {
			continue
		}
		if err := w.line(owedLine{lineOwed, o}); err != nil {
			return err
		}
	}
	return nil
}

// adjustments are those of earlier periods and of this one, with the rows that booked them.
func (c *Closing) adjustments() []recon.Owed {
	list := slices.Clone(c.Carry.Owed)
	label := func(row uint32) string {
		s := &c.Sides[engine.LeftIndex]
		return cmp.Or(s.Table.ExternalID(row), fmt.Sprintf("row %d of %s", s.Transaction(row).Row, s.File(row)))
	}
	byGroup, carried := c.Result.BookedBy(), map[string]bool{}
	for _, b := range c.Result.Bookings {
		carried[b.Number] = carried[b.Number] || !b.Loose
		if b.Group == engine.NoGroup {
			list[b.Owed].Booked, list[b.Owed].Loose = label(b.Row), b.Loose
		}
	}
	for i := range list { // a row that carries the number of one may have booked another
		list[i].Loose = list[i].Loose && !carried[list[i].Number]
	}
	tables := [2]*engine.Table{c.Sides[0].Table, c.Sides[1].Table}
	for i := range c.Result.Groups {
		g := &c.Result.Groups[i]
		if !g.Owes() {
			continue
		}
		o := c.Result.Owed(c.Plan, tables, g)
		if b := byGroup[int32(i)]; b != nil {
			o.Booked, o.Loose = label(b.Row), b.Loose
		}
		list = append(list, o)
	}
	return list
}

// settled writes which rows need never come again, oldest first: those of confirmed groups, and those that earlier
// periods settled.
func (w *writer) settled() error {
	var list []settledLine
	oldest := w.Result.AsOf - settledDaysMax
	for _, s := range w.Carry.settled {
		if s.Date >= oldest {
			list = append(list, s)
		}
	}
	for side := range w.Sides {
		list = append(list, w.confirmed(side, oldest)...)
	}
	slices.SortStableFunc(list, func(a, b settledLine) int {
		return cmp.Or(cmp.Compare(a.Date, b.Date), cmp.Compare(a.Side, b.Side), cmp.Compare(a.Source, b.Source))
	})
	first, rows := len(list), 0
	for first > 0 && rows+len(list[first-1].Rows) <= settledRowsMax {
		first--
		rows += len(list[first].Rows)
	}
	for _, s := range list[first:] {
		if err := w.line(s); err != nil {
			return err
		}
	}
	return nil
}
