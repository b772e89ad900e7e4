package mapping

import (
	"fmt"
	"strings"

	"matcher/internal/recon"
)

// orders are the ways of writing a date in numbers that can be mistaken for one another, day first and month first.
// Points are only ever written day first.
var orders = []struct{ day, month string }{
	{"DD/MM/YYYY", "MM/DD/YYYY"},
	{"DD-MM-YYYY", "MM-DD-YYYY"},
	{"DD.MM.YYYY", ""},
	{"DD MM YYYY", ""},
	{"DD/MM/YY", "MM/DD/YY"},
	{"DD-MM-YY", "MM-DD-YY"},
	{"DD.MM.YY", ""},
}

// reader compiles a built-in format.
func builtIn(format string) *dateReader {
	r, err := newDateReader(format, "")
	if err != nil {
		panic("a built-in date format does not compile: " + err.Error())
	}
	return r
}

// reads counts the values that at least one of the formats reads; "-" is no format.
func reads(values []string, formats ...string) int {
	var readers []*dateReader
	for _, format := range formats {
		if format != "-" {
			readers = append(readers, builtIn(format))
		}
	}
	n := 0
	for _, v := range values {
		for _, r := range readers {
			if _, _, err := r.parse(v); err == nil {
				n++
				break
			}
		}
	}
	return n
}

const dateProbe = 200 // values that show whether a column holds dates

// areDates says whether most values are dates, however written.
func areDates(values []string) bool {
	values = values[:min(len(values), dateProbe)]
	formats := []string{""}
	for _, o := range orders {
		formats = append(formats, o.day, first(o.month, "-"))
	}
	return len(values) > 0 && reads(values, formats...)*100 >= len(values)*80
}

// areStamps says whether values are seconds or milliseconds since 1970, of this century.
func areStamps(values []string) bool {
	return share(values[:min(len(values), dateProbe)], 100, func(v string) bool {
		n, size, ok := digitsAt(v, 10, 13)
		return ok && size == len(v) && (size == 10 && n >= 946684800 || size == 13 && n >= 946684800000)
	})
}

func (d *detector) dateColumns() {
	dated := func(values []string) bool { return areDates(values) || areStamps(values) }
	d.take(recon.FieldDate, dated, "named like a booking date, and its values are dates")
	d.take(recon.FieldValueDate, areDates, "named like a value date, and its values are dates")
	if d.out.Has(recon.FieldDate) {
		return
	}
	if value, ok := d.out.Fields[recon.FieldValueDate]; ok {
		d.out.Fields[recon.FieldDate] = value
		d.report.Choices = append(d.report.Choices, Choice{Field: recon.FieldDate, Columns: value.Columns, Why: "the value date, because no column is called a booking date"})
		return
	}
	var found []int
	for at := range d.header {
		if values := d.values(at); areDates(values) && !share(values, 1, plainNumber) {
			found = append(found, at)
		}
	}
	if len(found) == 1 {
		d.use(recon.FieldDate, found[0], "the only column of dates")
		return
	}
	d.fail(recon.FieldDate, "NOT_DETECTED", "no column is surely the booking date: the columns are %s", d.columnsText())
}

// settings finds the date format and the decimal sign of the chosen columns.
func (d *detector) settings() {
	m, problems := Compile(d.out, d.header)
	if len(problems) > 0 {
		d.problem = append(d.problem, problems...)
		return
	}
	d.dateFormat(m)
	d.decimal(m)
	if len(d.problem) == 0 {
		d.dropInconsistent()
	}
}

// texts are the filled values of fields after their transforms.
func (d *detector) texts(sources ...*source) []string {
	var out []string
	for _, s := range sources {
		if s == nil || s.constant != "" {
			continue
		}
		for _, rec := range d.sample {
			if text := s.text(rec); text != "" {
				out = append(out, text)
			}
		}
	}
	return out
}

func (d *detector) dateFormat(m *Mapper) {
	if d.out.DateFormat != "" || d.out.Fields[recon.FieldDate].DateFormat != "" {
		return
	}
	values := d.texts(m.date)
	format, why, err := formatOf(values)
	if err != nil && m.valueDate != nil { // the other dates of a file are written alike and may decide
		if together, _, errBoth := formatOf(append(values, d.texts(m.valueDate)...)); errBoth == nil {
			format, why, err = together, "decided by the value dates", nil
		}
	}
	if err != nil {
		d.fail("dateFormat", "AMBIGUOUS_DATE", "%s", err)
		return
	}
	if format != "" {
		d.out.DateFormat = format
		d.setting("dateFormat", format, why)
	}
}

