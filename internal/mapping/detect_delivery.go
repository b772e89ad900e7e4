package mapping

import (
	"regexp"
	"slices"
	"strconv"

	"matcher/internal/recon"
)

// What a file shows of its other deliveries: which pending rows its booked ones replace, and which columns change from
// one export to the next while the row stays the same row.

// pendingNamed takes the column in which booked rows name the pending ones that they replace: its values are ids of
// pending rows of the file, each named by one row, which may come again, and by no pending row.
func (d *detector) pendingNamed(m *Mapper) {
	if d.out.Has(recon.FieldPendingOf) || m.externalID == nil || m.status == nil {
		return
	}
	pending := d.pendingIDs(m)
	if len(pending) == 0 {
		return
	}
	reference := columnAt(d.header, firstColumn(d.out.Fields[recon.FieldReference]))
	for at, name := range d.header {
		if d.taken[at] && at != reference || m.noID[at] {
			continue
		}
		by, filled, ok := map[string]string{}, 0, true // the ids of the rows that name a text
		for _, rec := range d.sample {
			text := column(rec, at)
			if text == "" || isBlank(text) {
				continue
			}
			id := m.externalID.text(rec)
			before, again := by[text]
			if by[text] = id; !again {
				filled++
			}
			ok = ok && statusOf(m.status.word(rec)) != recon.Pending && (!again || before == id)
		}
		hits := 0
		for text := range by {
			if pending[text] {
				hits++
			}
		}
		if ok && hits > 0 && hits*2 >= filled {
			d.use(recon.FieldPendingOf, at, "its values are the ids of pending rows", Proved)
			d.note("column %s holds ids of pending rows (%d): the rows that name them are their booked ones, and "+
				"replace them", name, hits)
			return
		}
	}
}

// pendingIDs are the ids of the pending rows of the sample.
func (d *detector) pendingIDs(m *Mapper) map[string]bool {
	pending := map[string]bool{}
	for _, rec := range d.sample {
		if id := m.externalID.text(rec); id != "" && statusOf(m.status.word(rec)) == recon.Pending {
			pending[id] = true
		}
	}
	return pending
}

// withTime is a date with a time of the day.
var withTime = regexp.MustCompile(`^\D*(\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}|\d{8})[ T,]*\d{1,2}:?\d{2}`)

// volatileFrom is from how many rows on a column shows that it counts them, or that it is one time for all.
const volatileFrom = 3

// volatile finds the columns that no field takes and that change from one delivery to the next: balances, the number of
// the row in its file, the time of the export.
func (d *detector) volatile(*Mapper) {
	for at, name := range d.header {
		values := d.values(at)
		if d.taken[at] || len(values) == 0 || slices.Contains(d.out.Volatile, name) {
			continue
		}
		why := ""
		switch {
		case d.namedBalance(at) && mostlyAmounts(values):
			why = "is named like a balance"
		case len(d.sample) < volatileFrom || len(values) != len(d.sample):
		case counts(values):
			why = "numbers the rows of the file"
		case distinct(values) == 1 && (withTime.MatchString(values[0]) || nameRank(d.words[at], "volatile") >= 0):
			why = "is one time on all rows, as that of an export"
		}
		if why == "" {
			continue
		}
		d.out.Volatile = append(slices.Clone(d.out.Volatile), name)
		if d.report.Passed[name] == "" {
			d.passOver(at, why+": a row that comes again with another one is the same row")
		}
	}
}

// counts reports whether values are 1, 2, 3 and so on, from 0 or 1, upwards or downwards.
func counts(values []string) bool {
	first, err := strconv.Atoi(values[0])
	last, errLast := strconv.Atoi(values[len(values)-1])
	step := 1
	if last < first {
		step = -1
	}
	if lowest := min(first, last); err != nil || errLast != nil || lowest != 0 && lowest != 1 {
		return false
	}
	for i, text := range values {
		if n, err := strconv.Atoi(text); err != nil || n != first+i*step {
			return false
		}
	}
	return true
}
