package main

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"matcher/internal/engine"
	"matcher/internal/mapping"
	"matcher/internal/recon"
	"matcher/internal/report"
)

// carriedPlace is where carried rows stand among the files of a side: behind all of them.
const carriedPlace = inputFilesMax

// carriedRow is a row that last period left, whole.
type carriedRow struct {
	tx           recon.Transaction
	source, file string
	status       recon.State // "" where it stands in a partial group
}

// stage is how far the row has come. A pending one may still be replaced, unless a partial group holds it.
func (r *carriedRow) stage() mapping.Stage {
	stage := mapping.StageOf(&r.tx)
	if stage == mapping.StagePending && r.status == "" {
		stage = mapping.StagePendingMatched
	}
	return stage
}

// carry is what last period left: rows, partial groups, rejected sets, and which rows are settled. A nil carry is the first
// period.
type carry struct {
	path     string // of open.ndjson
	head     openHead
	rows     [2][]carriedRow
	place    [2]map[int]int64 // id in the engine, by N
	partials []recon.PartialGroup
	rejected []recon.RowSet
	past     []openSettled
}

func (c *carry) sources(side recon.Side) []openSource {
	var list []openSource
	if c != nil {
		for _, o := range c.head.Sources {
			if o.Side == side {
				list = append(list, o)
			}
		}
	}
	return list
}

func (c *carry) settledRows() []openSettled {
	if c == nil {
		return nil
	}
	return c.past
}

// balance is the closing balance of last period in a currency; zero where it had none.
func (c *carry) balance(currency string) openBalance {
	if c != nil {
		for _, b := range c.head.Balances {
			if b.Currency == currency {
				return b
			}
		}
	}
	return openBalance{Currency: currency, Left: "0", Right: "0"}
}

// readCarry reads what last period's --out wrote.
func (m *match) readCarry() error {
	if m.opt.carry == "" {
		return nil
	}
	path := m.opt.carry
	info, err := os.Stat(path)
	if err != nil {
		return fileError(path, err)
	}
	if info.IsDir() {
		if out, err := os.Stat(m.opt.out); err == nil && os.SameFile(info, out) {
			return usageError("--carry and --out are one folder: last period's %s would be written over, and this period could not be run again; name another folder with --out", openFile)
		}
		path = filepath.Join(path, openFile)
	}
	file, err := os.Open(path)
	if os.IsNotExist(err) {
		return fmt.Errorf("%s holds no %s: name the folder that last period's --out wrote", m.opt.carry, openFile)
	}
	if err != nil {
		return fileError(path, err)
	}
	defer file.Close()
	r := carryReader{carry: &carry{path: path, place: [2]map[int]int64{{}, {}}}, in: bufio.NewReaderSize(file, 1<<20)}
	if err := r.read(); err != nil {
		return err
	}
	m.carry = r.carry
	m.options.Partials, m.options.Rejected = m.carry.partials, m.carry.rejected
	return nil
}

func sideOfIndex(side int) recon.Side { return []recon.Side{recon.Left, recon.Right}[side] }

// sums of the carried rows, by currency; every currency with a balance has some.
func (c *carry) sums() map[string][2]recon.Minor {
	sums := map[string][2]recon.Minor{}
	for _, b := range c.head.Balances {
		sums[b.Currency] = [2]recon.Minor{}
	}
	for side := range c.rows {
		for i := range c.rows[side] {
			tx := &c.rows[side][i].tx
			sum := sums[tx.Currency]
			added, err := sum[side].Add(tx.Amount)
			if err != nil {
				added = math.MaxInt64 // no balance fits it
			}
			sum[side] = added
			sums[tx.Currency] = sum
		}
	}
	return sums
}

// earlier is what earlier periods settled in a currency: the closing balances without the rows that are carried.
func (c *carry) earlier(currency string, carried [2]recon.Minor) (engine.Earlier, error) {
	b := c.balance(currency)
	var e engine.Earlier
	var err error
	for _, of := range []struct {
		text    string
		carried recon.Minor
		to      *recon.Minor
	}{{b.Left, carried[0], &e.Left}, {b.Right, carried[1], &e.Right}} {
		balance, parsed := recon.ParseMoney(of.text, currency)
		if parsed != nil {
			return e, parsed
		}
		if *of.to, err = balance.Amount.Add(-of.carried); err != nil {
			return e, err
		}
	}
	for _, item := range b.Items {
		money, err := recon.ParseMoney(item.Amount, currency)
		if err != nil {
			return e, err
		}
		e.Items = append(e.Items, engine.BridgeItem{Label: item.Label, Reason: item.Reason, Amount: money.Amount, Count: item.Count})
	}
	return e, nil
}

func carriedIndex(id int64) int { return int(id & (1<<fileShift - 1)) }

// adopt calls carried rows after the file of this period that goes on where they stopped: where a side had one source and
// has one now, and nobody named both, they are the same books in another file.
func (c *carry) adopt(s *matchSide) {
	before := c.sources(s.side)
	if len(before) != 1 || before[0].Named && s.files[0].named {
		return
	}
	now := s.files[0].source
	for _, f := range s.files {
		if f.source != now {
			return
		}
	}
	was := before[0].Name
	for i := range c.rows[s.index()] {
		c.rows[s.index()][i].source = now
	}
	for i := range c.past {
		if c.past[i].Side == s.side {
			c.past[i].Source = now
		}
	}
	for i := range c.head.Sources {
		if o := &c.head.Sources[i]; o.Side == s.side && o.Name == was {
			o.Name = now
		}
	}
}

