package format

import (
	"cmp"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"matcher/internal/recon"
)

// sampleRow is a record of the head of a file.
type sampleRow struct {
	line   int
	fields []string
	over   int // see csvDecoder

	names []string // fields without white space, and without what is empty at the end
	words bool     // names could be names
	known int      // names that are
	kinds []kind   // of fields
}

// doubtful is added to the score of a table that any text could be: of one column, or without a date, a number and a
// known name. Of several such tables the one with the most delimiters counts.
const doubtful = -1e6

// knownHeader is added to the score of a table whose header is that of a known file: no other row is the header then.
const knownHeader = 1e6

// sample is the head of a file as one delimiter parts it, in which a header is looked for.
type sample struct {
	rows  []sampleRow
	names func(string) bool // of Options
	known func([]string) bool
	comma bool // the delimiter is one
}

// table is a row that names columns, and the rows below it as it describes them.
type table struct {
	line   int
	title  string // the text above it, where that has been noted
	names  []string
	over   int
	width  int // of its rows, those columns included that have no name
	short  int // a lesser width that its rows have too, or 0
	probe  int // the column whose values most surely hold a digit, or -1
	known  int // names that are known
	fits   int // rows that have its width
	dates  int // columns of dates
	sums   int // columns of numbers
	score  float64
	at     int // of sample.rows
	behind int // of sample.rows: the first one that another header describes
}

// header finds the row that names the columns by its names, by the types of the rows below it and by how many rows it
// describes. What is above it is a preamble, except for the first table that holds dates and numbers too: above.
func (s *sample) header(line int) (chosen, above table, err error) {
	s.classify()
	if line > 0 {
		if len(s.rows) > 0 && s.rows[0].line == line {
			return s.table(0), above, nil
		}
		return chosen, above, recon.Unprocessable(recon.CodeHeaderNotFound,
			fmt.Sprintf("has nothing on line %d, so that line cannot be its header", line))
	}
	var all []table
	single := false
	for i, r := range s.rows {
		if !r.words || single && len(r.names) == 1 {
			continue
		}
		single = single || len(r.names) == 1 // any line could be a table of one column
		t := s.table(i)
		if s.known != nil && s.known(r.names) {
			t.score += knownHeader
		} else if !couldBeHeader(r.fields, t.width) || t.width*10 < len(t.names)*6 {
			continue
		}
		all = append(all, t)
	}
	if len(all) == 0 {
		chosen.score = doubtful + s.agreement()
		return chosen, above, s.headless()
	}
	chosen = slices.MaxFunc(all, func(a, b table) int { return cmp.Compare(a.score, b.score) })
	if chosen.score > knownHeader/2 {
		return chosen, above, nil
	}
	sure := slices.DeleteFunc(all, func(t table) bool { return t.known < 2 || t.dates == 0 || t.sums == 0 })
	if len(sure) > 1 {
		chosen = slices.MaxFunc(sure, func(a, b table) int { return cmp.Compare(a.fits, b.fits) })
		if sure[0].behind <= chosen.at {
			return chosen, sure[0], nil
		}
	}
	return chosen, above, s.secondHeader(chosen)
}

// above are the rows above a table, and above the first one where two are read.
func (s *sample) above(chosen, first *table) (rows []recon.Record) {
	line := chosen.line
	if first.line > 0 {
		line = first.line
	}
	for _, r := range s.rows {
		if r.line < line {
			rows = append(rows, recon.Record{Line: r.line, Fields: within(r.fields, 1)})
		}
	}
	return rows
}

// agreement is how many delimiters part the rows that agree on most columns.
func (s *sample) agreement() float64 {
	most, counts := 0, map[int]int{}
	for _, r := range s.rows {
		width := len(r.fields)
		counts[width]++
		most = max(most, counts[width]*(width-1))
	}
	return float64(most)
}

func (s *sample) headless() error {
	if len(s.rows) == 0 {
		return recon.Unprocessable(recon.CodeHeaderNotFound, "has no row that can be read as a table")
	}
	return recon.Unprocessable(recon.CodeHeaderNotFound, fmt.Sprintf(
		"has no row of column names: line %d begins with %s, which is data. Add a first line that names the columns",
		s.rows[0].line, quoteCut(strings.Join(s.rows[0].fields, " "))))
}

// table measures a row as a header.
func (s *sample) table(at int) table {
	r := s.rows[at]
	t := table{at: at, line: r.line, names: r.names, over: r.over, probe: -1, behind: len(s.rows), known: r.known}
	for i := at + 1; i < len(s.rows); i++ {
		if next := s.rows[i]; next.words && next.known >= 2 && !slices.Equal(next.names, t.names) {
			t.behind = i
			break
		}
	}
	s.measure(&t)
	return t
}

