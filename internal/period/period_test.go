//go:build unit || !integration

package period

import (
	"bytes"
	"crypto/sha256"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/engine"
	"matcher/internal/mapping"
	"matcher/internal/recon"
	"matcher/internal/setup"
)

const setupText = `
rules:
  - name: by reference
    type: DATE_LAG
    keys: [{left: reference, right: reference}]
    amount: {mode: TOLERANCE, abs: "0.10"}
    date: {maxDays: 10}
  - name: in parts
    type: GROUPED
    keys: [{left: description, right: description}]
    group: {by: {right: [description]}}
    date: {maxDays: 90}
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

// rowOf reads "id|date|reference|amount currency|description"; a date that ends in ? is that of a pending row.
func rowOf(t *testing.T, row int, text string) recon.Transaction {
	t.Helper()
	cells := strings.Split(text, "|")
	date, pending := strings.CutSuffix(cells[1], "?")
	amount, currency, _ := strings.Cut(cells[3], " ")
	money, err := recon.ParseMoney(amount, currency)
	require.NoError(t, err)
	tx := recon.Transaction{
		Row: row, Line: row + 1, ExternalID: cells[0], Reference: cells[2], Amount: money.Amount, Currency: currency, Date: day(date),
		ValueDate: day(date), Description: cells[4], BookingStatus: recon.Booked, Digest: sha256.Sum256([]byte(text)),
	}
	if pending {
		tx.BookingStatus = recon.Pending
	}
	return tx
}

// month is one period of a test: what it reads and from what it starts.
type month struct {
	left, right []string
	carry       *Carry
	setup       string // "" is setupText
	options     recon.RunOptions
	balances    [2]string
	rejected    []recon.RowSet
}

// closed reconciles the month.
func (m month) closed(t *testing.T) *Closing {
	t.Helper()
	if m.carry == nil {
		m.carry = &Carry{}
	}
	if m.setup == "" {
		m.setup = setupText
	}
	setup, faults := setup.Decode([]byte(m.setup))
	require.Empty(t, faults)
	options := setup.Options()
	options.Partials, options.Rejected = m.carry.Partials, slices.Concat(m.carry.Rejected, m.rejected)
	if m.options.To != 0 {
		options.From, options.To = m.options.From, m.options.To
	}
	plan, faults := engine.Compile(setup.Rules, options)
	require.Empty(t, faults)
	c := &Closing{Written: "a test", Plan: plan, Carry: m.carry}
	for side, texts := range [2][]string{m.left, m.right} {
		c.Sides[side] = readSide(t, plan, m.carry, side, texts)
	}
	plan.Options.Covered = recon.Covered{Left: m.carry.AsOf(), Right: m.carry.AsOf()}
	result, err := engine.Run(plan, c.Sides[0].Table, c.Sides[1].Table, nil)
	require.NoError(t, err)
	c.Result = result
	result.Bridge, err = m.carry.WithEarlier(result.Bridge)
	require.NoError(t, err)
	for side, text := range m.balances {
		balances, err := ParseBalances(text)
		require.NoError(t, err)
		c.Stated[side], err = balances.In(c.Sides[side].Side, result.Bridge)
		require.NoError(t, err)
	}
	_, err = m.carry.Start(result.Bridge, c.Stated, [2]string{"books", "bank"})
	require.NoError(t, err)
	return c
}

func readSide(t *testing.T, plan *engine.Plan, carry *Carry, side int, texts []string) Side {
	t.Helper()
	name, of := []string{"books", "bank"}[side], []recon.Side{recon.Left, recon.Right}[side]
	table := engine.NewTable(plan, of, 0)
	known := mapping.Identities{}
	require.NoError(t, carry.Remember(of, func(string) *mapping.Identities { return &known }))
	for i := range carry.Rows[side] {
		row := &carry.Rows[side][i]
		require.NoError(t, table.Carry(&row.Tx, row.ID, row.Source))
	}
	rows := make([]recon.Transaction, len(texts))
	for i, text := range texts {
		rows[i] = rowOf(t, i+1, text)
		row := mapping.Row{Tx: rows[i], Identity: mapping.Identity(&rows[i])}
		known.Admit(&row)
		rows[i] = row.Tx
		switch row.Verdict {
		case mapping.Fresh:
			require.NoError(t, table.Add(&rows[i], int64(i), name))
		case mapping.Duplicate:
			table.Duplicates++
		default:
			table.Rejected++
		}
	}
	return Side{
		Side: of, Name: name, Table: table,
		Sources: []Source{NewSource(of, name, false, recon.FieldMap{Decimal: ".", Fields: map[string]recon.MapField{}}, false)},
		File: func(row uint32) string {
			if carried := carry.Row(side, table.ID(row)); carried != nil {
				return carried.File
			}
			return name + ".csv"
		},
		Transaction: func(row uint32) recon.Transaction {
			if carried := carry.Row(side, table.ID(row)); carried != nil {
				return carried.Tx
			}
			return rows[table.ID(row)]
		},
	}
}

func write(t *testing.T, c *Closing) string {
	t.Helper()
	var out bytes.Buffer
	require.NoError(t, c.Write(&out))
	return out.String()
}

func read(t *testing.T, text string) *Carry {
	t.Helper()
	c, err := Read(strings.NewReader(text), "open.ndjson")
	require.NoError(t, err)
	return c
}

func january(t *testing.T) month {
	t.Helper()
	return month{
		left: []string{
			"L1|2026-01-05|INV-1|10.05 EUR|",
			"L2|2026-01-10||900.00 EUR|INV-2",
			"L3|2026-01-30|INV-3|100.00 EUR|",
			"|2026-01-20||77.00 EUR|",
		},
		right: []string{
			"R1|2026-01-06|INV-1|10.00 EUR|",
			"R2|2026-01-15||330.00 EUR|INV-2",
			"R3|2026-01-21||77.00 EUR|",
			"R4|2026-01-22?|INV-9|5.00 EUR|",
			"|2026-01-07|INV-8|1.00 USD|",
		},
	}
}
