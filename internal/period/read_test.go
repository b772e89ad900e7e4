//go:build unit || !integration

package period

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"
)

// sealed ends lines as a Closing does.
func sealed(lines []string) string {
	text := strings.Join(lines, "\n") + "\n"
	sum := sha256.Sum256([]byte(text))
	return text + fmt.Sprintf(`{"type":"end","lines":%d,"sha256":"%s"}`, len(lines), hex.EncodeToString(sum[:])) + "\n"
}

func TestReadBelievesNothing(t *testing.T) {
	t.Parallel()
	good := strings.Split(strings.TrimSuffix(write(t, january(t).closed(t)), "\n"), "\n")
	lines := good[:len(good)-1]
	at := func(kind string) int {
		for i, line := range lines {
			if strings.HasPrefix(line, `{"type":"`+kind) {
				return i
			}
		}
		t.Fatal("no line of type " + kind)
		return 0
	}
	// with returns the file with a text replaced in the first line of a type, and a new end.
	with := func(kind, old, text string) string {
		changed := append([]string{}, lines...)
		i := at(kind)
		require.Contains(t, changed[i], old)
		changed[i] = strings.Replace(changed[i], old, text, 1)
		return sealed(changed)
	}
	without := func(kind string) string {
		i := at(kind)
		return sealed(append(append([]string{}, lines[:i]...), lines[i+1:]...))
	}
	require.Equal(t, strings.Join(good, "\n")+"\n", sealed(lines), "what the test makes is what a Closing writes")
	for name, c := range map[string]struct{ text, want string }{
		"an empty file":           {"", "open.ndjson is not what matcher match --out wrote, since it is empty"},
		"another file":            {"id,date\n", "since its first line is no JSON object"},
		"another type":            {`{"type":"x"}`, `its first line is not of type "open"`},
		"an old file":             {`{"side":"LEFT","amount":"1.00","class":"MISSING"}`, "did not know --carry yet"},
		"no version":              {`{"type":"open"}`, "its first line has no version"},
		"a newer version":         {`{"type":"open","version":3}`, "is of version 3, and this matcher reads up to 2"},
		"no day":                  {with("open", `"asOf":"2026-01-22"`, `"asOf":null`), "line 1: the day asOf is missing"},
		"two balances":            {with("open", `"currency":"USD"`, `"currency":"EUR"`), "line 1: has two balances in EUR"},
		"a wrong balance":         {with("open", `"left":"1087.05"`, `"left":"x"`), "line 1: a balance: "},
		"a balance off by a cent": {with("open", `"left":"1087.05"`, `"left":"1087.06"`), "the balances in EUR do not follow from the rows"},
		"a wrong map":             {with("open", `"map":{`, `"map":{"dezimal":1,`), `line 1: the map of source "books": `},
		"an unknown field":        {with("row", `"amount"`, `"amuont"`), `line 2: unknown field "amuont"`},
		"a third side":            {with("row", `"side":"LEFT"`, `"side":"MIDDLE"`), "line 2: "},
		"a gap in the numbers":    {with("row", `"n":1`, `"n":2`), "line 2: n is 2 where row 1 is due"},
		"an ignored row":          {with("row", `"status":"PARTIAL"`, `"status":"IGNORED"`), "line 2: status is "},
		"a row that cannot be":    {with("row", `"bookingStatus":"BOOKED"`, `"bookingStatus":"?"`), "line 2: bookingStatus is"},
		"a partial row alone":     {without("partial"), "is part of a group that is not here"},
		"a row of no group":       {with("row", `"status":"PARTIAL"`, `"status":"OPEN"`), "of the partial group has not the status PARTIAL"},
		"an unknown row":          {with("partial", `"left":[1]`, `"left":[7]`), "names row 7, which is not carried on that side, or twice"},
		"a row twice":             {with("partial", `"left":[1]`, `"left":[1,1]`), "names row 1"},
		"a group of one":          {with("partial", `"right":[5]`, `"right":[]`), "is a group of fewer than two rows"},
		"a wrong residual":        {with("partial", `"residual":"570.00"`, `"residual":"570.01"`), `residual is "570.01" EUR, but the rows of the group leave 570.00`},
		"settled without a date":  {with("settled", `"date":"2026-01-05"`, `"date":null`), "settled rows without a side or a date"},
		"a settled row cut short": {with("settled", `"rows":["`, `"rows":["x`), "a settled row is 22 or 43 characters of base64"},
		"an unknown type":         {with("settled", `"settled"`, `"sold"`), `has the unknown type "sold"`},
		"a file in a file":        {sealed(append(slices.Clip(lines), lines[0])), "begins another file"},
		"no JSON":                 {sealed(append(slices.Clip(lines), "x")), "is no JSON object"},
		"a line too few":          {strings.Join(append(lines[1:2:2], good[1:]...), "\n"), "its first line is not of type"},
		"a cut file":              {strings.Join(lines, "\n"), "the end is missing: the file was cut off"},
		"a changed line":          {strings.Replace(strings.Join(good, "\n"), "INV-3", "INV-4", 1), "a line above is not as it was written"},
		"a lost line":             {strings.Join(append(append([]string{}, lines[:len(lines)-1]...), good[len(good)-1]), "\n"), "lines were written, and"},
		"more after the end":      {strings.Join(append(append([]string{}, good...), "{}"), "\n"), "follows the end"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Read(strings.NewReader(c.text), "open.ndjson")
			require.ErrorContains(t, err, c.want)
		})
	}
	_, err := Read(iotest.ErrReader(errors.New("the disk is gone")), "open.ndjson")
	require.EqualError(t, err, "open.ndjson cannot be read: the disk is gone")
}
