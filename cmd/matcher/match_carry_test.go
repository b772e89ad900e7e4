//go:build unit || !integration

package main

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"matcher/internal/recon"
)

// TestThreeMonthsAreTheSameAsOne goes through a payment across the month's end, an invoice paid in three parts over three
// months, a rejected pair, a row in transit, a payment that is pending in one month and booked for more in the next, and a
// statement that overlaps.
func TestThreeMonthsAreTheSameAsOne(t *testing.T) {
	t.Parallel()
	files := func(month string) [2]string {
		return [2]string{"testdata/carry/" + month + "-books.csv", "testdata/carry/" + month + "-bank.csv"}
	}
	p := monthly{t: t, setup: "testdata/carry/recon.yaml", folder: t.TempDir(), reject: "L4=R9"}
	january := p.next(files("january"))
	require.Equal(t, "PARTIAL", p.last["L2|R2"])
	require.NotContains(t, p.last, "L4|R9", "it was rejected")
	require.Equal(t, "532.00", january.Bridge[0].Right, "what is pending is in it")

	february := p.next(files("february"))
	require.Equal(t, "CONFIRMED", p.last["L3|R3"], "paid across the month's end")
	require.Equal(t, "PARTIAL", p.last["L2|R2+R10"])
	require.NotContains(t, p.last, "L4|R9", "it never returns")
	require.Equal(t, int64(2), february.Left.Duplicates, "one settled in January, one carried")
	require.Equal(t, int64(4), february.Left.Carried)
	require.Equal(t, "1235.05", february.Bridge[0].Left, "January's balance and February's rows")
	require.Equal(t, "CONFIRMED", p.last["L9|R12"], "booked in February, for another amount")
	require.Equal(t, int64(1), february.Right.Duplicates, "its pending row")
	require.Zero(t, february.Right.Rejected)
	require.Equal(t, "907.00", february.Bridge[0].Right, "January's balance without the pending row, and February's rows")

	march := p.next(files("march"))
	require.Equal(t, "CONFIRMED", p.last["L7|R7"], "it was in transit")
	require.Equal(t, "CONFIRMED", p.last["L2|R2+R10+R11"], "the third part")
	require.NotContains(t, p.last, "L4|R9")
	require.Equal(t, int64(2), march.Right.Duplicates, "pending and booked, both of them long known")
	require.Zero(t, march.Right.Rejected)
	p.sameAtOnce(march)
}

// monthly runs month after month, each carrying on from the last.
type monthly struct {
	t         require.TestingT
	setup     string
	folder    string
	reject    string
	files     [][2]string
	last      map[string]string // status of the last month's groups by their rows
	confirmed map[string]string // of all months
}

func (p *monthly) next(files [2]string) recon.Summary {
	out := filepath.Join(p.folder, fmt.Sprintf("month-%d", len(p.files)+1))
	args := []string{files[0], files[1], "--setup", p.setup, "--out", out}
	if len(p.files) > 0 {
		args = append(args, "--carry", filepath.Join(p.folder, fmt.Sprintf("month-%d", len(p.files))))
	} else if p.reject != "" {
		args = append(args, "--reject", p.reject)
	}
	p.files = append(p.files, files)
	summary := p.match(args...)
	p.last = p.groups(out)
	if p.confirmed == nil {
		p.confirmed = map[string]string{}
	}
	for rows, status := range p.last {
		if status == "CONFIRMED" {
			require.NotContains(p.t, p.confirmed, rows, "matched twice")
			p.confirmed[rows] = status
		}
	}
	return summary
}

func (p *monthly) match(args ...string) recon.Summary {
	var out, errs bytes.Buffer
	err := run(context.Background(), append([]string{"match", "--json"}, args...), nil, strings.NewReader(""), &out, &errs)
	require.NoError(p.t, err, errs.String())
	var summary recon.Summary
	require.NoError(p.t, json.Unmarshal(out.Bytes(), &summary))
	return summary
}

// groups of groups.csv: "L1|R1+R2" and its status. A row without an id is called by its date and amount.
func (p *monthly) groups(out string) map[string]string {
	file, err := os.Open(filepath.Join(out, "groups.csv"))
	require.NoError(p.t, err)
	defer file.Close()
	lines, err := csv.NewReader(file).ReadAll()
	require.NoError(p.t, err)
	rows, status := map[string]*[2][]string{}, map[string]string{}
	for _, line := range lines[1:] {
		if rows[line[0]] == nil {
			rows[line[0]] = &[2][]string{}
		}
		name := line[5]
		if name == "" {
			name = line[9] + " " + line[7]
		}
		side := map[string]int{"LEFT": 0, "RIGHT": 1}[line[4]]
		rows[line[0]][side] = append(rows[line[0]][side], name)
		status[line[0]] = line[1]
	}
	groups := map[string]string{}
	for id, of := range rows {
		groups[strings.Join(of[0], "+")+"|"+strings.Join(of[1], "+")] = status[id]
	}
	return groups
}

