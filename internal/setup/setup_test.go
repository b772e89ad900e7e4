//go:build unit || !integration

package setup

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/recon"
)

func TestAFieldOfTheMapBesideIt(t *testing.T) {
	t.Parallel()
	_, faults := Decode([]byte("right: {rows: CLAIMS, date_format: DD/MM/YYYY, source: bank, sauce: x}"))
	var texts []string
	for _, f := range faults {
		texts = append(texts, f.Pointer+" "+f.Message)
	}
	require.Equal(t, []string{
		"/right/rows is a field of the map: write map: {rows: …} (line 1)",
		"/right/date_format is a field of the map: write map: {date_format: …} (line 1)",
		`/right/sauce is not a field here; there are files, source, currency, map, reading, coveredThrough, maxRejected (line 1)`,
	}, texts)
}

func TestASetupIsReadWholeOrEveryFaultIsNamed(t *testing.T) {
	t.Parallel()
	setup, faults := Decode([]byte(`
left:
  source: ledger
  currency: EUR
  maxRejected: 3
  map: {date: posted_at, amount: {columns: [amount], decimal: ","}, negate: true}
right:
  map: {date: booked, amount: amount}
rules:
  - {name: by reference, type: EXACT}
  - {name: by amount, type: EXACT, keys: []}
asOf: 2026-01-31
duplicateDays: 5
maxWriteOff: {EUR: 10.00, JPY: 500}
calendars:
  - {id: TARGET2, weekend: [SATURDAY, SUNDAY], holidays: [2026-01-01, 2026-04-03]}
rates:
  - {from: EUR, to: USD, date: 2026-01-05, rate: 1.0832, type: ECB}
fees:
  - name: cards
    currency: EUR
    items: [{name: scheme, type: PERCENTAGE, percent: 0.5}, {name: gateway, type: FLAT, amount: "0.25"}]
`))
	require.Empty(t, faults)
	require.Equal(t, 5, setup.DuplicateDays)
	require.Equal(t, "2026-04-03", setup.Calendars[0].Holidays[1].String())
	require.Equal(t, recon.Decimal("1.0832"), setup.Rates[0].Rate)
	require.Equal(t, recon.Decimal("0.5"), setup.Fees[0].Items[0].Percent)
	require.Equal(t, "ledger", setup.Left.Source)
	require.Equal(t, "EUR", setup.Left.Currency)
	require.True(t, setup.Left.Map.Negate)
	require.EqualValues(t, 3, *setup.Left.MaxRejected)
	require.Nil(t, setup.Right.MaxRejected)
	require.Equal(t, "2026-01-31", setup.AsOf.String())
	require.Len(t, setup.Rules, 2)
	require.Less(t, setup.Rules[0].Priority, setup.Rules[1].Priority)

	text, err := json.Marshal(setup)
	require.NoError(t, err)
	again, faults := Decode(text)
	require.Empty(t, faults)
	require.Equal(t, setup, again)
}

