package ingestion

import (
	"sort"
	"strings"

	"matcher/internal/postgres"
)

// sampleMax is how many rows of a file are looked up before it is copied.
const sampleMax = 128

// sample keeps every n-th row of a file, n doubling as the file grows, so that it is spread over all of it.
type sample struct {
	keys         []postgres.RowKey
	stride, seen int
}

func (s *sample) offer(key postgres.RowKey) {
	if s.seen%s.stride == 0 {
		if len(s.keys) == sampleMax {
			s.halve()
		}
		if s.seen%s.stride == 0 {
			s.keys = append(s.keys, key)
		}
	}
	s.seen++
}

func (s *sample) halve() {
	for i := range s.keys[:sampleMax/2] {
		s.keys[i] = s.keys[2*i]
	}
	s.keys, s.stride = s.keys[:sampleMax/2], 2*s.stride
}

// lineIndex knows the line on which each row starts, in as many entries as there are rows that span several lines.
type lineIndex struct {
	rows, offsets []int64
}

func (x *lineIndex) note(row, line int64) {
	if n := len(x.offsets); n == 0 || x.offsets[n-1] != line-row {
		x.rows, x.offsets = append(x.rows, row), append(x.offsets, line-row)
	}
}

func (x *lineIndex) of(row int64) int64 {
	at := sort.Search(len(x.rows), func(i int) bool { return x.rows[i] > row })
	if at == 0 {
		return row
	}
	return row + x.offsets[at-1]
}

// storableName is a file's name as it is kept: text, and not too long.
func storableName(name string) string {
	name = storableText(name)
	if len(name) > FileNameBytesMax {
		name = storableText(name[:FileNameBytesMax])
	}
	return name
}

// storableText shows a value that the database could not hold as it is.
func storableText(text string) string {
	if postgres.Storable(text) {
		return text
	}
	return strings.ReplaceAll(strings.ToValidUTF8(text, "\uFFFD"), "\x00", "\u2400")
}
