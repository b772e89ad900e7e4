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

// monthsSetup reconciles claims with a bank: payments, payments in parts, payouts that name their orders.
const monthsSetup = `
left: {source: claims, map: {externalId: id, reference: ref, rows: CLAIMS}}
right: {source: bank, map: {externalId: id, reference: ref, rows: MOVEMENTS}}
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
`

// entry is a row of a side; cents may be of the customer's money or of ours.
type entry struct {
	id, ref, orders string
	day             time.Time
	cents           int
}

// world is three months around the turn of a year, and which groups are true.
type world struct {
	random *rand.Rand
	sides  [2][]entry
	truth  map[string]bool // "L1 + L2 = R1" of what may be confirmed
	n      int
}

func (w *world) row(side int, day time.Time, ref, orders string, cents int) string {
	w.n++
	id := fmt.Sprintf("%c%d", "LR"[side], w.n)
	w.sides[side] = append(w.sides[side], entry{id, ref, orders, day, cents})
	return id
}

func (w *world) days(from, to int) time.Duration {
	return time.Duration(from+w.random.IntN(to-from+1)) * 24 * time.Hour
}

func makeWorld(first time.Time) *world {
	w := &world{random: rand.New(rand.NewPCG(monthsSeed, monthsSeed)), truth: map[string]bool{}}
	for month := range 3 {
		for n := range monthCases {
			day := first.AddDate(0, month, w.random.IntN(28))
			ref, cents := fmt.Sprintf("K%d%04d", month+1, n), 100+w.random.IntN(90_000)
			switch w.random.IntN(10) {
			case 0:
				w.returned(day, ref, cents)
			case 1:
				w.parts(day, ref, cents)
			case 2:
				w.payout(day, ref)
			default:
				w.pair(w.row(0, day, ref, "", cents), w.row(1, day.Add(w.days(0, 6)), ref, "", cents))
			}
		}
	}
	return w
}

func (w *world) pair(left, right string) { w.truth[left+" = "+right] = true }

