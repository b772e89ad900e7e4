package main

import (
	"regexp"
	"slices"
	"strings"

	"matcher/internal/mapping"
	"matcher/internal/recon"
)

// clockRow is a row with a time of the day, and whether its text names the zone of it.
type clockRow struct {
	day   recon.Day
	zoned bool
}

const zonesShown = 3 // references in a note

var zoneNamed = regexp.MustCompile(
	`(:|T[0-9]{2,4})[0-9]{2}([.,][0-9]+)? ?([Zz]|UTC|GMT|[+-][0-9]{2}(:?[0-9]{2})?)$`)

// noteZones notes rows with a common reference that are a day apart where the times of one side name their zone, and
// those of the other do not.
func (in *matchInput) noteZones() {
	left, right := clockRows(in.left.readers()), clockRows(in.right.readers())
	var apart []string
	bare := in.right
	for reference, l := range left {
		r, shared := right[reference]
		if days := l.day - r.day; !shared || l.zoned == r.zoned || days != 1 && days != -1 {
			continue
		}
		if apart = append(apart, reference); r.zoned {
			bare = in.left
		}
	}
	if len(apart) == 0 {
		return
	}
	slices.Sort(apart)
	in.note("the times of %s name no zone, and those of the other side do: of rows that share a reference, %d are a "+
		"day apart there (%s): timeZone in a map names their zone", bare.name(), len(apart),
		strings.Join(apart[:min(len(apart), zonesShown)], ", "))
}

// clockRows are the rows of a side's samples that have a time, by the reference that only they have, where the zone of
// their times is stated by no map.
func clockRows(side []*mapping.Reader) map[string]clockRow {
	rows := map[string]clockRow{}
	for _, r := range side {
		fields := r.FieldMap()
		date := fields.Fields[recon.FieldDate]
		if fields.TimeZone != "" || date.TimeZone != "" || len(date.Columns) != 1 {
			continue
		}
		at := slices.Index(r.Header(), date.Columns[0])
		for _, rec := range r.Sample() {
			tx, wrong := r.Map(rec)
			if at < 0 || len(wrong) > 0 || tx.Reference == "" || tx.Time.IsZero() {
				continue
			}
			row := clockRow{tx.Date, zoneNamed.MatchString(strings.TrimSpace(rec.Fields[at]))}
			if before, twice := rows[tx.Reference]; twice && before != row {
				row.day = recon.NoDay // which of them it is, is open
			}
			rows[tx.Reference] = row
		}
	}
	return rows
}