// sameAtOnce holds what the months gave against all files at once.
func (p *monthly) sameAtOnce(last recon.Summary) {
	out := filepath.Join(p.folder, "at-once")
	args := []string{"--setup", p.setup, "--out", out}
	for _, files := range p.files {
		args = append(args, "--left", "books="+files[0], "--right", "bank="+files[1])
	}
	if p.reject != "" {
		args = append(args, "--reject", p.reject)
	}
	whole := p.match(args...)
	months := maps.Clone(p.last)
	maps.Copy(months, p.confirmed)
	require.Equal(p.t, p.groups(out), months)
	require.Equal(p.t, balancesOf(whole), balancesOf(last))
	require.Equal(p.t, whole.Left.Unmatched, last.Left.Unmatched)
	require.Equal(p.t, whole.Right.Unmatched, last.Right.Unmatched)
}

// balancesOf are both ends of each bridge.
func balancesOf(s recon.Summary) (ends [][3]string) {
	for _, b := range s.Bridge {
		ends = append(ends, [3]string{b.Currency, b.Left, b.Right})
	}
	slices.SortFunc(ends, func(a, b [3]string) int { return strings.Compare(a[0], b[0]) })
	return ends
}

// drawMonths are books and statements of three months: invoices that are paid at once, in parts, a little short, in another
// currency's account, or never; rows that come in the next month's file again; rows without ids; payments that are pending
// first, for another amount, and booked some days later or never.
func drawMonths(t *rapid.T, folder string) [][2]string {
	var rows [2][3][]string
	tell := func(side, day int, id, reference string, cents int, currency, status string) {
		month := min(day/30, 2)
		if day >= 90 {
			return // it has not happened yet
		}
		row := fmt.Sprintf("%s,2026-%02d-%02d,%s,%d.%02d,%s,text,%s", id, month+1, min(day-30*month, 27)+1, reference, cents/100, cents%100, currency, status)
		rows[side][month] = append(rows[side][month], row)
		if month < 2 && rapid.IntRange(0, 9).Draw(t, "again") == 0 {
			rows[side][month+1] = append(rows[side][month+1], row)
		}
	}
	add := func(side, day int, id, reference string, cents int, currency string) {
		if side == 1 && id != "" && rapid.IntRange(0, 2).Draw(t, "pending first") == 0 {
			tell(side, day, id, reference, cents+rapid.IntRange(-3, 3).Draw(t, "pending for"), currency, "pending")
			if day += rapid.IntRange(0, 40).Draw(t, "booked after"); rapid.IntRange(0, 5).Draw(t, "never booked") == 0 {
				return
			}
		}
		tell(side, day, id, reference, cents, currency, "booked")
	}
	for i := range rapid.IntRange(6, 20).Draw(t, "invoices") {
		day, cents := rapid.IntRange(0, 85).Draw(t, "day"), rapid.IntRange(1000, 90_000).Draw(t, "amount")
		currency := rapid.SampledFrom([]string{"EUR", "EUR", "USD"}).Draw(t, "currency")
		reference := fmt.Sprintf("INV-%d", i)
		add(0, day, fmt.Sprintf("L%d", i), reference, cents, currency)
		later := func(from int) int { return from + rapid.IntRange(0, 9).Draw(t, "lag") }
		id := func(part int) string {
			if rapid.IntRange(0, 4).Draw(t, "no id") == 0 {
				return ""
			}
			return fmt.Sprintf("R%d-%d", i, part)
		}
		switch rapid.SampledFrom([]string{"paid", "paid", "short", "parts", "never"}).Draw(t, "fate") {
		case "paid":
			add(1, later(day), id(0), reference, cents, currency)
		case "short":
			add(1, later(day), id(0), reference, cents-rapid.IntRange(1, 10).Draw(t, "short by"), currency)
		case "parts":
			first := cents / 3
			at := later(day)
			add(1, at, id(0), reference, first, currency)
			at += rapid.IntRange(1, 35).Draw(t, "later")
			add(1, at, id(1), reference, first+1, currency)
			at += rapid.IntRange(1, 35).Draw(t, "later")
			add(1, at, id(2), reference, cents-2*first-1, currency)
		}
	}
	var files [][2]string
	for month := range 3 {
		var of [2]string
		for side, name := range []string{"books", "bank"} {
			of[side] = filepath.Join(folder, fmt.Sprintf("%s-%d.csv", name, month+1))
			lines := append([]string{"id,date,reference,amount,currency,description,status", fmt.Sprintf("%s%d,2026-%02d-28,,9%d%d.11,EUR,of the month,booked", name, month, month+1, side, month)}, rows[side][month]...)
			require.NoError(t, os.WriteFile(of[side], []byte(strings.Join(lines, "\n")+"\n"), 0o600))
		}
		files = append(files, of)
	}
	return files
}

func TestAnyMonthsAreTheSameAsOne(t *testing.T) {
	t.Parallel()
	root, months := t.TempDir(), 0
	rapid.Check(t, func(r *rapid.T) {
		months++
		folder := filepath.Join(root, strconv.Itoa(months))
		require.NoError(r, os.Mkdir(folder, 0o700))
		p := monthly{t: r, setup: "testdata/carry/recon.yaml", folder: folder}
		var last recon.Summary
		for _, files := range drawMonths(r, folder) {
			last = p.next(files)
		}
		p.sameAtOnce(last)
	})
}
