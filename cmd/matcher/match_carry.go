package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"matcher/internal/bootstrap"
	"matcher/internal/engine"
	"matcher/internal/mapping"
	"matcher/internal/period"
	"matcher/internal/recon"
	"matcher/internal/report"
)

// readCarry reads what last period's --out wrote.
func (m *match) readCarry() error {
	m.carry = &period.Carry{}
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
			return usageError("--carry and --out are one folder: last period's %s would be written over, and this period could not be run again; name another folder with --out", period.FileName)
		}
		path = filepath.Join(path, period.FileName)
	}
	file, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s holds no %s: name the folder that last period's --out wrote", m.opt.carry, period.FileName)
	}
	if err != nil {
		return fileError(path, err)
	}
	defer file.Close()
	if m.carry, err = period.Read(file, path); err != nil {
		return err
	}
	m.carryPath = path
	m.options.Partials, m.options.Rejected = m.carry.Partials, m.carry.Rejected
	return nil
}

// takeOver names the carried rows after the files of this period that continue them, and has each file read as last period
// read its source.
func (m *match) takeOver() {
	for _, s := range m.sides() {
		names := make([]string, 0, len(s.files))
		for _, f := range s.files {
			names = append(names, f.source)
		}
		m.carry.Adopt(s.side, names, s.files[0].named)
		for _, source := range m.carry.Sources(s.side) {
			at := slices.Index(names, source.Name)
			if at < 0 {
				side := strings.ToLower(string(s.side))
				m.note("last period had the %s source %q, and no file in this period has that source name; if one continues it, pass --%s %s=FILE",
					side, source.Name, side, source.Name)
				continue
			}
			for _, f := range s.files[at:] {
				if f.source == source.Name && s.setup.Map == nil {
					f.before = &mapping.Earlier{Map: source.FieldMap(), Inverted: source.Flipped}
				}
			}
		}
	}
}

// read returns how a file is read, for the next period.
func (f *matchFile) read() period.Source {
	return period.NewSource(f.side, f.source, f.named, f.reader.FieldMap(), f.reader.Inverted())
}

// noteMaps notes sources that are read in another way than last period: their rows may not be known again.
func (m *match) noteMaps() {
	for _, s := range m.sides() {
		for _, source := range m.carry.Sources(s.side) {
			at := slices.IndexFunc(s.files, func(f *matchFile) bool { return f.source == source.Name })
			if at < 0 || s.files[at].reader.Empty() { // nothing was read by its map
				continue
			}
			if now := s.files[at].read(); !now.ReadLike(&source) {
				m.note("%s is read by another map than last period's: a row of then that comes again is a conflict, not a re-delivery", source.Name)
			}
		}
	}
}

// clampAsOf keeps the books from being looked at as of a day before last period's, where the user names no day.
func (m *match) clampAsOf() {
	if !m.carry.First() && !m.options.AsOf.Set() {
		m.plan.Options.AsOf = m.carry.AsOfAtLeast([2]*engine.Table{m.left.table, m.right.table})
	}
}

// noteDay notes that the books are looked at as of a day before last period's.
func (m *match) noteDay() {
	if !m.carry.First() && m.result.AsOf < m.carry.AsOf() {
		m.note("the books are looked at as of %s, and last period's were as of %s: was another day meant by --as-of?", m.result.AsOf, m.carry.AsOf())
	}
}

// loadCarried puts the rows of last period before those of the files, and makes them and the settled ones known.
func (s *matchSide) loadCarried(c *period.Carry, identities map[string]*mapping.Identities) error {
	s.carry = c
	err := c.Remember(s.side, func(source string) *mapping.Identities {
		if identities[source] == nil {
			identities[source] = &mapping.Identities{}
		}
		return identities[source]
	})
	if err != nil {
		return err
	}
	for i := range c.Rows[s.index()] {
		row := &c.Rows[s.index()][i]
		if row.Waits() {
			s.waiting.Hold(mapping.WaitingRow{Tx: row.Tx, ID: row.ID, Source: row.Source, Carried: true})
		} else if err := s.table.Carry(&row.Tx, row.ID, row.Source); err != nil {
			return err
		}
	}
	return nil
}

