package mapping

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"matcher/internal/recon"
)

// Formats that are no pattern of letters.
const (
	formatUnix       = "unix"
	formatUnixMillis = "unixMillis"
)

// dateReader reads the dates of one column. A pattern describes the date only: a time of day and an offset behind it
// are read wherever a file has them.
type dateReader struct {
	format string
	pieces []datePiece    // nil: try the unambiguous patterns
	zone   *time.Location // nil: the offset of the timestamp, else UTC
}

type pieceKind byte

const (
	pieceLiteral pieceKind = iota
	pieceYear4
	pieceYear2
	pieceMonth
	pieceMonthName
	pieceDay
)

type datePiece struct {
	kind    pieceKind
	literal byte
	exact   bool // two digits, because another number follows without anything between
}

// unambiguous are the patterns that a text can fit in one way only, the usual one first.
var unambiguous = []string{
	"YYYY-MM-DD", "YYYYMMDD", "YYYY/MM/DD", "YYYY.MM.DD", "DD-MMM-YYYY", "DD MMM YYYY", "DD. MMM YYYY", "DD/MMM/YYYY",
	"MMM DD, YYYY", "MMM DD YYYY", "YYYY. MMM DD", "YYYY MMM DD", "YYYY-MMM-DD",
}

// newDateReader compiles a format of DD, MM, MMM (a month's name), YYYY and YY with what is between them, in
// either case; "unix" and "unixMillis" are numbers of seconds and milliseconds; "" takes what fits one way only.
func newDateReader(format, zone string) (*dateReader, error) {
	r := &dateReader{format: format}
	if zone != "" {
		loaded, err := time.LoadLocation(zone)
		if err != nil {
			return nil, fmt.Errorf("%q is not an IANA time zone such as America/Sao_Paulo", zone)
		}
		r.zone = loaded
	}
	if format == formatUnix || format == formatUnixMillis {
		return r, nil
	}
	if format == "" || strings.EqualFold(format, "iso") {
		return r, nil
	}
	pieces, err := compilePattern(format)
	r.pieces = pieces
	return r, err
}

var anyPatterns = func() (patterns [][]datePiece) {
	for _, format := range unambiguous {
		patterns = append(patterns, builtIn(format).pieces)
	}
	return patterns
}()

// compilePattern cuts the time of day off, then reads runs of D, M and Y.
func compilePattern(format string) ([]datePiece, error) {
	pattern := format
	if i := strings.IndexAny(pattern, "Hh"); i > 0 {
		pattern = strings.TrimRight(pattern[:i], " T'")
	}
	pattern = strings.ToUpper(pattern)
	var pieces []datePiece
	for i := 0; i < len(pattern); {
		run := i
		for run < len(pattern) && pattern[run] == pattern[i] {
			run++
		}
		size := run - i
		switch c := pattern[i]; {
		case c == 'Y' && size == 4:
			pieces = append(pieces, datePiece{kind: pieceYear4})
		case c == 'Y' && size == 2:
			pieces = append(pieces, datePiece{kind: pieceYear2})
		case c == 'M' && size <= 2:
			pieces = append(pieces, datePiece{kind: pieceMonth})
		case c == 'M' && size <= 4:
			pieces = append(pieces, datePiece{kind: pieceMonthName})
		case c == 'D' && size <= 2:
			pieces = append(pieces, datePiece{kind: pieceDay})
		case c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c >= 0x80:
			return nil, patternError(format)
		default:
			for range size {
				pieces = append(pieces, datePiece{kind: pieceLiteral, literal: c})
			}
		}
		i = run
	}
	return pieces, checkPattern(format, pieces)
}

func patternError(format string) error {
	return fmt.Errorf(`%q is not a date format: write it with DD, MM (or MMM for a name) and YYYY (or YY), as in "DD.MM.YYYY"`, format)
}

// checkPattern demands one day, one month and one year, and marks numbers that nothing parts from the next one.
func checkPattern(format string, pieces []datePiece) error {
	var days, months, years int
	for i := range pieces {
		switch pieces[i].kind {
		case pieceDay:
			days++
		case pieceMonth, pieceMonthName:
			months++
		case pieceYear2, pieceYear4:
			years++
		case pieceLiteral:
		}
		pieces[i].exact = i+1 < len(pieces) && pieces[i+1].kind != pieceLiteral || i > 0 &&
			pieces[i-1].kind != pieceLiteral
	}
	if days != 1 || months != 1 || years != 1 {
		return patternError(format)
	}
	return nil
}

var errNoDate = errors.New("no date")

