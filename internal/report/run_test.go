//go:build unit || !integration

package report

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/engine"
	"matcher/internal/recon"
	"matcher/internal/setup"
)

const monthSetup = `
asOf: 2026-02-15
rules:
  - name: by reference
    type: DATE_LAG
    keys: [{left: reference, right: reference}]
    amount: {mode: TOLERANCE, abs: "0.10"}
    date: {maxDays: 3}
  - name: in parts
    type: GROUPED
    keys: [{left: description, right: description}]
    group: {by: {right: [description]}}
    date: {maxDays: 20}
    partial: {allow: true}
  - name: same amount
    type: DATE_LAG
    keys: []
    date: {maxDays: 3}
`

func day(text string) recon.Day {
	d, err := recon.ParseDay(text)
	if err != nil {
		panic(err)
	}
	return d
}

// rowOf reads "id|date|reference|amount currency|description".
func rowOf(t *testing.T, row int, text string) recon.Transaction {
	t.Helper()
	cells := strings.Split(text, "|")
	date := day(cells[1])
	amount, currency, _ := strings.Cut(cells[3], " ")
	money, err := recon.ParseMoney(amount, currency)
	require.NoError(t, err)
	return recon.Transaction{
		Row: row, Line: row + 1, ExternalID: cells[0], Reference: cells[2], Amount: money.Amount, Currency: currency, Date: date,
		ValueDate: date, Description: cells[4], BookingStatus: recon.Booked,
	}
}

// newRun reconciles rows of two sides; those whose text begins with * are carried.
func newRun(t *testing.T, text string, left, right []string, with ...func(*recon.RunOptions)) *Run {
	t.Helper()
	setup, faults := setup.Decode([]byte(text))
	require.Empty(t, faults)
	options := setup.Options()
	options.Covered = recon.Covered{Left: options.AsOf, Right: options.AsOf}
	for _, change := range with {
		change(&options)
	}
	plan, faults := engine.Compile(setup.Rules, options)
	require.Empty(t, faults)
	r := &Run{Plan: plan}
	for side, texts := range [2][]string{left, right} {
		name, of := []string{"books", "bank"}[side], []recon.Side{recon.Left, recon.Right}[side]
		table := engine.NewTable(plan, of, 0)
		rows := make([]recon.Transaction, len(texts))
		for i, text := range texts {
			text, carried := strings.CutPrefix(text, "*")
			rows[i] = rowOf(t, i+1, text)
			add := table.Add
			if carried {
				add = table.Carry
			}
			require.NoError(t, add(&rows[i], int64(i), name))
		}
		r.Sides[side] = Side{
			Side: of, Name: name, Table: table,
			Place: func(row uint32) Place {
				i := table.ID(row)
				return Place{File: name + ".csv", Row: int(i) + 1, Carried: strings.HasPrefix(texts[i], "*")}
			},
			Transaction: func(row uint32) recon.Transaction { return rows[table.ID(row)] },
			Files:       []File{{Path: name + ".csv", Rows: int64(len(texts)), ReadAs: "by its map"}},
		}
	}
	result, err := engine.Run(plan, r.Sides[0].Table, r.Sides[1].Table, nil)
	require.NoError(t, err)
	r.Result = result
	return r
}

// month has a group of every kind and open rows of several.
func month(t *testing.T) *Run {
	t.Helper()
	return newRun(t, monthSetup, []string{
		"L1|2026-01-05|INV-1|100.00 EUR|=paid",
		"L2|2026-01-06||900.00 EUR|INV-2",
		"L3|2026-01-07||77.00 EUR|",
		"L4|2026-01-08|INV-4|50.00 EUR|dinner",
		"*|2026-01-02|INV-5|5.00 EUR|",
		"|2026-01-03|INV-6|6.00 EUR|",
	}, []string{
		"R1|2026-01-06|INV-1|99.95 EUR|",
		"R2|2026-01-07||300.00 EUR|INV-2",
		"R3|2026-01-08||77.00 EUR|",
		"R4|2026-01-09|INV-4|50.90 EUR|",
		"R5|2026-01-09|OTHER|1.00 USD|",
	})
}

func written(t *testing.T, write func(*bytes.Buffer) error) string {
	t.Helper()
	var out bytes.Buffer
	require.NoError(t, write(&out))
	return out.String()
}