func TestFaultsOfASetupPointAtTheirPlace(t *testing.T) {
	t.Parallel()
	for document, pointers := range map[string][]string{
		"":                              {""},
		"- left":                        {""},
		"lefft: {}":                     {"/lefft"},
		"left: {}\nleft: {}":            {"/left"},
		"left: [a]":                     {"/left/0"},
		"left: {currency: euro}":        {"/left/currency"},
		"left: {map: {datum: x}}":       {"/left/map/datum"},
		"left: {maxRejected: -1}":       {"/left/maxRejected"},
		"right: {map: 7}":               {"/right/map"},
		"asOf: 31.01.2026":              {"/asOf"},
		"rules: {name: x}":              {"/rules"},
		"rules: [{name: x, tipe: y}]":   {"/rules/0/tipe"},
		"rules: [{name: x, type: ALL}]": {"/rules/0/type"},
		"asOf: never\nleft: {sorce: x}": {"/asOf", "/left/sorce"},

		"duplicateDays: 3661":                        {"/duplicateDays"},
		"duplicateDays: often":                       {"/duplicateDays"},
		"maxWriteOff: {EURO: 1}":                     {"/maxWriteOff/EURO"},
		"maxWriteOff: plenty":                        {"/maxWriteOff"},
		"calendars: [{id: a, holidays: [1.1.2026]}]": {"/calendars/0/holidays/0"},
		"calendars: [{id: a}, {id: a}]":              {"/calendars/1/id"},
		"rates: [{from: EUR, to: USD, rate: 1}]":     {"/rates/0/date"},
		"rates: [{form: EUR}]":                       {"/rates/0/form"},
		"fees: [{name: a, currency: EUR}]":           {"/fees/0/items"},
		"fees: 3":                                    {"/fees"},

		"cases: [{name: a, left: [], right: [], expect: {groups: []}}]":                                       nil,
		"cases: [{left: [], right: r.csv, expect: {totals: {left: {rows: 0}}}}]":                              {"/cases/0/name"},
		"cases: [{name: a, left: [], right: [], expect: {}}]":                                                 {"/cases/0/expect"},
		"cases: [{name: a, expect: {open: []}}]":                                                              {"/cases/0/left", "/cases/0/right"},
		"cases: [{name: a, left: [7], right: {}, expect: {open: []}}]":                                        {"/cases/0/left/0", "/cases/0/right"},
		"cases: [{name: a, left: [{x: [1], y: 2, y: 3}], right: [], expect: {open: []}}]":                     {"/cases/0/left/0/x", "/cases/0/left/0/y"},
		"cases: [{name: a, left: [], right: [], expect: {groups: [{left: [L, L], right: R, status: SURE}]}}]": {"/cases/0/expect/groups/0/left/1", "/cases/0/expect/groups/0/status"},
		"cases: [{name: a, left: [], right: [], expect: {groups: [{left: L, right: R, status: SURE}]}}]":      {"/cases/0/expect/groups/0/status"},
		"cases: [{name: a, left: [], right: [], expect: {groups: [{left: L}]}}]":                              {"/cases/0/expect/groups/0"},
		"cases: [{name: a, left: [], right: [], expect: {open: [{left: L, right: R}]}}]":                      {"/cases/0/expect/open/0"},
		"cases: [{name: a, left: [], right: [], expect: {totals: {left: {matchd: 1}}}}]":                      {"/cases/0/expect/totals/left/matchd"},
		`cases: [{name: a, left: [], right: [], expect: {"": 1}}]`:                                            {"/cases/0/expect/"},
	} {
		_, faults := Decode([]byte(document))
		var got []string
		for _, f := range faults {
			got = append(got, f.Pointer)
		}
		require.ElementsMatch(t, pointers, got, document)
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte("left: {map: {date: a, amount: [b, c]}}\nrules: [{name: x, type: EXACT}]\nasOf: 2026-01-31"))
	f.Add([]byte("duplicateDays: 3\nmaxWriteOff: 5\ncalendars: [{id: a}]\nrates: [{from: EUR, to: USD, date: 2026-01-05, rate: 1}]\nfees: []"))
	f.Add([]byte("cases: [{name: a, left: [{id: 1, x: y}, {z: null}], right: r.csv, expect: {groups: [{left: [1, 2], right: R}], open: [], totals: {groups: {partial: 1}}}}]"))
	f.Add([]byte(`{"right": {"currency": "EUR"}, "rules": null}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		setup, faults := Decode(data)
		if len(faults) > 0 {
			return
		}
		text, err := json.Marshal(setup)
		require.NoError(t, err)
		_, faults = Decode(text)
		require.Empty(t, faults, string(text))
	})
}

func TestOptionsOfASetup(t *testing.T) {
	t.Parallel()
	setup, errs := Decode([]byte(`
asOf: 2026-01-31
duplicateDays: 4
maxWriteOff: "5.00"
calendars: [{id: TARGET2, holidays: [2026-01-01]}]
rates: [{from: EUR, to: USD, date: 2026-01-05, rate: 1.1}]
fees: [{name: cards, currency: EUR, items: [{name: all, type: PERCENTAGE, percent: 1}]}]
`))
	require.Empty(t, errs)
	o := setup.Options()
	require.Equal(t, "2026-01-31", o.AsOf.String())
	require.False(t, o.From.Set())
	require.Equal(t, 4, o.DuplicateDays)
	require.Len(t, o.Calendars[0].Holidays, 1)
	require.Equal(t, recon.Decimal("1.1"), o.Rates[0].Rate)
	require.Equal(t, "EUR", o.FeeSchedules[0].Currency)
	require.Equal(t, recon.Decimal("5.00"), o.MaxWriteOff.Default)
}

func TestASideOfSeveralParts(t *testing.T) {
	t.Parallel()
	setup, faults := Decode([]byte(`
left:
  - {files: "paypal*.csv", source: paypal, reading: paypal.yaml}
  - {files: "in/*.csv", source: stripe, map: {unit: minor}}
  - {source: rest}
right: {reading: {amount: Betrag}}
`))
	require.Empty(t, faults)
	read := func(text string) func(string) ([]byte, error) {
		return func(name string) ([]byte, error) {
			require.Equal(t, "paypal.yaml", name)
			return []byte(text), nil
		}
	}
	other := setup
	other.Left.parts = slices.Clone(other.Left.parts)
	require.Equal(t, "/left/0/reading/amuont", other.ReadReadings(read("amuont: Gross"))[0].Pointer)
	require.Empty(t, setup.ReadReadings(read("amount: Gross")))
	require.Empty(t, setup.CheckSources())
	for path, source := range map[string]string{
		"paypal-1.csv": "paypal", "x/paypal.csv": "paypal", "in/a.csv": "stripe", "out/a.csv": "rest",
	} {
		part, found := setup.Left.For(path)
		require.True(t, found)
		require.Equal(t, source, part.Source, path)
	}
	part, _ := setup.Left.For("paypal-1.csv")
	require.Equal(t, []string{"Gross"}, part.Map.Fields[recon.FieldAmount].Columns)
	require.Equal(t, []string{"Betrag"}, setup.Right.Map.Fields[recon.FieldAmount].Columns)

	text, err := json.Marshal(setup)
	require.NoError(t, err)
	again, faults := Decode(text)
	require.Empty(t, faults)
	require.Equal(t, setup, again)

	setup.Left.parts = setup.Left.parts[:1]
	_, found := setup.Left.For("stripe.csv")
	require.False(t, found)
}

func TestASideOfSeveralPartsThatCannotWork(t *testing.T) {
	t.Parallel()
	for text, pointer := range map[string]string{
		`left: [{files: "a[.csv"}]`:                      "/left/0/files",
		`left: [{files: 3}]`:                             "/left/0/files",
		`left: {map: {amount: a}, reading: {amount: a}}`: "/left/reading",
		`left: [{source: a, maps: {amount: a}}]`:         "/left/0/maps",
		`left: [[{source: a}]]`:                          "/left/0",
		`left: []`:                                       "/left",
	} {
		_, faults := Decode([]byte(text))
		require.NotEmpty(t, faults, text)
		require.Equal(t, pointer, faults[0].Pointer, text)
	}
	setup, _ := Decode([]byte("left: [{files: a.csv}]\nright: [{source: x}, {source: x}]"))
	faults := setup.CheckSources()
	require.Len(t, faults, 2)
	require.Equal(t, "/right/1/source", faults[1].Pointer)
}