// read is the day in the source's zone, and the instant where the text has a time of day.
func (r *dateReader) read(text string) (recon.Day, time.Time, error) {
	day, instant, err := r.parse(text)
	if err == nil {
		return day, instant, nil
	}
	if !errors.Is(err, errNoDate) {
		return recon.NoDay, time.Time{}, fmt.Errorf("%q %w", text, err)
	}
	if r.format == "" {
		return recon.NoDay, time.Time{},
			fmt.Errorf(`%q is not a date that can be read one way only: set dateFormat, "DD/MM/YYYY" for example`, text)
	}
	return recon.NoDay, time.Time{}, fmt.Errorf("%q is not a date as %s", text, r.format)
}

func (r *dateReader) parse(text string) (recon.Day, time.Time, error) {
	if r.format == formatUnix || r.format == formatUnixMillis {
		return r.unix(text)
	}
	text = plainDate(text)
	if r.pieces != nil {
		return r.parseAs(r.pieces, text)
	}
	best := errNoDate
	for _, pieces := range anyPatterns {
		day, instant, err := r.parseAs(pieces, text)
		if err == nil {
			return day, instant, nil
		}
		if !errors.Is(err, errNoDate) {
			best = err
		}
	}
	return recon.NoDay, time.Time{}, best
}

func (r *dateReader) parseAs(pieces []datePiece, text string) (recon.Day, time.Time, error) {
	year, month, day, rest, ok := readDate(pieces, text)
	if !ok {
		return recon.NoDay, time.Time{}, errNoDate
	}
	civil := time.Date(year, time.Month(month), day, 0, 0, 0, 0, time.UTC)
	if month < 1 || month > 12 || day < 1 || day > 28 && civil.Day() != day {
		return recon.NoDay, time.Time{}, errors.New("is not a day of any calendar")
	}
	bare := recon.DayOf(civil)
	if !bare.Plausible() {
		return recon.NoDay, time.Time{}, errors.New("is outside 1900 to 2199")
	}
	if rest == "" || rest == "." {
		return bare, time.Time{}, nil
	}
	clock, ok := readClock(rest)
	if !ok {
		return recon.NoDay, time.Time{}, errNoDate
	}
	zone := clock.zone
	if zone == nil {
		zone = time.UTC
		if r.zone != nil {
			zone = r.zone
		}
	}
	instant := civil.Add(clock.since)
	instant = time.Date(year, time.Month(month), day, instant.Hour(), instant.Minute(), instant.Second(),
		instant.Nanosecond(), zone)
	if clock.zone != nil && r.zone != nil {
		bare = recon.DayOf(instant.In(r.zone))
	}
	return bare, instant.UTC(), nil
}

// unix reads a count since 1970; the day is that of the source's zone.
func (r *dateReader) unix(text string) (recon.Day, time.Time, error) {
	count, size, ok := digitsAt(text, 1, 13)
	if !ok || size != len(text) {
		return recon.NoDay, time.Time{}, errNoDate
	}
	instant := time.Unix(int64(count), 0)
	if r.format == formatUnixMillis {
		instant = time.UnixMilli(int64(count))
	}
	zone := time.UTC
	if r.zone != nil {
		zone = r.zone
	}
	day := recon.DayOf(instant.In(zone))
	if !day.Plausible() {
		return recon.NoDay, time.Time{}, errors.New("is outside 1900 to 2199")
	}
	return day, instant.UTC(), nil
}

const centuryTurn = 70 // two-digit years from 70 on are of the last century

func readDate(pieces []datePiece, text string) (year, month, day int, rest string, ok bool) {
	for _, p := range pieces {
		size := 0
		least := 1
		if p.exact {
			least = 2
		}
		switch p.kind {
		case pieceLiteral:
			ok = text != "" && text[0] == p.literal
			size = 1
		case pieceYear4:
			year, size, ok = digitsAt(text, 4, 4)
		case pieceYear2:
			if year, size, ok = digitsAt(text, 2, 2); year < centuryTurn {
				year += 100
			}
			year += 1900
		case pieceMonth:
			month, size, ok = digitsAt(text, least, 2)
		case pieceMonthName:
			month, size, ok = monthAt(text)
		case pieceDay:
			day, size, ok = digitsAt(text, least, 2)
		}
		if !ok {
			return 0, 0, 0, "", false
		}
		text = text[size:]
	}
	if text != "" && text[0] >= '0' && text[0] <= '9' {
		return 0, 0, 0, "", false // a longer number than the pattern has
	}
	return year, month, day, text, true
}

// digitsAt reads between least and most digits.
func digitsAt(text string, least, most int) (value, size int, ok bool) {
	for size < len(text) && size < most && text[size] >= '0' && text[size] <= '9' {
		value = value*10 + int(text[size]-'0')
		size++
	}
	return value, size, size >= least
}

// monthAt reads a month's name, long or short, with or without a dot.
func monthAt(text string) (month, size int, ok bool) {
	for size < len(text) && (text[size] >= 0x80 || text[size]|0x20 >= 'a' && text[size]|0x20 <= 'z') {
		size++
	}
	name := foldWord(text[:size])
	if size > 30 || len(name) < 3 {
		return 0, 0, false
	}
	best := 0
	for m, prefixes := range months {
		for _, prefix := range prefixes {
			if strings.HasPrefix(name, prefix) && len(prefix) > best {
				month, best = m+1, len(prefix)
			}
		}
	}
	if size < len(text) && text[size] == '.' {
		size++
	}
	return month, size, best > 0
}