func TestGroupsAreALineARow(t *testing.T) {
	t.Parallel()
	r := month(t)
	require.Equal(t, `group_id,status,rule,score,side,external_id,row,amount,currency,date,allocated,difference,difference_reason,held_by,alternatives
G1,CONFIRMED,by reference,88,LEFT,L1,1,100.00,EUR,2026-01-05,100.00,0.05,ROUNDING,,0
G1,CONFIRMED,by reference,88,RIGHT,R1,1,99.95,EUR,2026-01-06,99.95,0.05,ROUNDING,,0
G2,PARTIAL,in parts,64,LEFT,L2,2,900.00,EUR,2026-01-06,900.00,600.00,,,0
G2,PARTIAL,in parts,64,RIGHT,R2,2,300.00,EUR,2026-01-07,300.00,600.00,,,0
G3,PROPOSED,same amount,50,LEFT,L3,3,77.00,EUR,2026-01-07,77.00,0.00,,NO_KEY,0
G3,PROPOSED,same amount,50,RIGHT,R3,3,77.00,EUR,2026-01-08,77.00,0.00,,NO_KEY,0
`, written(t, func(to *bytes.Buffer) error { return r.WriteGroups(to) }))
}

func TestAGroupOfSeveralCurrenciesNamesThatOfItsDifference(t *testing.T) {
	t.Parallel()
	r := mixed(t)
	require.Contains(t, written(t, func(to *bytes.Buffer) error { return r.WriteGroups(to) }),
		"RIGHT,R1,1,125.00,USD,2026-03-02,125.00,0.50 EUR,FX_DIFFERENCE,,0")
}

// mixed has one group in two currencies, proposed where a difference is not confirmed.
func mixed(t *testing.T) *Run {
	t.Helper()
	return newRun(t, `
rates: [{from: EUR, to: USD, date: 2026-03-01, rate: 1.25, type: ECB}]
rules:
  - name: in euro
    type: DATE_LAG
    keys: [{left: reference, right: reference}]
    currency: {to: EUR}
    amount: {abs: 1}
`, []string{"L1|2026-03-02|INV-1|100.50 EUR|"}, []string{"R1|2026-03-02|INV-1|125.00 USD|"})
}

func TestOpenRowsNameWhatIsNearest(t *testing.T) {
	t.Parallel()
	r := month(t)
	require.Equal(t, `side,external_id,row,reference,amount,currency,date,description,class,reason,age_days,nearest_external_id,nearest_difference,suggestion
LEFT,,5,INV-5,5.00,EUR,2026-01-02,,MISSING,NO_CANDIDATE,44,,,
LEFT,,6,INV-6,6.00,EUR,2026-01-03,,MISSING,NO_CANDIDATE,43,,,
LEFT,L4,4,INV-4,50.00,EUR,2026-01-08,dinner,BREAK,AMOUNT_DIFFERS,38,R4,-0.90,"change the amount by +0.90 (+0.80 is enough), or allow 0.90 under ""by reference"""
RIGHT,R5,5,OTHER,1.00,USD,2026-01-09,,MISSING,NO_CANDIDATE,37,,,
RIGHT,R4,4,INV-4,50.90,EUR,2026-01-09,,BREAK,AMOUNT_DIFFERS,37,L4,0.90,"change the amount by -0.90 (-0.80 is enough), or allow 0.90 under ""by reference"""
`, written(t, func(to *bytes.Buffer) error { return r.WriteOpen(to) }))
}

func TestRejectedRowsHaveALineAFault(t *testing.T) {
	t.Parallel()
	r := month(t)
	r.Sides[1].Files[0].Rejects = []recon.RowError{{Line: 4, Row: 3, Field: "amount", Value: "=1+1", Reason: "is no amount"}}
	require.Equal(t, "file,line,field,value,reason\nbank.csv,4,amount,'=1+1,is no amount\n",
		written(t, func(to *bytes.Buffer) error { return r.WriteRejected(to) }))
}

func TestARowWithoutAnIdIsNamedByItsPlace(t *testing.T) {
	t.Parallel()
	r := month(t)
	for row := range uint32(r.Sides[0].Table.Len()) {
		want := map[int64]string{0: "L1", 4: "row 5 of books.csv", 5: "row 6"}
		if label, listed := want[r.Sides[0].Table.ID(row)]; listed {
			require.Equal(t, label, r.Sides[0].Label(row))
		}
	}
}

func TestTheMostMoneyComesFirstAndRowsInTransitLast(t *testing.T) {
	t.Parallel()
	r := month(t)
	rows, total := r.LargestOpen(2)
	require.Equal(t, 5, total)
	require.Equal(t, []string{"R4", "L4"}, []string{rows[0].ID, rows[1].ID})
	require.Equal(t, "dinner", rows[1].Text())
	require.Equal(t, "INV-4", rows[0].Text())
}
