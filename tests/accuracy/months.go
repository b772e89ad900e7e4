package main

import (
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"matcher/examples"
)

const (
	monthsSeed  = 7
	monthCases  = 400 // in each month
	monthWindow = 45  // days in which the last part of a payment must come
	centPlaces  = 2
)

// monthsSetup reconciles claims with a bank: payments, payments in parts, payouts that name their orders, payments that
// are a little short, and bank fees. The books take over what is short and the fees a month later.
const monthsSetup = `
left: {source: claims, map: {externalId: id, reference: ref, rows: CLAIMS}}
right: {source: bank, map: {externalId: id, reference: ref, kind: kind, rows: MOVEMENTS}}
rules:
  - {name: paid, type: DATE_LAG, date: {maxDays: 10, direction: LEFT_FIRST}}
  - name: paid in parts
    type: GROUPED
    keys: [{left: reference, right: reference}]
    group: {by: {right: [reference]}}
    date: {maxDays: 45, direction: LEFT_FIRST}
    confirm: {autoAt: 60}
  - name: payout names its orders
    type: SUBSET_SUM
    keys: [{left: reference, right: metadata.orders, split: ";"}]
    group: {cardinality: "N:1"}
    date: {maxDays: 20, direction: LEFT_FIRST}
    confirm: {autoAt: 60}
  - name: paid a little short
    type: TOLERANCE
    keys: [{left: reference, right: reference}]
    amount: {abs: "1.00", side: SHORT}
    date: {maxDays: 10, direction: LEFT_FIRST}
    difference: {reason: DISCOUNT, account: "4730"}
  - {name: bank fees, type: POST, where: {right: "kind == 'FEE'"}, difference: {reason: FEE}, post: {account: "6855"}}
accountField: metadata.contra
`

// entry is a row of a side; cents may be of the customer's money or of ours.
type entry struct {
	id, ref, orders string
	kind, contra    string
	day             time.Time
	cents           int
}

// match is a group that is true from the day of its last row on, until it is taken back; the zero day is never.
type match struct {
	left, right []entry
	takenBack   time.Time
}

// world is three months around the turn of a year, and which groups are true.
type world struct {
	random *rand.Rand
	sides  [2][]entry
	truth  []match
	n      int
}

func (w *world) row(side int, day time.Time, ref, orders string, cents int) entry {
	w.n++
	e := entry{id: fmt.Sprintf("%c%d", "LR"[side], w.n), ref: ref, orders: orders, day: day, cents: cents}
	w.sides[side] = append(w.sides[side], e)
	return e
}

func (w *world) days(from, to int) time.Duration {
	return time.Duration(from+w.random.IntN(to-from+1)) * 24 * time.Hour
}

func makeWorld(first time.Time) *world {
	w := &world{random: rand.New(rand.NewPCG(monthsSeed, monthsSeed))}
	for month := range 3 {
		for n := range monthCases {
			day := first.AddDate(0, month, w.random.IntN(28))
			ref, cents := fmt.Sprintf("K%d%04d", month+1, n), 1000+w.random.IntN(90_000)
			switch w.random.IntN(12) {
			case 0:
				w.returned(day, ref, cents)
			case 1:
				w.parts(day, ref, cents)
			case 2:
				w.payout(day, ref)
			case 3:
				w.pair(w.row(0, day, ref, "", cents), w.row(1, day.Add(w.days(0, 6)), ref, "", cents-1-w.random.IntN(100)))
			case 4:
				w.fee(day)
			default:
				w.pair(w.row(0, day, ref, "", cents), w.row(1, day.Add(w.days(0, 6)), ref, "", cents))
			}
		}
	}
	return w
}

func (w *world) pair(left, right entry) {
	w.truth = append(w.truth, match{left: []entry{left}, right: []entry{right}})
}

// returned is a debit that comes back days or weeks later. Confirming it is right only while it is not back.
func (w *world) returned(day time.Time, ref string, cents int) {
	left, paid := w.row(0, day, ref, "", cents), day.Add(w.days(1, 5))
	w.pair(left, w.row(1, paid, ref, "", cents))
	back := w.row(1, paid.Add(w.days(2, 40)), ref, "", -cents)
	w.truth[len(w.truth)-1].takenBack = back.day
}

// parts is a claim that is paid twice, the second time perhaps too late for the rule.
func (w *world) parts(day time.Time, ref string, cents int) {
	left, one, two := w.row(0, day, ref, "", cents), w.days(1, 5), w.days(6, 70)
	right := []entry{w.row(1, day.Add(one), ref, "", cents/3), w.row(1, day.Add(two), ref, "", cents-cents/3)}
	if two <= monthWindow*24*time.Hour {
		w.truth = append(w.truth, match{left: []entry{left}, right: right})
	}
}

// payout names three orders; one in four names a fourth that is in no books, and is never confirmed.
func (w *world) payout(day time.Time, ref string) {
	var orders []entry
	var names []string
	sum := 0
	for n := range 3 {
		cents, name := 100+w.random.IntN(9000), fmt.Sprintf("%s-%d", ref, n)
		orders, names, sum = append(orders, w.row(0, day, name, "", cents)), append(names, name), sum+cents
	}
	missing := w.random.IntN(4) == 0
	if missing {
		names = append(names, ref+"-9")
	}
	right := w.row(1, day.Add(w.days(2, 6)), "", strings.Join(names, ";"), sum)
	if !missing {
		w.truth = append(w.truth, match{left: orders, right: []entry{right}})
	}
}

