package mapping

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"matcher/internal/recon"
)

// orders are the ways of writing a date in numbers that can be mistaken for one another: day first, month first and,
// where the year has two digits, year first. Points are only ever written day first.
var orders = []struct{ day, month, year string }{
	{"DD/MM/YYYY", "MM/DD/YYYY", ""},
	{"DD-MM-YYYY", "MM-DD-YYYY", ""},
	{"DD.MM.YYYY", "", ""},
	{"DD MM YYYY", "", ""},
	{"DD/MM/YY", "MM/DD/YY", "YY/MM/DD"},
	{"DD-MM-YY", "MM-DD-YY", "YY-MM-DD"},
	{"DD.MM.YY", "", ""},
	{"DD-MMM-YY", "", ""},
	{"DD MMM YY", "", ""},
	{"DD/MMM/YY", "", ""},
	{"DDMMYYYY", "MMDDYYYY", ""},
}

// dateFormats are all built-in formats: those that can be mistaken come after those that cannot.
var dateFormats = func() []string {
	formats := slices.Clone(unambiguous)
	for _, o := range orders {
		formats = append(formats, o.day, o.month, o.year)
	}
	return slices.DeleteFunc(formats, func(f string) bool { return f == "" })
}()

// builtIn compiles a built-in format.
func builtIn(format string) *dateReader {
	r, err := newDateReader(format, "")
	if err != nil {
		panic("a built-in date format does not compile: " + err.Error())
	}
	return r
}

// reads counts the values that at least one of the formats reads; "-" is no format.
func reads(values []string, formats ...string) (n int) {
	var readers []*dateReader
	for _, format := range formats {
		if format != "-" {
			readers = append(readers, builtIn(format))
		}
	}
	for _, v := range values {
		if slices.ContainsFunc(readers, func(r *dateReader) bool { _, _, err := r.parse(v); return err == nil }) {
			n++
		}
	}
	return n
}

const dateProbe = 200 // values that show whether a column holds dates

// areDates reports whether most values are dates, however written. A word for a row that is not booked yet may be in
// the
// place of one.
func areDates(values []string) bool {
	values = slices.DeleteFunc(slices.Clone(values[:min(len(values), dateProbe)]), func(v string) bool {
		return statusOf(v) == recon.Pending
	})
	return len(values) > 0 && reads(values, dateFormats...)*100 >= len(values)*80
}

// areStamps reports whether values are seconds or milliseconds since 1970, of this century.
func areStamps(values []string) bool {
	return share(values[:min(len(values), dateProbe)], 100, func(v string) bool {
		n, size, ok := digitsAt(v, 10, 13)
		return ok && size == len(v) && (size == 10 && n >= 946684800 || size == 13 && n >= 946684800000)
	})
}

