package mapping

import (
	"fmt"
	"strconv"
	"time"

	"matcher/internal/recon"
)

// aheadMax is how far the clock of any zone is ahead of UTC.
const aheadMax = 14 * time.Hour

// dayOf is the day on which a file is read, in the zone of its source; without a zone it is the last that it is
// anywhere.
func dayOf(now time.Time, zone string) recon.Day {
	if now.IsZero() {
		return recon.NoDay
	}
	location, err := time.LoadLocation(zone)
	if zone == "" || err != nil {
		return recon.DayOf(now.UTC().Add(aheadMax))
	}
	return recon.DayOf(now.In(location))
}

// future judges a booked row of a day that has not come yet. What is only expected may have one.
func (r *row) future(text string) {
	if !r.m.today.Set() || r.tx.Date <= r.m.today || r.tx.BookingStatus != recon.Booked {
		return
	}
	switch r.m.ahead {
	case recon.FutureAccept:
	case recon.FutureSetAside:
		r.wrong = append(r.wrong, r.setAside(recon.FieldDate, text, strconv.Quote(text)+" has not come yet"))
	default:
		r.fail(recon.FieldDate, text, recon.CodeDateAhead,
			"%s is after the day of reading: correct it, or set future in the map", r.tx.Date)
	}
}

// askFuture asks for booking dates after the day of reading.
func (r *Reader) askFuture() {
	n := 0
	var first recon.RowError
	for _, rec := range r.sample {
		_, wrong := r.mapper.Map(rec)
		if len(wrong) == 1 && wrong[0].Code == recon.CodeDateAhead {
			if n++; n == 1 {
				first = wrong[0]
			}
		}
	}
	if n == 0 {
		return
	}
	r.Detection.Questions = append(r.Detection.Questions, newQuestion("future",
		fmt.Sprintf("%s booked on a day that has not come yet, the first on line %d (%s): is that right?", rowsText(n),
			first.Line, first.Value), [][2]string{
			{"yes: they are read", "future: accept"}, {"no: they are set aside", "future: setAside"},
		}))
}
