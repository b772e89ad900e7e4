package period

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"matcher/internal/engine"
	"matcher/internal/recon"
)

// settledGroup is a confirmed group of an earlier period. Its rows are kept whole, since one of them may come back.
type settledGroup struct {
	rule, reason string
	rows         [2][]int64 // ids in the engine
	newest       recon.Day
	opened       bool // by Reopen
}

// settledFirst is the id of the first settled row of a side in the engine.
const settledFirst = int64(1) << 49

// called is what people call the row: its external id, else its place.
func (r *Row) called() string {
	return cmp.Or(r.Tx.ExternalID, fmt.Sprintf("row %d of %s", r.Tx.Row, r.File))
}

// SettledWith returns the group of a settled row as people name it: left ids = right ids.
func (c *Carry) SettledWith(side int, id int64) string {
	at := c.Row(side, id).group
	names := func(side int) string {
		var called []string
		for _, id := range c.groups[at].rows[side] {
			called = append(called, c.Row(side, id).called())
		}
		return strings.Join(called, "+")
	}
	return names(engine.LeftIndex) + "=" + names(engine.RightIndex)
}

// SettledSets returns the settled groups that are not opened again, by the ids of their rows.
func (c *Carry) SettledSets() (sets []recon.RowSet) {
	for i := range c.groups {
		if g := &c.groups[i]; !g.opened {
			sets = append(sets, recon.RowSet{Left: g.rows[engine.LeftIndex], Right: g.rows[engine.RightIndex]})
		}
	}
	return sets
}

// Opened reports whether a settled row was opened again.
func (c *Carry) Opened(row *Row) bool { return c.groups[row.group].opened }

// Written returns what earlier periods wrote off, without what was opened again.
func (c *Carry) Written() []recon.WriteOff { return c.head.WrittenOff }

// apart is Σ left − Σ right of a group's rows, by currency.
func (c *Carry) apart(g *settledGroup) (map[string]recon.Minor, error) {
	apart := map[string]recon.Minor{}
	for side := range g.rows {
		for _, id := range g.rows[side] {
			tx := &c.Row(side, id).Tx
			sum, err := apart[tx.Currency].Add(tx.Amount * recon.Minor(1-2*side))
			if err != nil {
				return nil, err
			}
			apart[tx.Currency] = sum
		}
	}
	return apart, nil
}

// Reopen takes a settled group apart: its rows are open again, and are not offered together any more. What the group
// was apart is in the bridge no longer.
func (c *Carry) Reopen(text string) error {
	set, err := RejectedSet(text, func(side recon.Side, name string) (int64, error) {
		i := indexOf(side)
		for at := range c.Settled[i] {
			if row := &c.Settled[i][at]; row.called() == name && !c.Opened(row) {
				return row.ID, nil
			}
		}
		return 0, fmt.Errorf("no settled row is called %q", name)
	})
	if err != nil {
		return err
	}
	group := -1
	for side, ids := range [2][]int64{set.Left, set.Right} {
		for _, id := range ids {
			at := c.Row(side, id).group
			if group >= 0 && at != group {
				return errors.New("the rows were settled in several groups: name those of one")
			}
			group = at
		}
	}
	return c.open(group)
}

func (c *Carry) open(at int) error {
	g := &c.groups[at]
	g.opened = true
	var rejected recon.RowSet
	apart, err := c.apart(g)
	if err != nil {
		return err
	}
	for side, to := range [2]*[]int64{&rejected.Left, &rejected.Right} {
		for _, id := range g.rows[side] {
			row := *c.Row(side, id)
			row.ID = firstID + int64(len(c.Rows[side]))
			c.Rows[side] = append(c.Rows[side], row)
			*to = append(*to, row.ID)
		}
	}
	c.Rejected = append(c.Rejected, rejected)
	var names [2][]recon.RowIdentity
	for side := range g.rows {
		for _, id := range g.rows[side] {
			tx := &c.Row(side, id).Tx
			names[side] = append(names[side], recon.RowIdentity{
				Date: tx.Date, Amount: tx.Amount, ExternalID: tx.ExternalID,
				Digest: [16]byte(tx.Digest[:16]), Ordinal: tx.Ordinal,
			})
		}
	}
	number := recon.AdjustmentNumber(names[0], names[1])
	c.Owed = slices.DeleteFunc(c.Owed, func(o recon.Owed) bool { return o.Number == number && o.Booked == "" })
	for i := range c.head.WrittenOff {
		w := &c.head.WrittenOff[i]
		if len(apart) == 1 && w.Rule == "" && w.Month == g.newest.Month() {
			w.Amount -= min(w.Amount, apart[w.Currency].Abs())
		}
	}
	for i := range c.head.Balances {
		b := &c.head.Balances[i]
		if apart[b.Currency] == 0 {
			continue
		}
		amount := recon.Money{Amount: apart[b.Currency], Currency: b.Currency}.String()
		back := item{recon.LabelEarlier, g.reason, amount, -1}
		if len(apart) > 1 {
			back.Label = recon.LabelEarlierMix
		}
		b.Items = append(b.Items, back)
	}
	return nil
}