// areSerials reports whether values are days as spreadsheets count them: 36526 is the first of the year 2000.
func areSerials(values []string) bool {
	return share(values[:min(len(values), dateProbe)], 100, func(v string) bool {
		n, size, ok := digitsAt(v, 5, 5)
		whole, _, _ := strings.Cut(v, ".")
		return ok && size == len(whole) && n >= 36526 && n < 73050
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
		d.choose(recon.FieldDate, value.Columns, "the value date, because no column is called a booking date", Named)
		return
	}
	var found []int
	for at := range d.header {
		if values := d.values(at); areDates(values) && !share(values, 1, plainNumber) {
			found = append(found, at)
		}
	}
	if len(found) == 1 {
		d.use(recon.FieldDate, found[0], "the only column of dates", Named)
		return
	}
	if counted := d.candidates(recon.FieldDate, areSerials); len(counted) > 0 {
		d.fail(recon.FieldDate, recon.CodeNotDetected,
			"column %q holds numbers such as %s, which Excel counts days by: format it as a date there and "+
				"export again",
			d.header[counted[0]], d.values(counted[0])[0])
		return
	}
	d.noneFits(recon.FieldDate, "the booking date", "date", areDates)
}

// settings finds the date format and the decimal sign of the chosen columns.
func (d *detector) settings() {
	m, problems := Compile(d.out, d.header)
	if d.problem = append(d.problem, problems...); len(problems) > 0 {
		return
	}
	d.dateFormat(m)
	d.decimal(m)
	if len(d.problem) > 0 {
		return
	}
	if d.dropInconsistent(); d.given.Detect == recon.DetectOff {
		return
	}
	for _, step := range []func(*Mapper){
		d.signs, d.settleStatus, d.pendingDate, d.labelRows, d.noteSums, d.pendingNamed, d.volatile,
	} {
		m, problems := Compile(d.out, d.header)
		if len(problems) > 0 {
			d.problem = append(d.problem, problems...)
			return
		}
		m.aside.learn(d.header, d.sample)
		step(m)
	}
}

// texts are the filled values of fields after their transforms.
func (d *detector) texts(sources ...*source) []string {
	var out []string
	for _, s := range sources {
		if s == nil {
			continue
		}
		if s.constant != "" {
			out = append(out, s.constant)
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
	stated, own := d.out.DateFormat, d.out.Fields[recon.FieldDate].DateFormat
	if stated != "" || own != "" {
		if d.given.Has(recon.FieldValueDate) || m.valueDate == nil {
			return
		}
		if values := d.texts(m.valueDate); own != "" && reads(values, own)*100 >= len(values)*80 { // written alike
			field := d.out.Fields[recon.FieldValueDate]
			field.DateFormat = own
			d.out.Fields[recon.FieldValueDate] = field
			return
		}
		d.valueDateFormat(m, stated)
		return
	}
	values := d.texts(m.date)
	format, why, err := formatOf(values)
	if err != nil && m.valueDate != nil { // the other dates of a file are written alike and may decide
		if together, _, errBoth := formatOf(append(values, d.texts(m.valueDate)...)); errBoth == nil {
			format, why, err = together, "decided by the value dates", nil
		}
	}
	if err != nil { // so may the dates of any other column
		for at := range d.header {
			values := d.values(at)
			if together, _, errAlso := formatOf(values); areDates(values) && errAlso == nil && together != "" &&
				reads(d.texts(m.date), together) == len(d.texts(m.date)) {
				format, why, err = together, "decided by the dates of column "+d.header[at], nil
				break
			}
		}
	}
	if err != nil {
		if ways := d.twoWays(m.date); ways != "" {
			err = errors.New(ways)
		}
		d.fail("dateFormat", recon.CodeAmbiguousDate, "%s", d.onLine(err, m.date, m.valueDate))
		return
	}
	if format != "" {
		d.out.DateFormat = format
		d.setting("dateFormat", format, why)
	}
	d.valueDateFormat(m, format)
}

// valueDateFormat finds how value dates are written where that is not how the other dates are. Unreadable ones
// stay a plain column: no rule needs them unless it names them.
func (d *detector) valueDateFormat(m *Mapper, format string) {
	values := d.texts(m.valueDate)
	field := d.out.Fields[recon.FieldValueDate]
	if len(values) == 0 || field.DateFormat != "" || reads(values, format)*100 >= len(values)*80 {
		return
	}
	own, _, err := formatOf(values)
	if err != nil {
		delete(d.out.Fields, recon.FieldValueDate)
		d.note("the value dates are left out, because %v", d.onLine(err, m.valueDate))
		return
	}
	field.DateFormat = cmp.Or(own, "iso")
	d.out.Fields[recon.FieldValueDate] = field
	d.note("the value dates are written as %s, unlike the other dates", cmp.Or(own, "YYYY-MM-DD or the like"))
}

// doubtError is what one of the dates leaves open.
type doubtError struct{ value, text string }

func (e *doubtError) Error() string { return fmt.Sprintf("%q %s", e.value, e.text) }

func doubt(value, text string, args ...any) error {
	return &doubtError{value, fmt.Sprintf(text, args...)}
}

// onLine adds the line of the date in doubt.
func (d *detector) onLine(err error, sources ...*source) error {
	var of *doubtError
	if !errors.As(err, &of) {
		return err
	}
	for _, s := range sources {
		for _, rec := range d.sample {
			if s.text(rec) == of.value {
				return fmt.Errorf("%q on line %d %s", of.value, rec.Line, of.text)
			}
		}
	}
	return err
}

// formatOf finds the format of dates, or returns why the values leave it open. "" is a format that fits one way only.
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
	best, rival, yearFirst, bestReads := "", "", "", 0
	for _, o := range orders {
		for _, pair := range [][2]string{{o.day, o.month}, {o.month, o.day}, {o.year, ""}} {
			if n := reads(values, cmp.Or(pair[0], "-")); n > bestReads {
				best, rival, yearFirst, bestReads = pair[0], pair[1], o.year, n
			}
		}
	}
	if reads(values, cmp.Or(best, "-"), cmp.Or(rival, "-"))*100 < len(values)*80 {
		unread := max(0, slices.IndexFunc(values,
			func(v string) bool { return reads([]string{v}, "", cmp.Or(best, "-")) == 0 }))
		return "", "", doubt(values[unread], `cannot be read as a date: set dateFormat, "DD/MM/YYYY" for example`)
	}
	if yearFirst != "" {
		if found, why, err := decideYear(values, best, yearFirst); found != "" || err != nil {
			return found, why, err
		}
	}
	return decideOrder(values, best, rival)
}

// decideYear settles whether a date of three pairs of digits begins with its year: 26-01-05 may be the fifth of January
// 2026 or the 26th of January 2005. Read the wrong way, days become years, so the reading under which the years lie
// closer together is the right one. It answers nothing where the year is surely last.
func decideYear(values []string, best, yearFirst string) (format, why string, err error) {
	last, first := yearSpan(values, best), yearSpan(values, yearFirst)
	switch {
	case best == yearFirst:
		return yearFirst, "the only way to read all of them", nil
	case reads(values, yearFirst)*100 < len(values)*80 || first >= last+yearsApart:
		return "", "", nil
	case last >= first+yearsApart:
		return yearFirst, "the years lie close together only so", nil
	}
	return "", "", doubt(values[0],
		"can be read as %s and as %s, and none of the %d values read decides: set dateFormat to one of the two", best,
		yearFirst, len(values))
}

// yearsApart is by how much two readings must differ in years: a file of one day may span a year's end, not three.
const yearsApart = 3

// yearSpan is the number of years between the dates of a column, the tenth at either end left out.
func yearSpan(values []string, format string) int {
	var years []int
	reader := builtIn(format)
	for _, v := range values {
		if day, _, err := reader.parse(v); err == nil {
			years = append(years, day.Time().Year())
		}
	}
	if len(years) == 0 {
		return 0
	}
	slices.Sort(years)
	cut := len(years) / 10
	return years[len(years)-1-cut] - years[cut]
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
		return "", "", doubt(values[0],
			"can be read as %s and as %s, and none of the %d values read decides: set dateFormat to one of the two",
			best, rival, len(values))
	case onlyRival*10 > onlyBest:
		return "", "", fmt.Errorf("some dates can only be read as %s and others only as %s: correct the file, or "+
			"set dateFormat to one of the two", best, rival)
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
		p := amountParts{text: text, rest: withCents(strings.TrimSpace(text))}
		if p.peel() != nil || !strings.ContainsAny(p.rest, ".,") {
			continue
		}
		sign, err := decimalOf(p.rest)
		switch {
		case err != nil:
			open, d.report.twoWays = text, true
		case sign == '.':
			points++
			witness['.'] = text
		default:
			commas++
			witness[','] = text
		}
	}
	fraction := func(rec recon.Record) bool {
		digits, known := recon.CurrencyDigits(currencyCode(m.currency.word(rec)))
		return known && digits > 0
	}
	if points+commas == 0 && open != "" && m.currency != nil && !slices.ContainsFunc(d.sample, fraction) {
		sign := map[bool]string{true: ".", false: ","}[strings.Contains(open, ",")]
		d.out.Decimal = sign
		d.setting("decimal", sign, fmt.Sprintf("%q is in a currency without decimals, so it holds thousands", open))
		return
	}
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
		d.fail("decimal", recon.CodeAmbiguousDecimal,
			`amounts such as %q and %q contradict each other: set decimal to "." or ","`, witness['.'], witness[','])
	case open != "":
		d.fail("decimal", recon.CodeAmbiguousDecimal,
			`amounts such as %q may have thousands or three decimals, and no value read decides: set decimal to "." (as in 1,234.56) or "," (as in 1.234,56)`, open)
	}
}