// takeOver lets a side stand where last period left it: its sources, and how they were read.
func (m *match) takeOver() {
	if m.carry == nil {
		return
	}
	for _, s := range m.sides() {
		m.carry.adopt(s)
		for _, o := range m.carry.sources(s.side) {
			at := slices.IndexFunc(s.files, func(f *matchFile) bool { return f.source == o.Name })
			if at < 0 {
				m.note("last period had the %s source %q, and no file of this one is called so: if one goes on where it stopped, name it as --%s %s=FILE",
					strings.ToLower(string(s.side)), o.Name, strings.ToLower(string(s.side)), o.Name)
				continue
			}
			for _, f := range s.files[at:] {
				if f.source == o.Name && s.setup.Map == nil {
					f.before = m.carry.mapOf(o)
				}
			}
		}
	}
}

func (c *carry) mapOf(o openSource) *mapping.Earlier {
	fieldMap, _ := recon.DecodeFieldMap(o.Map) // checkHead has seen it
	return &mapping.Earlier{Map: fieldMap, Inverted: o.Flipped}
}

// noteMaps says of sources that are read in another way than last period that their rows may not be known again.
func (m *match) noteMaps() {
	for _, s := range m.sides() {
		for _, o := range m.carry.sources(s.side) {
			at := slices.IndexFunc(s.files, func(f *matchFile) bool { return f.source == o.Name })
			if at < 0 || s.files[at].reader.Empty() { // nothing was read by its map
				continue
			}
			now, err := json.Marshal(s.files[at].reader.FieldMap())
			if err == nil && !bytes.Equal(now, o.Map) {
				m.note("%s is read by another map than last period's: a row of then that comes again is told as a conflict, not as a re-delivery", o.Name)
			}
		}
	}
}

// lookNoEarlier keeps the books from being looked at as of a day before last period's, where nobody names the day: that
// nothing came since is no reason.
func (m *match) lookNoEarlier() {
	if asOf := m.options.AsOf; m.carry == nil || asOf.Set() {
		return
	}
	for _, s := range m.sides() {
		for row := range uint32(s.table.Len()) {
			if s.table.Date(row) >= m.carry.head.AsOf {
				return // the latest date is no earlier
			}
		}
	}
	m.plan.Options.AsOf = m.carry.head.AsOf
}

// noteDay says that the books are looked at as of a day before last period's.
func (m *match) noteDay() {
	if m.carry != nil && m.result.AsOf < m.carry.head.AsOf {
		m.note("the books are looked at as of %s, and last period's were as of %s: was another day meant by --as-of?", m.result.AsOf, m.carry.head.AsOf)
	}
}

// loadCarried puts the rows of last period before those of the files, and makes them and the settled ones known.
func (s *matchSide) loadCarried(c *carry, identities map[string]*mapping.Identities) error {
	if c == nil {
		return nil
	}
	of := func(source string) *mapping.Identities {
		if identities[source] == nil {
			identities[source] = &mapping.Identities{}
		}
		return identities[source]
	}
	s.carried = c.rows[s.index()]
	for i := range s.carried {
		row := &s.carried[i]
		digest := [16]byte(row.tx.Digest[:16])
		if row.tx.ExternalID == "" {
			of(row.source).RememberContent(digest)
		} else {
			of(row.source).Remember(mapping.Identity(&row.tx), binary.BigEndian.Uint64(row.tx.Digest[:8]), row.stage())
		}
		if row.tx.ExternalID != "" && row.stage() == mapping.StagePending {
			s.waiting.Hold(mapping.WaitingRow{Tx: row.tx, ID: rowID(carriedPlace, i), Source: row.source, Carried: true})
			continue
		}
		if err := s.table.Carry(&row.tx, rowID(carriedPlace, i), row.source); err != nil {
			return err
		}
	}
	for i := range c.past {
		if o := &c.past[i]; o.Side == s.side {
			if err := o.remember(of(o.Source)); err != nil {
				return err
			}
		}
	}
	return nil
}

// rejectBooked lets what was rejected of a pending row hold for the booked one that replaced it: people name rows by their
// ids, and it has the same.
func (m *match) rejectBooked() {
	for i := range m.plan.Options.Rejected {
		set := &m.plan.Options.Rejected[i]
		for side, ids := range [][]int64{set.Left, set.Right} {
			for at, id := range ids {
				if booked, replaced := m.sides()[side].replaced[id]; replaced {
					ids[at] = booked
				}
			}
		}
	}
}

// carriedRow is the row of last period that a row of the table is, nil when it is of this one.
func (s *matchSide) carriedRow(row uint32) *carriedRow {
	if id := s.table.ID(row); id>>fileShift == carriedPlace {
		return &s.carried[carriedIndex(id)]
	}
	return nil
}

// printCarry says what was taken over.
func (m *match) printCarry(to io.Writer) {
	if m.carry == nil {
		return
	}
	parts := []string{report.Plural(int64(len(m.carry.rows[0])), "row") + " of the left", report.Plural(int64(len(m.carry.rows[1])), "row") + " of the right"}
	for _, more := range []struct {
		n    int
		what string
	}{
		{len(m.carry.partials), "partial groups"},
		{len(m.carry.rejected), "rejected sets"},
		{len(m.left.replaced) + len(m.right.replaced), "pending then and booked now"},
	} {
		if more.n > 0 {
			parts = append(parts, fmt.Sprintf("%s: %d", more.what, more.n))
		}
	}
	fmt.Fprintf(to, "CARRY  %s  as of %s   %s\n", m.carry.path, m.carry.head.AsOf, strings.Join(parts, " · "))
}
