//go:build unit || !integration

package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// bookedSetup leaves discounts and bank fees to be booked.
const bookedSetup = `
left: {source: books, map: {externalId: id, reference: ref, rows: CLAIMS}}
right: {source: bank, map: {externalId: id, reference: ref, kind: kind, rows: MOVEMENTS}}
accountField: metadata.contra
rules:
  - name: paid
    type: TOLERANCE
    keys: [{left: reference, right: reference}]
    amount: {abs: "1.00"}
    date: {maxDays: 5}
    difference: {reason: DISCOUNT, account: "4730"}
  - {name: bank fees, type: POST, where: {right: "kind == 'FEE'"}, difference: {reason: FEE}, post: {account: "6855", text: fees}}
`

const (
	bookedLeft  = "id,date,ref,contra,text,amount,currency\n"
	bookedRight = "id,date,ref,kind,amount,currency\n"
)

func TestAnAdjustmentEndsInALedgerRow(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	in := func(name string) string { return filepath.Join(folder, name) }
	write := func(name, text string) string {
		require.NoError(t, os.WriteFile(in(name), []byte(text), 0o600))
		return in(name)
	}
	setup := write("recon.yaml", bookedSetup)
	match := func(left, right string, more ...string) string {
		return output(t, append([]string{"match", left, right, "--setup", setup}, more...)...)
	}
	rows := func(name string) string {
		text, err := os.ReadFile(in(name))
		require.NoError(t, err)
		return string(text)
	}

	wrong := write("wrong.yaml", strings.Replace(bookedSetup, "metadata.contra", "metadata.kontra", 1))
	args := []string{
		"match", write("l.csv", bookedLeft+"L1,2026-01-05,A,,x,1.00,EUR\n"),
		write("r.csv", bookedRight+"R1,2026-01-05,A,,1.00,EUR\n"), "--setup", wrong,
	}
	refused := run(t.Context(), args, nil, strings.NewReader(""), &bytes.Buffer{}, &bytes.Buffer{})
	require.ErrorContains(t, refused, `/accountField: books has no column "kontra": did you mean "contra"?`)

	januaryLeft := "L1,2026-01-05,A,,invoice,100.00,EUR\nL2,2026-01-06,B,,invoice,50.00,EUR\n"
	januaryRight := "R1,2026-01-06,A,,99.30,EUR\nR2,2026-01-07,B,,50.00,EUR\nR3,2026-01-08,,FEE,-3.50,EUR\n"
	printed := match(write("l1.csv", bookedLeft+januaryLeft), write("r1.csv", bookedRight+januaryRight), "--out", in("jan"))
	require.Contains(t, printed, "books 150.00 − fee 3.50 − discount 0.70 = bank 145.80 ✓\n     to book -4.20 · ")
	require.Contains(t, printed, `POST   -3.50 EUR to 6855 by "bank fees": 1 row`)
	require.Equal(t, "number,date,group_id,rule,reason,account,cost_centre,tax,text,amount,currency,booked_by\n"+
		"ADJ-7T7CQX6NC8F2,2026-01-05,G1,paid,DISCOUNT,4730,,,,-0.70,EUR,\n"+
		"ADJ-ATV0V1DZFAXN,2026-01-08,G3,bank fees,FEE,6855,,,fees,-3.50,EUR,\n", rows("jan/journal.csv"))

	// The discount is booked by its number and the fee by account and amount; J3 books the discount once more.
	februaryLeft := "J1,2026-02-06,ADJ-7T7CQX6NC8F2,,discount,-0.70,EUR\nJ2,2026-02-07,,6855,bank fee,-3.50,EUR\n" +
		"J3,2026-02-08,,4730,booked ADJ-7T7CQX6NC8F2 again,-0.70,EUR\n"
	februaryRight := "R5,2026-02-08,,FEE,-3.50,EUR\n"
	february := func(more ...string) string {
		return match(write("l2.csv", bookedLeft+februaryLeft), write("r2.csv", bookedRight+februaryRight), more...)
	}
	bridge := " + in books only 0.70 − fee 3.50 = bank 142.30 ✓\n     to book -3.50 · unexplained 0.70 · "
	require.Contains(t, february("--carry", in("jan"), "--out", in("feb")), "EUR  books 145.10"+bridge)
	require.Contains(t, rows("feb/unmatched.csv"), "BOOKED_TWICE,0,,,books ADJ-7T7CQX6NC8F2 of 0.70 EUR once more: J1 has booked it")
	require.Contains(t, rows("feb/journal.csv"), "ADJ-ATV0V1DZFAXN,2026-01-08,,,FEE,6855,,,,-3.50,EUR,J2\n")
	require.Contains(t, rows("feb/groups.csv"), "ADJ-ATV0V1DZFAXN,CONFIRMED,,100,LEFT,J2,2,-3.50,EUR,2026-02-07,-3.50,0.00,FEE,,0\n")
	require.Contains(t, february("--carry", in("jan"), "--explain", "J1"), "books ADJ-7T7CQX6NC8F2, of an earlier period")
	require.Contains(t, february("--carry", in("jan"), "--explain", "J3"), "once more: J1 has booked it")

	// A month later the second one is still known for what it is, and so is a third.
	march := match(write("l3.csv", bookedLeft+"J4,2026-03-01,ADJ-7T7CQX6NC8F2,,discount,-0.70,EUR\nJ5,2026-03-02,ADJ-ATV0V1DZFAXN,,fee,-3.40,EUR\n"),
		write("r3.csv", bookedRight+"R9,2026-03-02,Z,,1.00,EUR\n"), "--carry", in("feb"), "--out", in("mar"))
	require.Contains(t, march, "LEFT   confirmed 0 · proposed 0 · break 3\n")
	require.Contains(t, rows("mar/unmatched.csv"), "discount,BREAK,BOOKED_TWICE,1,,,books ADJ-7T7CQX6NC8F2 of 0.70 EUR once more: J1 has booked it")

	// Opened again, a group owes nothing to the books.
	reopened := february("--carry", in("jan"), "--reopen", "L1=R1", "--out", in("reopened"))
	require.NotContains(t, rows("reopened/journal.csv"), "ADJ-7T7CQX6NC8F2")
	require.Contains(t, reopened, "✓")

	all := match(write("la.csv", bookedLeft+januaryLeft+februaryLeft), write("ra.csv", bookedRight+januaryRight+februaryRight), "--out", in("all"))
	require.Contains(t, all, "EUR  books 145.10"+bridge, "as month after month")
	require.Contains(t, rows("all/groups.csv"), "G1,CONFIRMED,paid,86,LEFT,J1,3,-0.70,EUR,2026-02-06,-0.70,0.00,DISCOUNT,,0\n")
	require.Contains(t, match(in("la.csv"), in("ra.csv"), "--explain", "J2"), "books ADJ-ATV0V1DZFAXN, R3")
	require.Equal(t, 3, strings.Count(rows("all/journal.csv"), "ADJ-"))

	cut := match(in("la.csv"), in("ra.csv"), "--to", "2026-01-31")
	require.Contains(t, cut, "books 150.00 − fee 3.50 − discount 0.70 = bank 145.80 ✓\n     to book -4.20 · ", "what is booked later is in no balance of January")
}