// measure finds how wide the rows of a table are and what its columns hold.
func (s *sample) measure(t *table) {
	var body []int
	widths := map[int]int{}
	usual := 0
	for i := t.at + 1; i < t.behind; i++ {
		n := len(within(s.rows[i].fields, len(t.names)))
		if len(t.names) > 1 && n < 2 || slices.Equal(s.rows[i].names, t.names) {
			continue
		}
		body = append(body, i)
		widths[n]++
		if widths[n] > widths[usual] || widths[n] == widths[usual] && n == len(t.names) {
			usual = n
		}
	}
	t.width = max(usual, 1)
	switch named := len(t.names); {
	case usual == 0:
		t.width = named
	case usual < named && widths[named]*4 < widths[usual]:
		t.short = usual
	case usual < named:
		t.width, usual = named, named
	case usual > named && s.comma && s.splitNumbers(body, usual):
		t.width, usual = named, named
	case usual == named+1 && s.counted(body):
		t.names = append([]string{""}, t.names...)
	}
	body = slices.DeleteFunc(body, func(i int) bool {
		n := len(within(s.rows[i].fields, len(t.names)))
		return n != usual && n != len(t.names)
	})
	t.fits = len(body)
	filled, unnamed, surest := 0, 0, 0
	for c := range min(max(t.width, len(t.names)), ColumnsMax) {
		counts := s.column(body, c)
		values := t.fits - counts[blank]
		named := c < len(t.names) && t.names[c] != ""
		switch {
		case values == 0:
			continue
		case !named:
			unnamed++
			continue
		case counts[date]*3 >= values*2: // the rest may be words such as "pending", and sums below
			t.dates++
		case counts[number]*3 >= values*2:
			t.sums++
		}
		filled++
		if digits := counts[date] + counts[number]; digits > surest && digits*5 >= values*4 {
			surest, t.probe = digits, c
		}
	}
	t.score = 4*float64(min(t.known, 4)+min(t.dates, 2)) + 3*float64(min(t.sums, 3)-unnamed) +
		8*float64(filled)/float64(len(t.names)) + 4*math.Log2(1+float64(t.fits))
	if len(t.names) == 1 || t.known == 0 && t.dates == 0 && t.sums == 0 {
		t.score = doubtful + s.agreement() + t.score/1000
	}
}

// splitNumbers reports whether rows have more values than names because amounts are parted by their own comma.
func (s *sample) splitNumbers(body []int, width int) bool {
	wide, split := 0, 0
	for _, i := range body {
		values := s.rows[i].names
		if len(values) < width {
			continue
		}
		wide++
		for c := range len(values) - 1 {
			if digitsOnly(values[c]) && afterComma.MatchString(values[c+1]) {
				split++
				break
			}
		}
	}
	return split*2 > wide
}

var afterComma = regexp.MustCompile(`^(\d\d|\d{3}(\.\d+)?)$`)

func digitsOnly(text string) bool {
	text = strings.TrimLeft(text, "+-")
	return text != "" && len(text) <= 3 && strings.Trim(text, "0123456789") == ""
}

// counted reports whether rows begin with a number of their own, for which programs write no name.
func (s *sample) counted(body []int) bool {
	last := 0
	for n, i := range body {
		now, err := strconv.Atoi(strings.TrimSpace(s.rows[i].fields[0]))
		if err != nil || n > 0 && now != last+1 || n == 0 && now > 1 {
			return false
		}
		last = now
	}
	return len(body) > 1
}

// column counts the kinds of values that rows have in one column.
func (s *sample) column(body []int, c int) (counts [number + 1]int) {
	for _, i := range body {
		if kinds := s.rows[i].kinds; c < len(kinds) {
			counts[kinds[c]]++
		} else {
			counts[blank]++
		}
	}
	return counts
}

// kind is what a value looks like.
type kind int

const (
	blank kind = iota
	text
	date
	number
)

// classify notes of every row what it looks like.
func (s *sample) classify() {
	for i := range s.rows {
		r := &s.rows[i]
		r.names = within(trimmed(r.fields), 1)
		r.words = couldBeHeader(r.names, 0)
		r.kinds = make([]kind, len(r.names))
		for c, name := range r.names {
			if r.kinds[c] = kindOf(name); r.words && s.names != nil && name != "" && s.names(name) {
				r.known++
			}
		}
	}
}

var dates = regexp.MustCompile(`^(\pL{2,10}[.,]{0,2} )?(` +
	`\pL?\d{1,4} ?[-./年년 ] ?(\d{1,2}|\pL{3,10}\.?) ?[-./,月월 ] ?\d{1,4}|(19|20)\d{6}(\d{4,6})?$|\pL{3,10}\.? \d{1,2},? \d{4})`)

