package main

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Ids of rows that are in no pair: fees of the bank, rows that book what is due, and those that do it once more.
const (
	feeID    = "F"
	bookedID = "J"
	againID  = "D"
)

// fee is a charge that no books expect. Its amounts are few, so that many are alike.
func (w *world) fee(day time.Time) {
	e := entry{kind: "FEE", day: day, cents: -50 * (1 + w.random.IntN(10))}
	w.lone(1, feeID, e)
}

func (w *world) lone(side int, id string, e entry) {
	w.n++
	e.id = id + strconv.Itoa(w.n)
	w.sides[side] = append(w.sides[side], e)
}

// book lets the books take over what a month's journal lists as due, in the month that begins on a day: by number or by
// account, now and then by number twice, and some not at all.
func (w *world) book(journal string, month time.Time) error {
	file, err := os.Open(journal)
	if err != nil {
		return err
	}
	defer file.Close()
	lines, err := csv.NewReader(file).ReadAll()
	if err != nil {
		return fmt.Errorf("%s: %w", journal, err)
	}
	column := func(line []string, name string) string { return line[slices.Index(lines[0], name)] }
	for _, line := range lines[1:] {
		if column(line, "booked_by") != "" {
			continue
		}
		cents, err := strconv.Atoi(strings.Replace(column(line, "amount"), ".", "", 1))
		if err != nil {
			return fmt.Errorf("%s: %w", journal, err)
		}
		day := month.Add(w.days(0, 20))
		numbered := entry{ref: column(line, "number"), day: day, cents: cents}
		switch w.random.IntN(8) {
		case 0: // left for another month
		case 1:
			w.lone(0, bookedID, numbered)
			numbered.day = day.Add(w.days(1, 6))
			w.lone(0, againID, numbered)
		case 2, 3, 4:
			w.lone(0, bookedID, numbered)
		default:
			w.lone(0, bookedID, entry{contra: column(line, "account"), day: day, cents: cents})
		}
	}
	return nil
}

// judgeBooked takes the rows out of a groups.csv that are in no pair: of those in [from, to) every fee and every row
// that books something must be there, and none that does it once more.
func (m *monthly) judgeBooked(name string, groups io.Reader, from, to time.Time) (io.Reader, error) {
	lines, err := csv.NewReader(groups).ReadAll()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	id := slices.Index(lines[0], "external_id")
	want, found := map[string]bool{}, map[string]bool{}
	for _, e := range slices.Concat(m.sides[0], m.sides[1]) {
		if strings.ContainsAny(e.id[:1], feeID+bookedID) && !e.day.Before(from) && e.day.Before(to) {
			want[e.id] = true
		}
	}
	rest := lines[:0]
	for _, line := range lines {
		if strings.ContainsAny(line[id][:1], feeID+bookedID+againID) {
			found[line[id]] = true
			continue
		}
		rest = append(rest, line)
	}
	if !maps.Equal(want, found) {
		m.fail("%s: of %d fees and rows that book what is due, %d are in groups", name, len(want), len(found))
	}
	fmt.Fprintf(m.out, "%-20s %9d %9d   fees, and rows that book what is due\n", "", len(found), len(want))
	var out bytes.Buffer
	return &out, errors.Join(csv.NewWriter(&out).WriteAll(rest))
}
