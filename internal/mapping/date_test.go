//go:build unit || !integration

package mapping

import (
	"cmp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"matcher/internal/recon"
)

func TestReadDates(t *testing.T) {
	for _, c := range []struct{ format, zone, text, day, instant string }{
		{"", "", "2026-02-03", "2026-02-03", ""},
		{"", "", "20260203", "2026-02-03", ""},
		{"", "", "2026/2/3", "2026-02-03", ""},
		{"", "", "03-Feb-2026", "2026-02-03", ""},
		{"", "", "3 Febrero 2026", "2026-02-03", ""},
		{"", "", "3. März 2026", "2026-03-03", ""},
		{"", "", "Feb 3, 2026", "2026-02-03", ""},
		{"", "", "2026. február 3.", "2026-02-03", ""},
		{"", "", "2026. szept. 13.", "2026-09-13", ""},
		{"", "", "3 Φεβρουαρίου 2026", "2026-02-03", ""},
		{"", "", "13 липня 2026", "2026-07-13", ""},
		{"", "", "03/02/2026", "set dateFormat", ""},
		{"", "", "2026-02-31", "is not a day of any calendar", ""},
		{"", "", "1026-02-03", "is outside 1900 to 2199", ""},
		{"", "", "2026-02-03T10:11:12Z", "2026-02-03", "2026-02-03T10:11:12Z"},
		{"", "", "2026-02-03T10:11:12.5+02:00", "2026-02-03", "2026-02-03T08:11:12.5Z"},
		{"", "", "2026-02-03 23:30:00-03:00", "2026-02-03", "2026-02-04T02:30:00Z"},
		{"", "Europe/Berlin", "2026-02-03T23:30:00Z", "2026-02-04", "2026-02-03T23:30:00Z"},
		{"", "Europe/Berlin", "2026-02-03 00:30:00", "2026-02-03", "2026-02-02T23:30:00Z"},
		{"", "America/Sao_Paulo", "20260203T013000Z", "2026-02-02", "2026-02-03T01:30:00Z"},
		{"", "", "2026-02-03 24:00:00", "set dateFormat", ""},
		{"DD/MM/YYYY", "", "03/02/2026", "2026-02-03", ""},
		{"DD/MM/YYYY", "", "3/2/2026", "2026-02-03", ""},
		{"dd/MM/yyyy HH:mm:ss", "", "03/02/2026 14:15:16", "2026-02-03", "2026-02-03T14:15:16Z"},
		{"MM/DD/YYYY", "", "02/03/2026 2:15 PM", "2026-02-03", "2026-02-03T14:15:00Z"},
		{"MM/DD/YYYY", "", "02/03/2026 12:00 am", "2026-02-03", "2026-02-03T00:00:00Z"},
		{"MM/DD/YYYY", "", "02/03/2026 13:00 PM", "is not a date as MM/DD/YYYY", ""},
		{"MM/DD/YYYY", "", "13/03/2026", "is not a day of any calendar", ""},
		{"DD.MM.YYYY", "", "31.02.2026", "is not a day of any calendar", ""},
		{"DD.MM.YY", "", "03.02.26", "2026-02-03", ""},
		{"DD.MM.YY", "", "03.02.99", "1999-02-03", ""},
		{"DD.MM.YYYY", "", "03.02.26", "is not a date as DD.MM.YYYY", ""},
		{"DDMMYYYY", "", "03022026", "2026-02-03", ""},
		{"DDMMYYYY", "", "3022026", "is not a date as DDMMYYYY", ""},
		{"YYYY-MM-DD", "", "2026-02-030", "is not a date as YYYY-MM-DD", ""},
		{"unix", "", "1770076800", "2026-02-03", "2026-02-03T00:00:00Z"},
		{"unix", "America/Sao_Paulo", "1770076800", "2026-02-02", "2026-02-03T00:00:00Z"},
		{"unixMillis", "", "1770076800123", "2026-02-03", "2026-02-03T00:00:00.123Z"},
		{"unix", "", "soon", "is not a date as unix", ""},
		{"unix", "", "9999999999999", "is outside", ""},
		{"", "", "2026-02-03T10:11:12+2", "set dateFormat", ""},
		{"", "", "2026-02-03Q", "set dateFormat", ""},
		{"", "", "2026-02-03T10", "set dateFormat", ""},
	} {
		r, err := newDateReader(c.format, c.zone)
		require.NoError(t, err)
		day, instant, err := r.read(c.text)
		if err != nil {
			require.ErrorContains(t, err, c.day, "%q as %q", c.text, c.format)
			require.Equal(t, recon.NoDay, day)
			continue
		}
		require.Equal(t, c.day, day.String(), "%q as %q", c.text, c.format)
		got := ""
		if !instant.IsZero() {
			got = instant.Format(time.RFC3339Nano)
		}
		require.Equal(t, c.instant, got, "%q as %q", c.text, c.format)
	}
}

func TestDateFormatsThatAreNone(t *testing.T) {
	for _, format := range []string{"YYYY", "DD/MM", "DD/DD/YYYY", "%d.%m.%Y", "02/01/2006", "DD/MM/YYYYY", "jj.mm.aaaa", "Ödd.MM.YYYY"} {
		_, err := newDateReader(format, "")
		require.ErrorContains(t, err, "is not a date format", format)
	}
	_, err := newDateReader("", "Berlin")
	require.ErrorContains(t, err, "is not an IANA time zone")
}

// TestEveryDayIsReadBack writes every kind of date that formats can say and reads the same day.
func TestEveryDayIsReadBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		day := recon.Epoch + recon.Day(rapid.Int32Range(0, 47000).Draw(t, "day")) // 1970 to 2098
		order := rapid.SampledFrom(orders).Draw(t, "order")
		format := rapid.SampledFrom([]string{order.day, cmp.Or(order.month, order.day), "YYYY-MM-DD", "DD-MMM-YYYY"}).Draw(t, "format")
		if strings.HasSuffix(format, "YY") && !strings.HasSuffix(format, "YYYY") && day > 36000 {
			return // two digits say no century
		}
		layout := strings.NewReplacer("YYYY", "2006", "YY", "06", "MMM", "Jan", "MM", "01", "DD", "02").Replace(format)
		r, err := newDateReader(format, "")
		check(t, err)
		got, _, err := r.read(day.Time().Format(layout))
		check(t, err)
		if got != day {
			t.Fatalf("%s as %s became %s", day, format, got)
		}
	})
}

// FuzzT37_Date: a day that reads is a real one, and no text makes a reader fall over.
func FuzzT37_Date(f *testing.F) {
	for _, seed := range []string{"2026-02-03T10:11:12.5+02:00", "3. März 2026", "03/02/2026 2:15 PM", "1770076800", "20260203T013000Z", "\xff-01-02", "2026-02-03+"} {
		f.Add(seed)
	}
	var readers []*dateReader
	for _, format := range []string{"", "DD/MM/YYYY", "MMM DD YY", "unix", "unixMillis", "YYYYMMDD HHmm"} {
		for _, zone := range []string{"", "Asia/Kathmandu"} {
			r, err := newDateReader(format, zone)
			if err != nil {
				f.Fatal(err)
			}
			readers = append(readers, r)
		}
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, r := range readers {
			day, instant, err := r.read(text)
			if err == nil && (!day.Plausible() || !instant.IsZero() && (recon.DayOf(instant)-day > 1 || day-recon.DayOf(instant) > 1)) {
				t.Fatalf("%q is %s at %s", text, day, instant)
			}
		}
	})
}