func kindOf(value string) kind {
	switch {
	case strings.Trim(value, "-–—.") == "":
		return blank
	case len(value) > 40 || !strings.ContainsFunc(value, unicode.IsDigit):
		return text
	case dates.MatchString(value):
		return date
	}
	letters := 0
	for _, r := range value {
		switch {
		case unicode.IsDigit(r):
		case unicode.IsLetter(r):
			letters++
		case !strings.ContainsRune(".,'’ -+()%\u00a0\u202f–−€$£¥", r):
			return text
		}
	}
	if letters > 3 {
		return text
	}
	return number
}

// secondHeader refuses a file with two rows of names, one below the other: a person decides which one counts.
func (s *sample) secondHeader(t table) error {
	for _, at := range []int{t.at - 1, t.at} {
		if at < 0 || at+2 >= len(s.rows) || t.over > 0 {
			continue
		}
		first, second := s.rows[at], s.rows[at+1]
		width := len(within(first.fields, 1))
		if width < 2 || len(within(second.fields, width)) != width || second.line != first.line+1 ||
			!couldBeHeader(first.fields, t.width) || !couldBeHeader(second.fields, t.width) ||
			slices.Equal(trimmed(first.fields), trimmed(second.fields)) || s.textRows(at+2, width) {
			continue
		}
		return recon.Unprocessable(recon.CodeTwoHeaders, fmt.Sprintf(
			"has two rows of column names, on lines %d (%s) and %d (%s): delete one, or say which one counts by header: %d",
			first.line, quoteCut(strings.Join(first.fields, " ")), second.line,
			quoteCut(strings.Join(second.fields, " ")), second.line))
	}
	return nil
}

// textRows reports whether rows of mere text are usual in a table.
func (s *sample) textRows(from, width int) bool {
	return slices.ContainsFunc(s.rows[from:], func(r sampleRow) bool {
		return len(within(r.fields, width)) == width && r.words && r.known < 2
	})
}

func trimmed(texts []string) []string {
	out := make([]string, len(texts))
	for i, t := range texts {
		out[i] = strings.TrimSpace(t)
	}
	return out
}

// couldBeHeader reports whether values read like names: most of the columns that rows fill have one, none is a number
// or a date, most have a letter.
func couldBeHeader(fields []string, filledWidth int) bool {
	filled, worded := 0, 0
	for _, f := range fields {
		f = strings.TrimSpace(f)
		if f == "" {
			continue
		}
		filled++
		switch {
		case len(f) > NameBytesMax*2 || readsAsValue(f):
			return false
		case strings.ContainsFunc(f, unicode.IsLetter):
			worded++
		case strings.ContainsFunc(f, unicode.IsDigit):
			return false
		}
	}
	width := max(filledWidth, min(len(within(fields, 1)), ColumnsMax))
	return worded > 0 && worded*10 >= filled*6 && filled*10 >= width*6
}

// readsAsValue reports whether a text with letters is still an amount or a date ("12.00 EUR", "03-Feb-2026"): it begins
// with a sign or a digit and holds more digits than letters.
func readsAsValue(text string) bool {
	digits, letters := 0, 0
	for _, r := range text {
		switch {
		case unicode.IsDigit(r):
			digits++
		case unicode.IsLetter(r):
			letters++
		}
	}
	first, _ := utf8.DecodeRuneInString(text)
	return digits >= letters && digits > 0 && (unicode.IsDigit(first) || strings.ContainsRune("-+(€$£", first))
}

const quoteBytesMax = 40 // of a file's own text in a message

func quoteCut(text string) string {
	if len(text) > quoteBytesMax {
		text = strings.ToValidUTF8(text[:quoteBytesMax], "") + "…"
	}
	return fmt.Sprintf("%q", text)
}

// columns makes the names of a table: none empty, none twice, so that a map can point at every column.
func (t *table) columns() ([]string, error) {
	if t.over > 0 {
		return nil, recon.TooLarge(recon.CodeTooManyColumns,
			"has something in column %d on line %d; columns up to the %dth can be read: export fewer", t.over, t.line, ColumnsMax)
	}
	names := slices.Clone(t.names)
	for len(names) < min(t.width, ColumnsMax) {
		names = append(names, "")
	}
	used := make(map[string]bool, len(names))
	for i, name := range names {
		if len(name) > NameBytesMax {
			return nil, recon.TooLarge(recon.CodeFieldTooLong, "has a column name of more than %d bytes on line %d: %s",
				NameBytesMax, t.line, quoteCut(name))
		}
		if name == "" {
			name = fmt.Sprintf("column %d", i+1)
		}
		names[i] = name
		for n := 2; used[names[i]]; n++ { // the file has it twice
			names[i] = fmt.Sprintf("%s (%d)", name, n)
		}
		used[names[i]] = true
	}
	return names, nil
}