// returned is a debit that comes back days or weeks later. It was right to confirm it only while it was not back.
func (w *world) returned(day time.Time, ref string, cents int) {
	left, paid := w.row(0, day, ref, "", cents), day.Add(w.days(1, 5))
	right, back := w.row(1, paid, ref, "", cents), paid.Add(w.days(2, 40))
	w.row(1, back, ref, "", -cents)
	if back.Month() != later(day, paid).Month() {
		w.pair(left, right)
	}
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// parts is a claim that is paid twice, the second time perhaps too late for the rule.
func (w *world) parts(day time.Time, ref string, cents int) {
	left, one, two := w.row(0, day, ref, "", cents), w.days(1, 5), w.days(6, 70)
	a, b := w.row(1, day.Add(one), ref, "", cents/3), w.row(1, day.Add(two), ref, "", cents-cents/3)
	if two <= monthWindow*24*time.Hour {
		w.truth[left+" = "+a+" + "+b] = true
	}
}

// payout names three orders; one in four names a fourth that is in no books, and is never confirmed.
func (w *world) payout(day time.Time, ref string) {
	var ids, names []string
	sum := 0
	for n := range 3 {
		cents, name := 100+w.random.IntN(9000), fmt.Sprintf("%s-%d", ref, n)
		ids, names, sum = append(ids, w.row(0, day, name, "", cents)), append(names, name), sum+cents
	}
	missing := w.random.IntN(4) == 0
	if missing {
		names = append(names, ref+"-9")
	}
	right := w.row(1, day.Add(w.days(2, 6)), "", strings.Join(names, ";"), sum)
	if !missing {
		w.truth[strings.Join(ids, " + ")+" = "+right] = true
	}
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
		lines := [][]string{{"id", "date", "ref", "orders", "amount", "currency"}}
		for _, r := range rows {
			if !r.day.Before(to) {
				continue
			}
			sum += r.cents
			if !r.day.Before(from) {
				lines = append(lines, []string{r.id, r.day.Format(time.DateOnly), r.ref, r.orders, money(r.cents), "EUR"})
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
	w, score := makeWorld(first), examples.Score{}
	var failed error
	reconcile := func(name string, from, to time.Time, more ...string) (closing, error) {
		own := filepath.Join(folder, name)
		if err := os.MkdirAll(own, 0o700); err != nil {
			return closing{}, err
		}
		files, balances, err := w.write(own, from, to)
		if err != nil {
			return closing{}, err
		}
		setup := filepath.Join(own, "recon.yaml")
		if err := os.WriteFile(setup, []byte(monthsSetup), 0o600); err != nil {
			return closing{}, err
		}
		args := append([]string{"match", "--setup", setup, "--out", filepath.Join(own, "out"), "--json"}, append(more, files...)...)
		printed, err := exec.Command(binary, args...).Output()
		if err != nil {
			return closing{}, fmt.Errorf("%s: %w", name, err)
		}
		var result struct{ Bridge []closing }
		if err := json.Unmarshal(printed, &result); err != nil || len(result.Bridge) != 1 {
			return closing{}, fmt.Errorf("%s: no bridge of one currency: %w", name, err)
		}
		if end := result.Bridge[0]; end.Left != balances[0] || end.Right != balances[1] {
			failed = errors.Join(failed, fmt.Errorf("%w: %s ends at %s and %s, its rows at %s and %s", errMonths, name,
				end.Left, end.Right, balances[0], balances[1]))
		}
		return result.Bridge[0], w.judge(filepath.Join(own, "out", "groups.csv"), &score)
	}
	var last closing
	for n := range 3 {
		var carry []string
		if n > 0 {
			carry = []string{"--carry", filepath.Join(folder, fmt.Sprintf("month-%d", n), "out")}
		}
		var err error
		last, err = reconcile(fmt.Sprintf("month-%d", n+1), first.AddDate(0, n, 0), first.AddDate(0, n+1, 0), carry...)
		if err != nil {
			return err
		}
	}
	monthly := score
	score = examples.Score{}
	whole, err := reconcile("all", first, first.AddDate(0, 3, 0))
	if err != nil {
		return err
	}
	if whole != last {
		failed = errors.Join(failed, fmt.Errorf("%w: the third month ends as %v, one run over all as %v", errMonths, last, whole))
	}
	for _, s := range []struct {
		name string
		of   examples.Score
	}{{"three months", monthly}, {"all at once", score}} {
		if len(s.of.Wrong) > 0 {
			failed = errors.Join(failed, fmt.Errorf("%w: confirmed and not true: %s", errMonths, strings.Join(s.of.Wrong, ", ")))
		}
		fmt.Fprintf(out, "%-20s %9d %9s %10.4f %8s   %d wrong\n", s.name, s.of.Confirmed, "", s.of.Precision(), "", len(s.of.Wrong))
	}
	return failed
}

// judge counts the confirmed groups of a groups.csv, and those that are not true.
func (w *world) judge(path string, score *examples.Score) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	rows, err := csv.NewReader(file).ReadAll()
	if err != nil {
		return err
	}
	members := map[string]*[2][]string{}
	for _, row := range rows[1:] {
		if row[1] != "CONFIRMED" {
			continue
		}
		if members[row[0]] == nil {
			members[row[0]] = &[2][]string{}
		}
		side := 0
		if row[4] == "RIGHT" {
			side = 1
		}
		members[row[0]][side] = append(members[row[0]][side], row[5])
	}
	for _, m := range members {
		for side := range m {
			slices.SortFunc(m[side], byNumber)
		}
		score.Confirmed++
		if group := strings.Join(m[0], " + ") + " = " + strings.Join(m[1], " + "); !w.truth[group] {
			score.Wrong = append(score.Wrong, group)
		}
	}
	slices.Sort(score.Wrong)
	return nil
}

// byNumber orders ids as they were made.
func byNumber(a, b string) int {
	if len(a) != len(b) {
		return len(a) - len(b)
	}
	return strings.Compare(a, b)
}