// returnable writes the groups that may still come back, newest first where there are too many.
func (w *writer) returnable() error {
	if w.ReturnDays == 0 {
		return nil
	}
	oldest := w.Result.AsOf - recon.Day(w.ReturnDays)
	var groups []returnableGroup
	for i := range w.Carry.groups {
		if g := &w.Carry.groups[i]; !g.opened && g.newest >= oldest {
			size := len(g.rows[0]) + len(g.rows[1])
			groups = append(groups, returnableGroup{carried: g, newest: g.newest, size: size})
		}
	}
	for i := range w.Result.Groups {
		g := &w.Result.Groups[i]
		if g.Status() != recon.GroupConfirmed || g.LeftCount == 0 || g.RightCount == 0 {
			continue
		}
		if newest := w.newest(g); newest >= oldest {
			size := int(g.LeftCount + g.RightCount)
			groups = append(groups, returnableGroup{index: i, newest: newest, size: size})
		}
	}
	slices.SortStableFunc(groups, func(a, b returnableGroup) int { return int(b.newest) - int(a.newest) })
	room := recon.ReturnableMax
	for _, g := range groups {
		if room -= g.size; room < 0 {
			break
		}
		if err := w.returnableGroup(g); err != nil {
			return err
		}
	}
	return nil
}

// newest is the day of the newest row of a group.
func (c *Closing) newest(g *engine.Group) recon.Day {
	newest := recon.NoDay
	for side, rows := range [2][]uint32{c.Result.LeftRows(g), c.Result.RightRows(g)} {
		for _, row := range rows {
			newest = max(newest, c.Sides[side].Table.Date(row))
		}
	}
	return newest
}

// returnableGroup is a group of this period, or one that was carried.
type returnableGroup struct {
	index   int
	carried *settledGroup
	newest  recon.Day
	size    int
}

func (w *writer) returnableGroup(g returnableGroup) error {
	line := setLine{Type: lineGroup}
	var lines [2][]rowLine
	if g.carried != nil {
		line.Rule, line.Reason = g.carried.rule, g.carried.reason
		for side, ids := range g.carried.rows {
			for _, id := range ids {
				row := w.Carry.Row(side, id)
				settled := lineOf(&row.Tx)
				settled.Source, settled.File, settled.Ordinal = row.Source, row.File, row.Tx.Ordinal
				lines[side] = append(lines[side], settled)
			}
		}
	} else {
		group := &w.Result.Groups[g.index]
		line.Rule, line.Reason = w.Result.RuleName(w.Plan, g.index), group.Adjustment().String()
		for side, rows := range [2][]uint32{w.Result.LeftRows(group), w.Result.RightRows(group)} {
			s := &w.Sides[side]
			for _, row := range rows {
				tx := s.Transaction(row)
				settled := lineOf(&tx)
				settled.Source, settled.File = s.Table.Source(row), s.File(row)
				_, settled.Ordinal = s.Table.Content(row)
				lines[side] = append(lines[side], settled)
			}
		}
	}
	for side, numbers := range [2]*[]int{&line.Left, &line.Right} {
		for i := range lines[side] {
			w.rowsWritten++
			settled := &lines[side][i]
			settled.N, settled.Side, settled.Status = w.rowsWritten, w.Sides[side].Side, recon.StateConfirmed
			*numbers = append(*numbers, settled.N)
			if err := w.line(settled); err != nil {
				return err
			}
		}
	}
	return w.line(line)
}
