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

	"matcher/internal/engine"
	"matcher/internal/mapping"
	"matcher/internal/period"
	"matcher/internal/recon"
	"matcher/internal/report"
)

// carried is what last period left, and the file that it is from.
type carried struct {
	period.Carry
	path string
}

// readCarry reads what last period's --out wrote.
func (o *matchOptions) readCarry() (*carried, error) {
	if o.carry == "" {
		if len(o.reopen) > 0 {
			return nil, usageError("--reopen opens what an earlier period settled: name its folder with --carry")
		}
		return &carried{}, nil
	}
	path := o.carry
	info, err := os.Stat(path)
	if err != nil {
		return nil, fileError(path, err)
	}
	if info.IsDir() {
		if out, err := os.Stat(o.out); err == nil && os.SameFile(info, out) {
			return nil, usageError("--carry and --out are one folder: last period's %s would be written over, "+
				"and this period could not be run again; name another folder with --out", period.FileName)
		}
		path = filepath.Join(path, period.FileName)
	}
	file, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s holds no %s: name the folder that last period's --out wrote", o.carry,
			period.FileName)
	}
	if err != nil {
		return nil, fileError(path, err)
	}
	defer file.Close()
	carry, err := period.Read(file, path)
	if err != nil {
		return nil, err
	}
	for _, text := range o.reopen {
		if err := carry.Reopen(text); err != nil {
			return nil, usageError("--reopen %q: %w", text, err)
		}
	}
	return &carried{*carry, path}, nil
}

// takeOver names the carried rows after the files of this period that continue them, and has each file read as last
// period read its source.
func (in *matchInput) takeOver() {
	in.options.Partials, in.options.Rejected = in.carry.Partials, in.carry.Rejected
	in.options.Written, in.options.Owed = in.carry.Written(), in.carry.Owed
	in.options.Settled = in.carry.SettledSets()
	for _, s := range in.sides() {
		names := make([]string, 0, len(s.files))
		for _, f := range s.files {
			names = append(names, f.source)
		}
		in.carry.Adopt(s.side, names, s.files[0].named)
		for _, source := range in.carry.Sources(s.side) {
			at := slices.Index(names, source.Name)
			if at < 0 {
				side := strings.ToLower(string(s.side))
				in.note("last period had the %s source %q, and no file in this period has that source name; "+
					"if one continues it, pass --%s %s=FILE",
					side, source.Name, side, source.Name)
				continue
			}
			for _, f := range s.files[at:] {
				if f.source == source.Name && f.how.Map == nil {
					f.before = &mapping.Earlier{
						Map: source.FieldMap(), Columns: source.Columns, Inverted: source.Flipped,
						Answered: source.Answered,
					}
				}
			}
		}
	}
}

// read returns how a file is read, for the next period.
func (f *matchFile) read() period.Source {
	source := period.NewSource(f.side, f.source, f.named, f.reader.Lasting(), f.reader.Inverted())
	source.Columns, source.Answered = f.reader.Header(), f.reader.Answered()
	return source
}

// noteMaps notes sources that are read in another way than last period: their rows may not be known again.
func (in *matchInput) noteMaps() {
	for _, s := range in.sides() {
		for _, source := range in.carry.Sources(s.side) {
			at := slices.IndexFunc(s.files, func(f *matchFile) bool { return f.source == source.Name })
			if at < 0 || s.files[at].reader.Empty() { // nothing was read by its map
				continue
			}
			if now := s.files[at].read(); !now.ReadLike(&source) {
				in.note("%s is read by another map than last period's: "+
					"a row of then that comes again counts as changed, and as a new one where it has no id", source.Name)
			}
		}
	}
}

// loadCarried puts the rows of last period before those of the files, and makes them and the settled ones known.
func (s *matchSide) loadCarried(identities map[string]*mapping.Identities) error {
	err := s.carry.Remember(s.side, func(source string) *mapping.Identities {
		if identities[source] == nil {
			identities[source] = &mapping.Identities{}
		}
		return identities[source]
	})
	if err != nil {
		return err
	}
	for i := range s.carry.Rows[s.index()] {
		row := &s.carry.Rows[s.index()][i]
		if row.Waits() {
			s.waiting.Hold(mapping.WaitingRow{Tx: row.Tx, ID: row.ID, Source: row.Source, Carried: true})
		} else if err := s.table.Carry(&row.Tx, row.ID, row.Source); err != nil {
			return err
		}
	}
	for i := range s.carry.Settled[s.index()] {
		if row := &s.carry.Settled[s.index()][i]; !s.carry.Opened(row) {
			if err := s.table.Settle(&row.Tx, row.ID, row.Source); err != nil {
				return err
			}
		}
	}
	return nil
}

// carriedRow returns the row of last period that a row of the table is, nil where it is of this period.
func (s *matchSide) carriedRow(row uint32) *period.Row {
	return s.carry.Row(s.index(), s.table.ID(row))
}

// printCarry writes what was taken over.
func (in *matchInput) printCarry(to io.Writer) {
	if in.carry.First() {
		return
	}
	parts := []string{
		report.Plural(int64(len(in.carry.Rows[engine.LeftIndex])), "row") + " of the left",
		report.Plural(int64(len(in.carry.Rows[engine.RightIndex])), "row") + " of the right",
	}
	for _, more := range []struct {
		n    int
		what string
	}{
		{len(in.carry.Partials), "partial groups"},
		{len(in.carry.Rejected), "rejected sets"},
		{len(in.left.replaced) + len(in.right.replaced), "pending then and booked now"},
		{int(in.left.withdrawn + in.right.withdrawn), "pending then and withdrawn now"},
	} {
		if more.n > 0 {
			parts = append(parts, fmt.Sprintf("%s: %d", more.what, more.n))
		}
	}
	fmt.Fprintf(to, "CARRY  %s  as of %s   %s\n", in.carry.path, in.carry.AsOf(), strings.Join(parts, " · "))
}

// readBalances reads the closing balances that the user took from the books and from the statement.
func (in *matchInput) readBalances(left, right string) (err error) {
	for _, b := range []struct {
		flag, text string
		side       *matchSide
	}{{"--left-balance", left, in.left}, {"--right-balance", right, in.right}} {
		if b.side.balances, err = period.ParseBalances(b.text); err != nil {
			return usageError("%s: %w", b.flag, err)
		}
	}
	return nil
}

// closing returns what this period hands to the next.
func (r *reconciliation) closing() *period.Closing {
	c := &period.Closing{
		Written: "matcher " + engine.ThisBuild().Version, Plan: r.plan, Result: r.result,
		Carry: &r.carry.Carry, Stated: r.stated, ReturnDays: recon.ReturnDays,
	}
	if r.ReturnDays != nil {
		c.ReturnDays = *r.ReturnDays
	}
	for i, s := range r.sides() {
		c.Sides[i] = period.Side{
			Side: s.side, Name: s.name(), Table: s.table, Transaction: s.transaction,
			File: func(row uint32) string { return s.place(row).File },
		}
		before := r.carry.Sources(s.side)
		for _, f := range s.files {
			known := slices.ContainsFunc(before, func(b period.Source) bool { return b.Name == f.source })
			if f.rowsRead > 0 || !known { // a file without rows was read by no map
				c.Sides[i].Sources = append(c.Sides[i].Sources, f.read())
			}
		}
	}
	return c
}