// formatOf finds the format of dates, or says why the values leave it open. "" is a format that fits one way only.
func formatOf(values []string) (format, why string, err error) {
	switch {
	case len(values) == 0:
		return "", "", fmt.Errorf("none of the rows read has a date")
	case reads(values, "")*100 >= len(values)*80:
		return "", "", nil
	case areStamps(values):
		if len(values[0]) == 13 {
			return formatUnixMillis, "milliseconds since 1970", nil
		}
		return formatUnix, "seconds since 1970", nil
	}
	best, rival, bestReads := "", "", 0
	for _, o := range orders {
		for _, pair := range [][2]string{{o.day, o.month}, {o.month, o.day}} {
			if n := reads(values, first(pair[0], "-")); n > bestReads {
				best, rival, bestReads = pair[0], pair[1], n
			}
		}
	}
	if reads(values, first(best, "-"), first(rival, "-"))*100 < len(values)*80 {
		return "", "", fmt.Errorf(`%s cannot be read as a date: set dateFormat, "DD/MM/YYYY" for example`, exampleOf(values, best))
	}
	return decideOrder(values, best, rival)
}

// exampleOf is a value that a format does not read.
func exampleOf(values []string, format string) string {
	for _, v := range values {
		if reads([]string{v}, first(format, "-")) == 0 {
			return fmt.Sprintf("%q", v)
		}
	}
	return fmt.Sprintf("%q", values[0])
}

// decideOrder demands that some date shows which number is the day, and that hardly any shows the contrary.
func decideOrder(values []string, best, rival string) (format, why string, err error) {
	if rival == "" {
		return best, "the only way to read all of them", nil
	}
	onlyBest, onlyRival, witness := 0, 0, ""
	bestReader, rivalReader := builtIn(best), builtIn(rival)
	for _, v := range values {
		_, _, errBest := bestReader.parse(v)
		_, _, errRival := rivalReader.parse(v)
		switch {
		case errBest == nil && errRival != nil:
			onlyBest++
			witness = v
		case errBest != nil && errRival == nil:
			onlyRival++
		}
	}
	switch {
	case onlyBest == 0:
		return "", "", fmt.Errorf("dates such as %q can be read as %s and as %s, and none of the %d values read decides: set dateFormat to one of the two",
			values[0], best, rival, len(values))
	case onlyRival*10 > onlyBest:
		return "", "", fmt.Errorf("some dates can only be read as %s and others only as %s: correct the file, or set dateFormat to one of the two", best, rival)
	}
	return best, fmt.Sprintf("%s can be read in no other way", witness), nil
}

// decimal finds the sign before the decimals over all amounts of the sample.
func (d *detector) decimal(m *Mapper) {
	if d.out.Decimal != "" {
		return
	}
	points, commas, open := 0, 0, ""
	witness := map[byte]string{}
	for _, text := range d.texts(m.amount, m.debit, m.credit, m.gross, m.fee, m.tax, m.net, m.originalAmount) {
		p := amountParts{text: text, rest: strings.TrimSpace(text)}
		if p.peel() != nil || !strings.ContainsAny(p.rest, ".,") {
			continue
		}
		sign, err := decimalOf(p.rest)
		switch {
		case err != nil:
			open = text
		case sign == '.':
			points++
			witness['.'] = text
		default:
			commas++
			witness[','] = text
		}
	}
	d.decideDecimal(points, commas, open, witness)
}

func (d *detector) decideDecimal(points, commas int, open string, witness map[byte]string) {
	use := func(sign string) {
		d.out.Decimal = sign
		d.setting("decimal", sign, fmt.Sprintf("%q can be read in no other way", witness[sign[0]]))
	}
	const most = 20 // to one: fewer exceptions are typing mistakes, which their rows report
	switch {
	case points > commas*most:
		use(".")
	case commas > points*most:
		use(",")
	case points > 0:
		d.fail("decimal", "AMBIGUOUS_DECIMAL", `amounts such as %q and %q contradict each other: set decimal to "." or ","`, witness['.'], witness[','])
	case open != "":
		d.fail("decimal", "AMBIGUOUS_DECIMAL", `amounts such as %q may have thousands or three decimals, and no value read decides: set decimal to "." (as in 1,234.56) or "," (as in 1.234,56)`, open)
	}
}
