package main

import (
	"bufio"
	"os"
	"path/filepath"
	"strconv"

	"matcher/internal/engine"
	"matcher/internal/recon"
)

// Columns of the files that --out writes.
var (
	groupColumns = []string{
		"group_id", "status", "rule", "score", "side", "external_id", "row", "amount", "currency", "date",
		"allocated", "difference", "difference_reason", "held_by", "alternatives",
	}
	unmatchedColumns = []string{
		"side", "external_id", "row", "reference", "amount", "currency", "date", "description", "class",
		"reason", "age_days", "nearest_external_id", "nearest_difference", "suggestion",
	}
	rejectedColumns = []string{"file", "line", "field", "value", "reason"}
)

// makeFolder makes the folder of --out and shows that it can be written, before anybody waits for a result.
func (m *match) makeFolder() error {
	if m.opt.out == "" {
		return nil
	}
	if err := os.MkdirAll(m.opt.out, 0o755); err != nil {
		return writeError(m.opt.out, err)
	}
	probe, err := os.CreateTemp(m.opt.out, "groups.csv.part-*")
	if err != nil {
		return writeError(m.opt.out, err)
	}
	probe.Close()
	return os.Remove(probe.Name())
}

// writeFolder writes everything that a run found into its folder.
func (m *match) writeFolder(folder string) error {
	writers := []struct {
		name  string
		write func(*bufio.Writer) error
	}{
		{"groups.csv", m.writeGroups},
		{"unmatched.csv", m.writeUnmatched},
		{"rejected.csv", m.writeRejected},
		{openFile, m.writeOpen},
		{"report.html", m.writeReport},
	}
	for _, w := range writers {
		m.progress.writing(w.name)
		if err := writeWhole(filepath.Join(folder, w.name), w.write); err != nil {
			return err
		}
	}
	return nil
}

// writeWhole writes a file beside its name and renames it at the end, so that a file under its name is complete.
func writeWhole(path string, write func(*bufio.Writer) error) error {
	file, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".part-*")
	if err != nil {
		return writeError(path, err)
	}
	defer os.Remove(file.Name()) // nothing is there any more once it was renamed
	out := bufio.NewWriterSize(file, 1<<20)
	err = write(out)
	if err == nil {
		err = out.Flush()
	}
	if err == nil {
		err = file.Chmod(0o644)
	}
	if closed := file.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = os.Rename(file.Name(), path)
	}
	if err != nil {
		return writeError(path, err)
	}
	return nil
}

func (m *match) writeGroups(to *bufio.Writer) error {
	out := newCellWriter(to)
	if err := out.Write(groupColumns); err != nil {
		return err
	}
	line := make([]string, len(groupColumns))
	for i := range m.result.Groups {
		g := &m.result.Groups[i]
		m.groupColumns(line, i, g)
		for _, of := range []struct {
			side *matchSide
			rows []uint32
		}{{m.left, m.result.LeftRows(g)}, {m.right, m.result.RightRows(g)}} {
			for _, row := range of.rows {
				of.side.rowColumns(line, row)
				if err := out.Write(line); err != nil {
					return err
				}
			}
		}
	}
	out.Flush()
	return out.Error()
}

// groupColumns fills the columns that all rows of a group share.
func (m *match) groupColumns(line []string, i int, g *engine.Group) {
	line[0], line[1], line[2], line[3] = "G"+strconv.Itoa(i+1), string(g.Status()), m.ruleName(i), strconv.Itoa(int(g.Score))
	line[11], line[12], line[13] = m.groupDifference(g), string(g.Adjustment()), string(g.HeldBy())
	if g.Mixed() && g.Currency() != "" { // no row's currency says what it is in
		line[11] += " " + g.Currency()
	}
	line[14] = strconv.Itoa(int(g.Alternatives))
}

// rowColumns fills those of one row.
func (s *matchSide) rowColumns(line []string, row uint32) {
	amount := s.money(row).String()
	line[4], line[5], line[6] = string(s.side), s.table.ExternalID(row), strconv.Itoa(s.dataRow(row))
	line[7], line[8], line[9], line[10] = amount, s.table.Currency(row), s.table.Date(row).String(), amount
}

func (m *match) groupDifference(g *engine.Group) string {
	return recon.Money{Amount: g.Difference, Currency: m.groupCurrency(g)}.String()
}

func (m *match) writeUnmatched(to *bufio.Writer) error {
	out := newCellWriter(to)
	if err := out.Write(unmatchedColumns); err != nil {
		return err
	}
	for _, s := range m.sides() {
		for i := range m.result.Open[s.index()] {
			if err := out.Write(m.openRow(s, &m.result.Open[s.index()][i]).columns()); err != nil {
				return err
			}
		}
	}
	out.Flush()
	return out.Error()
}

func (m *match) writeRejected(to *bufio.Writer) error {
	out := newCellWriter(to)
	if err := out.Write(rejectedColumns); err != nil {
		return err
	}
	for _, s := range m.sides() {
		for _, f := range s.files {
			for _, e := range f.rejects {
				if err := out.Write([]string{f.path, strconv.Itoa(e.Line), e.Field, e.Value, e.Reason}); err != nil {
					return err
				}
			}
		}
	}
	out.Flush()
	return out.Error()
}