// carriedRow returns the row of last period that a row of the table is, nil where it is of this period.
func (s *matchSide) carriedRow(row uint32) *period.Row {
	return s.carry.Row(s.index(), s.table.ID(row))
}

// printCarry writes what was taken over.
func (m *match) printCarry(to io.Writer) {
	if m.carry.First() {
		return
	}
	parts := []string{
		report.Plural(int64(len(m.carry.Rows[engine.LeftIndex])), "row") + " of the left",
		report.Plural(int64(len(m.carry.Rows[engine.RightIndex])), "row") + " of the right",
	}
	for _, more := range []struct {
		n    int
		what string
	}{
		{len(m.carry.Partials), "partial groups"},
		{len(m.carry.Rejected), "rejected sets"},
		{len(m.left.replaced) + len(m.right.replaced), "pending then and booked now"},
	} {
		if more.n > 0 {
			parts = append(parts, fmt.Sprintf("%s: %d", more.what, more.n))
		}
	}
	fmt.Fprintf(to, "CARRY  %s  as of %s   %s\n", m.carryPath, m.carry.AsOf(), strings.Join(parts, " · "))
}

// readBalances reads the closing balances that the user took from the books and from the statement.
func (m *match) readBalances() (err error) {
	for _, b := range []struct {
		flag, text string
		side       *matchSide
	}{{"--left-balance", m.opt.leftBalance, m.left}, {"--right-balance", m.opt.rightBalance, m.right}} {
		if b.side.balances, err = period.ParseBalances(b.text); err != nil {
			return usageError("%s: %w", b.flag, err)
		}
	}
	return nil
}

// startFromBalances lets the bridges start and end at the balances of the books: those of last period with the rows since,
// and those that the user gave.
func (m *match) startFromBalances() (err error) {
	if m.result.Bridge, err = m.carry.WithEarlier(m.result.Bridge); err != nil {
		return err
	}
	for i, s := range m.sides() {
		if m.stated[i], err = s.balances.In(s.side, m.result.Bridge); err != nil {
			return usageError("%w", err)
		}
	}
	notes, err := m.carry.Start(m.result.Bridge, m.stated, [2]string{m.left.name(), m.right.name()})
	m.notes = append(m.notes, notes...)
	return err
}

// readRejects finds the rows that --reject names, once they are read.
func (m *match) readRejects() error {
	for _, text := range m.opt.reject {
		set, err := period.RejectedSet(text, m.rowNamed)
		if err != nil {
			return usageError("--reject %q: %w", text, err)
		}
		m.plan.Options.Rejected = append(m.plan.Options.Rejected, set)
	}
	return nil
}

// rowNamed returns the id of the row that people call by a name: its external id, or "row 12" where it has none.
func (m *match) rowNamed(side recon.Side, name string) (int64, error) {
	s := m.left
	if side == recon.Right {
		s = m.right
	}
	found, id, named := 0, int64(0), s.reported()
	for row := range uint32(s.table.Len()) {
		if s.table.ExternalID(row) == name || s.table.ExternalID(row) == "" && named.Label(row) == name {
			found++
			id = s.table.ID(row)
		}
	}
	switch found {
	case 0:
		return 0, fmt.Errorf("no row of the %s side is called %q", strings.ToLower(string(side)), name)
	case 1:
		return id, nil
	}
	return 0, fmt.Errorf("%d rows of the %s side are called %q: name sources of which each has its own ids", found, strings.ToLower(string(side)), name)
}

// closing returns what this period hands to the next.
func (m *match) closing() *period.Closing {
	c := &period.Closing{
		Written: "matcher " + bootstrap.Version().Version, Plan: m.plan, Result: m.result, Carry: m.carry, Stated: m.stated,
	}
	for i, s := range m.sides() {
		c.Sides[i] = period.Side{
			Side: s.side, Name: s.name(), Table: s.table, Transaction: s.transaction,
			File: func(row uint32) string { return s.place(row).File },
		}
		before := m.carry.Sources(s.side)
		for _, f := range s.files {
			known := slices.ContainsFunc(before, func(b period.Source) bool { return b.Name == f.source })
			if f.rowsRead > 0 || !known { // a file without rows was read by no map
				c.Sides[i].Sources = append(c.Sides[i].Sources, f.read())
			}
		}
	}
	return c
}