// truthBefore is the truth.csv of what the rows before a day show.
func (w *world) truthBefore(to time.Time) string {
	var out strings.Builder
	out.WriteString("left_id,right_id,why,decides\n")
	for _, m := range w.truth {
		later := func(e entry) bool { return !e.day.Before(to) }
		if slices.ContainsFunc(m.left, later) || slices.ContainsFunc(m.right, later) ||
			!m.takenBack.IsZero() && m.takenBack.Before(to) {
			continue
		}
		for _, left := range m.left {
			for _, right := range m.right {
				fmt.Fprintf(&out, "%s,%s,,rule\n", left.id, right.id)
			}
		}
	}
	return out.String()
}

func money(cents int) string {
	sign := ""
	if cents < 0 {
		sign, cents = "-", -cents
	}
	return fmt.Sprintf("%s%d.%0*d", sign, cents/100, centPlaces, cents%100)
}

// write writes the rows of both sides in [from, to) and returns the files, and the balances of all rows before to.
func (w *world) write(folder string, from, to time.Time) (files []string, balances [2]string, err error) {
	for side, rows := range w.sides {
		path, sum := filepath.Join(folder, []string{"claims.csv", "bank.csv"}[side]), 0
		lines := [][]string{{"id", "date", "ref", "orders", "kind", "contra", "amount", "currency"}}
		for _, r := range rows {
			if !r.day.Before(to) {
				continue
			}
			sum += r.cents
			if !r.day.Before(from) {
				lines = append(lines, []string{
					r.id, r.day.Format(time.DateOnly), r.ref, r.orders, r.kind, r.contra, money(r.cents), "EUR",
				})
			}
		}
		file, err := os.Create(path)
		if err != nil {
			return nil, balances, err
		}
		if err := errors.Join(csv.NewWriter(file).WriteAll(lines), file.Close()); err != nil {
			return nil, balances, err
		}
		files, balances[side] = append(files, path), money(sum)
	}
	return files, balances, nil
}

// closing is what a bridge comes to.
type closing struct{ Left, Right, Adjusted, ToBook, Timing, Unexplained string }

var errMonths = errors.New("three months do not come out as they should")

// months reconciles three months one after the other, and all at once: nothing wrong is confirmed, each month ends at
// the balances of its rows, and the last one as all of them do.
func months(binary, folder string, out io.Writer) error {
	first := time.Date(2025, 11, 1, 0, 0, 0, 0, time.UTC)
	m := monthly{world: makeWorld(first), binary: binary, folder: folder, out: out}
	var last closing
	for n := range 3 {
		var carry []string
		if n > 0 {
			carry = []string{"--carry", filepath.Join(folder, fmt.Sprintf("month-%d", n), "out")}
		}
		var err error
		last, err = m.reconcile(fmt.Sprintf("month-%d", n+1), first.AddDate(0, n, 0), first.AddDate(0, n+1, 0), carry...)
		if err != nil {
			return err
		}
		if n < 2 {
			err = m.book(filepath.Join(folder, fmt.Sprintf("month-%d", n+1), "out", "journal.csv"), first.AddDate(0, n+1, 0))
			if err != nil {
				return err
			}
		}
	}
	whole, err := m.reconcile("all at once", first, first.AddDate(0, 3, 0))
	if err != nil {
		return err
	}
	if whole != last {
		m.fail("the third month ends as %v, one run over all as %v", last, whole)
	}
	return m.failed
}

// monthly runs the command over the rows of some days.
type monthly struct {
	*world

	binary, folder string
	out            io.Writer
	failed         error
}

func (m *monthly) fail(format string, args ...any) {
	m.failed = errors.Join(m.failed, fmt.Errorf("%w: %s", errMonths, fmt.Sprintf(format, args...)))
}

// reconcile runs the command over the rows in [from, to) and judges what it confirms by the truth before to.
func (m *monthly) reconcile(name string, from, to time.Time, carry ...string) (end closing, err error) {
	own := filepath.Join(m.folder, name)
	if err := os.MkdirAll(own, 0o700); err != nil {
		return end, err
	}
	files, balances, err := m.write(own, from, to)
	if err != nil {
		return end, err
	}
	setup := filepath.Join(own, "recon.yaml")
	if err := os.WriteFile(setup, []byte(monthsSetup), 0o600); err != nil {
		return end, err
	}
	args := append([]string{"match", "--setup", setup, "--out", filepath.Join(own, "out"), "--json"}, append(carry, files...)...)
	printed, err := exec.Command(m.binary, args...).Output()
	if err != nil {
		return end, fmt.Errorf("%s: %w", name, err)
	}
	var result struct{ Bridge []closing }
	if err := json.Unmarshal(printed, &result); err != nil {
		return end, fmt.Errorf("%s: %w", name, err)
	}
	if len(result.Bridge) != 1 {
		return end, fmt.Errorf("%w: %s has %d bridges, of one currency", errMonths, name, len(result.Bridge))
	}
	end = result.Bridge[0]
	if end.Left != balances[0] || end.Right != balances[1] {
		m.fail("%s ends at %s and %s, its rows at %s and %s", name, end.Left, end.Right, balances[0], balances[1])
	}
	groups, err := os.Open(filepath.Join(own, "out", "groups.csv"))
	if err != nil {
		return end, err
	}
	defer groups.Close()
	rest, err := m.judgeBooked(name, groups, from, to)
	if err != nil {
		return end, err
	}
	score, err := examples.Judge(strings.NewReader(m.truthBefore(to)), rest)
	if carry != nil { // what an earlier month has confirmed is missed by no later one
		score.True, score.Found, score.Missed = score.Confirmed, score.Confirmed-len(score.Wrong), nil
	}
	m.failed = errors.Join(m.failed, show(m.out, name, &score))
	if len(score.Wrong) > 0 {
		m.fail("%s confirms what is not true", name)
	}
	return end, err
}
