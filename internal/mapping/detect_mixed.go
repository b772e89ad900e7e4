package mapping

import "fmt"

// written is a date as a file has it.
type written struct {
	text string
	line int
}

// twoWays says that the dates of a column are written in two ways, where two formats read nearly all of them and no one
// does: each with a line to look at. "" where that is not what is wrong.
func (d *detector) twoWays(s *source) string {
	var dates []written
	for _, rec := range d.sample {
		if text := s.text(rec); text != "" {
			dates = append(dates, written{text, rec.Line})
		}
	}
	first, rest := commonest(dates)
	second, odd := commonest(rest)
	if first == "" || second == "" || len(odd)*100 > len(dates)*20 {
		return ""
	}
	one, other := firstAs(dates, first), firstAs(rest, second)
	return fmt.Sprintf("dates are written in two ways, as %s on line %d (%q) and as %s on line %d (%q): write all in one way, or set dateFormat to one of the two, and rows of the other are rejected",
		first, one.line, one.text, second, other.line, other.text)
}

// commonest is the format that reads most dates, and the dates that it does not read. Where two orders of day and month
// read as many, it is the first of them.
func commonest(dates []written) (format string, rest []written) {
	most := 0
	for _, candidate := range dateFormats() {
		if n := len(dates) - len(unread(dates, candidate)); n > most {
			format, most = candidate, n
		}
	}
	if format == "" {
		return "", dates
	}
	return format, unread(dates, format)
}

func dateFormats() []string {
	formats := append([]string{}, unambiguous...)
	for _, o := range orders {
		for _, format := range []string{o.day, o.month, o.year} {
			if format != "" {
				formats = append(formats, format)
			}
		}
	}
	return formats
}

func unread(dates []written, format string) []written {
	reader := builtIn(format)
	var out []written
	for _, date := range dates {
		if _, _, err := reader.parse(date.text); err != nil {
			out = append(out, date)
		}
	}
	return out
}

// firstAs is the first date that a format reads.
func firstAs(dates []written, format string) written {
	reader := builtIn(format)
	for _, date := range dates {
		if _, _, err := reader.parse(date.text); err == nil {
			return date
		}
	}
	panic("no date is of the format " + format + ", which was found on them")
}
