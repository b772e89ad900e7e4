package mapping

import "fmt"

// written is a date as a file has it.
type written struct {
	text string
	line int
}

// twoWays reports that the dates of a column are written in two ways, where two formats read nearly all of them and no
// one does: each with a line to look at. "" where that is not what is wrong.
func (d *detector) twoWays(s *source) string {
	var dates []written
	for _, rec := range d.sample {
		if text := s.text(rec); text != "" {
			dates = append(dates, written{text, rec.Line})
		}
	}
	first, one, rest := commonest(dates)
	second, other, odd := commonest(rest)
	if first == "" || second == "" || len(odd)*100 > len(dates)*20 {
		return ""
	}
	return fmt.Sprintf("dates are written in two ways, as %s on line %d (%q) and as %s on line %d (%q): write all "+
		"in one way, or set dateFormat to one of the two, and rows of the other are rejected",
		first, one.line, one.text, second, other.line, other.text)
}

// commonest is the format that reads most dates, the first date that it reads, and those that it does not read. Where
// two orders of day and month read as many, it is the first of them.
func commonest(dates []written) (format string, example written, rest []written) {
	rest = dates
	for _, candidate := range dateFormats {
		var first written
		var unread []written
		reader := builtIn(candidate)
		for _, date := range dates {
			if _, _, err := reader.parse(date.text); err != nil {
				unread = append(unread, date)
			} else if first.line == 0 {
				first = date
			}
		}
		if len(unread) < len(rest) {
			format, example, rest = candidate, first, unread
		}
	}
	return format, example, rest
}
