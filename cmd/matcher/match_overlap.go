package main

import (
	"cmp"
	"errors"
	"io"
	"slices"

	"matcher/internal/format"
	"matcher/internal/recon"
)

// Equal rows of two statements are two rows, since each movement is in one statement. Where two files have the same
// days of an account, as exports that overlap do, a movement is in both: there equal rows are compared by count.

// statedDays are the days of one statement of a file.
type statedDays struct {
	format.Statement

	file *matchFile
}

// shares reports whether both statements have the movements of a day. Two that only meet on a day have it in parts, and
// so have two of the same day of which one opens as the other closes.
func (s *statedDays) shares(t *statedDays) bool {
	if s.Account == "" || s.Account != t.Account || s.Currency != t.Currency || !s.From.Set() || !t.From.Set() {
		return false
	}
	oneDay := s.From == s.To && t.From == t.To && s.From == t.From
	follows := s.Opening == t.Closing || t.Opening == s.Closing
	return s.From < t.To && t.From < s.To || oneDay && !follows
}

// findOverlaps lets files of one source that have the same days of an account know equal rows by their count, and notes
// such files that are sources of their own.
func (in *matchInput) findOverlaps(s *matchSide) error {
	var days []statedDays
	for _, f := range s.files {
		for _, statement := range f.statedAtAll(len(s.files)) {
			days = append(days, statedDays{statement, f})
		}
	}
	slices.SortStableFunc(days, func(a, b statedDays) int {
		return cmp.Or(cmp.Compare(a.Account, b.Account), cmp.Compare(a.From, b.From))
	})
	var open []statedDays // that may have days of the next one
	noted := map[[2]*matchFile]bool{}
	for _, next := range days {
		open = slices.DeleteFunc(open, func(o statedDays) bool { return o.Account != next.Account || o.To < next.From })
		for i := range open {
			pair := [2]*matchFile{open[i].file, next.file}
			if pair[0] == pair[1] || noted[pair] || !open[i].shares(&next) {
				continue
			}
			noted[pair] = true
			in.noteOverlap(pair, len(s.carry.Sources(s.side)) > 0)
		}
		open = append(open, next)
	}
	for _, f := range s.files {
		if f.byCount {
			if err := f.again(s, in.stdin); err != nil {
				return err
			}
		}
	}
	return nil
}

// noteOverlap notes two files with the same days. Rows of an earlier period are known with the numbers of their
// statements.
func (in *matchInput) noteOverlap(pair [2]*matchFile, carried bool) {
	a, b := pair[0], pair[1]
	switch {
	case a.source != b.source:
		in.note("%s and %s have the same days of an account, as two sources: their rows count twice. Name one source "+
			"if they are exports of one account: bank=%[1]s bank=%[2]s", a.path, b.path)
	case carried:
		in.note("%s and %s have the same days of an account: with --carry, equal rows of statements with "+
			"different numbers count twice: leave one out", a.path, b.path)
	default:
		a.byCount, b.byCount = true, true
		in.note("%s and %s have the same days of an account: rows that are equal in both count once", a.path, b.path)
	}
}

// statedAtAll reads the statements of a whole file, where there are others and it can be read twice.
func (f *matchFile) statedAtAll(files int) []format.Statement {
	first := f.reader.Statements()
	if files < 2 || f.size == 0 || len(first) == 0 || first[0].Report {
		return nil
	}
	body, _, err := f.open(nil)
	if err != nil {
		return nil // it is an error when its rows are read
	}
	if file, opened := body.(io.Closer); opened {
		defer file.Close()
	}
	reader, err := format.Open(body, f.path, format.Options{})
	var wrong *recon.RowError
	for err == nil || errors.As(err, &wrong) {
		_, err = reader.Next()
	}
	if !errors.Is(err, io.EOF) {
		return nil
	}
	return reader.Statements()
}

// again begins a file anew.
func (f *matchFile) again(s *matchSide, stdin io.Reader) error {
	if file, opened := f.bytes.(io.Closer); opened {
		file.Close()
	}
	return f.begin(s, stdin)
}