// clock is the time of day behind a date; zone is nil where the text has none.
type clock struct {
	since time.Duration
	zone  *time.Location
}

// readClock reads "T14:03:59.123+02:00", " 2:03 PM", "T140359Z" and the like.
func readClock(text string) (clock, bool) {
	rest := strings.TrimLeft(text, " ,")
	if len(rest) == len(text) {
		if rest[0] != 'T' && rest[0] != 't' {
			return clock{}, false
		}
		rest = rest[1:]
	}
	var numbers [3]int
	least := 1
	for i := range numbers {
		n, size, ok := digitsAt(rest, least, 2)
		if !ok {
			return clock{}, false
		}
		numbers[i], least = n, 2
		rest = rest[size:]
		if cut, colon := strings.CutPrefix(rest, ":"); colon {
			rest = cut
		} else if size != 2 || rest == "" || rest[0] < '0' || rest[0] > '9' {
			if i == 0 {
				return clock{}, false
			}
			break
		}
	}
	fraction, rest := readFraction(rest)
	hour, rest, ok := halfDay(numbers[0], rest)
	if !ok || hour > 23 || numbers[1] > 59 || numbers[2] > 59 {
		return clock{}, false
	}
	c := clock{since: time.Duration(hour)*time.Hour + time.Duration(numbers[1])*time.Minute +
		time.Duration(numbers[2])*time.Second + fraction}
	c.zone, ok = readOffset(strings.TrimSpace(rest))
	return c, ok
}

func readFraction(text string) (time.Duration, string) {
	if len(text) < 2 || text[0] != '.' && text[0] != ',' {
		return 0, text
	}
	text = text[1:]
	var fraction time.Duration
	unit := time.Second
	for text != "" && text[0] >= '0' && text[0] <= '9' {
		unit /= 10
		fraction += time.Duration(text[0]-'0') * unit
		text = text[1:]
	}
	return fraction, text
}

func halfDay(hour int, text string) (int, string, bool) {
	mark := strings.ToUpper(strings.TrimLeft(text, " "))
	for _, half := range []string{"AM", "PM"} {
		if !strings.HasPrefix(mark, half) {
			continue
		}
		if hour < 1 || hour > 12 {
			return 0, "", false
		}
		hour %= 12
		if half == "PM" {
			hour += 12
		}
		return hour, mark[2:], true
	}
	return hour, text, true
}

// zoneLetters are the letters of time zones that mean one offset everywhere, in hours.
var zoneLetters = map[string]float64{
	"Z": 0, "UTC": 0, "GMT": 0, "WET": 0, "WEST": 1, "CET": 1, "CEST": 2, "MEZ": 1, "MESZ": 2, "EET": 2, "EEST": 3,
	"MSK": 3,
	"EST": -5, "EDT": -4, "CDT": -5, "MST": -7, "MDT": -6, "PST": -8, "PDT": -7, "AKST": -9, "HST": -10, "BRT": -3,
	"ART": -3,
	"JST": 9, "KST": 9, "SGT": 8, "HKT": 8, "AWST": 8, "ACST": 9.5, "AEST": 10, "AEDT": 11, "NZST": 12, "NZDT": 13,
	"SAST": 2,
}

// readOffset reads Z, UTC, GMT, +02:00, +0200, +02 or nothing.
func readOffset(text string) (*time.Location, bool) {
	letters := strings.ToUpper(strings.TrimSuffix(strings.TrimPrefix(text, "("), ")"))
	if letters == "" {
		return nil, true
	}
	if hours, known := zoneLetters[letters]; known {
		if hours == 0 {
			return time.UTC, true
		}
		return time.FixedZone("", int(hours*3600)), true
	}
	if utc, found := strings.CutPrefix(letters, "UTC"); found {
		text = utc
	} else if gmt, found := strings.CutPrefix(letters, "GMT"); found {
		text = gmt
	}
	if text[0] != '+' && text[0] != '-' {
		return nil, false
	}
	hours, size, ok := digitsAt(text[1:], 2, 2)
	rest := strings.TrimPrefix(text[1+size:], ":")
	minutes := 0
	if ok && rest != "" {
		var n int
		minutes, n, ok = digitsAt(rest, 2, 2)
		ok = ok && n == len(rest)
	}
	if !ok || hours > 14 || minutes > 59 {
		return nil, false
	}
	seconds := (hours*60 + minutes) * 60
	if text[0] == '-' {
		seconds = -seconds
	}
	if seconds == 0 {
		return time.UTC, true
	}
	return time.FixedZone("", seconds), true
}
