//go:build unit || !integration

package mapping

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/recon"
)

// longStatement is a long statement, of which edit changes rows: cells are day, text, amount and balance.
func longStatement(rows int, edit func(i int, cells []string, balance *int)) []string {
	lines, balance := make([]string, rows), 10_000_00
	for i := range lines {
		amount := (i*7919)%50_000 - 20_000
		cells := []string{fmt.Sprintf("2026-%02d-%02d", 1+i/28%12, 1+i%28), fmt.Sprintf("entry %d", i), "", ""}
		cells[0] = recon.Day(20_000 + i).String()
		balance += amount
		cells[2], cells[3] = cents(amount), ""
		if edit != nil {
			edit(i, cells, &balance)
		}
		if cells[3] == "" {
			cells[3] = cents(balance)
		}
		lines[i] = strings.Join(cells, ",")
	}
	return lines
}

func cents(amount int) string {
	return recon.Money{Amount: recon.Minor(amount), Currency: "EUR"}.String()
}

// readWhole reads a statement to its end and returns what came of its rows besides money, and why it is refused.
func readWhole(t *testing.T, lines []string, hints Hints) (r *Reader, aside []string, err error) {
	t.Helper()
	hints.Side, hints.Currency = recon.Right, "EUR"
	r, err = Open(strings.NewReader("Date,Text,Amount,Balance\n"+strings.Join(lines, "\n")+"\n"), "bank.csv", hints)
	require.NoError(t, err)
	_, err = Settle(nil, []*Reader{r})
	require.NoError(t, err)
	require.NoError(t, r.Unsettled())
	err = r.Read(&Identities{}, func(row *Row) error {
		if row.Verdict == SetAside || row.Verdict == Rejected {
			aside = append(aside, fmt.Sprintf("%d %s", row.Record.Line, row.Wrong[0].Reason))
		}
		return nil
	})
	return r, aside, err
}

func TestProofOverTheWholeFile(t *testing.T) {
	t.Parallel()
	const rows = SampleRows + 1000
	gap := func(at int) func(int, []string, *int) {
		return func(i int, cells []string, balance *int) {
			if i == at {
				*balance += 777 // a row is missing before this one
			}
		}
	}
	turned := func(from int) func(int, []string, *int) {
		return func(i int, cells []string, balance *int) {
			if i >= from {
				cells[2] = cents(-(i*7919%50_000 - 20_000))
			}
		}
	}
	broken := func(i int, cells []string, balance *int) {
		if i > SampleRows {
			*balance += i
		}
	}
	for name, c := range map[string]struct {
		lines         []string
		note, refused string
	}{
		"every row ties":         {lines: longStatement(rows, nil)},
		"one row in the sample":  {lines: longStatement(rows, gap(40)), note: "on line 42"},
		"one row after it":       {lines: longStatement(rows, gap(SampleRows+500)), note: "on line 5502"},
		"newest first":           {lines: reversed(longStatement(rows, gap(10))), note: "on line 5991"},
		"order by date":          {lines: swapped(longStatement(rows, gap(SampleRows+500))), note: "on line "},
		"two rows turned":        {lines: longStatement(rows, turned(rows-2)), note: "on line 6000, 6001"},
		"three rows turned":      {lines: longStatement(rows, turned(rows-3)), refused: "the other way than the amounts of 3 rows (line 5999, 6000, 6001)"},
		"turned after sample":    {lines: longStatement(rows, turned(SampleRows)), refused: "of 1000 rows (line 5002, 5003, 5004 and 997 more)"},
		"no balance after it":    {lines: longStatement(rows, broken), refused: "on 999 of all 5999 not (line 5003, 5004, 5005 and 996 more)"},
		"a row that is not read": {lines: slices.Insert(longStatement(rows, nil), 5500, "no date,x,1.00,1.00")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			one := int64(1)
			r, _, err := readWhole(t, c.lines, Hints{MaxRejected: &one})
			if c.refused != "" {
				require.ErrorContains(t, err, c.refused)
				require.Equal(t, recon.CodeBalanceContradicts, recon.CodeOf(err))
				return
			}
			require.NoError(t, err)
			require.Contains(t, r.Detection.Proof, "the running balance ties on 5")
			notes := strings.Join(r.Detection.Notes, "\n")
			require.Equal(t, c.note != "", strings.Contains(notes, "does not follow"), notes)
			require.Contains(t, notes, c.note)
		})
	}
}

func reversed(lines []string) []string {
	slices.Reverse(lines)
	return lines
}

// swapped exchanges neighbours of different days, so that only the dates show their order.
func swapped(lines []string) []string {
	for i := 0; i+1 < len(lines); i += 2 {
		lines[i], lines[i+1] = lines[i+1], lines[i]
	}
	return lines
}

func TestProofOfLateLabels(t *testing.T) {
	t.Parallel()
	total := func(from, to int) (sum int) {
		for i := from; i < to; i++ {
			sum += i*7919%50_000 - 20_000
		}
		return sum
	}
	const at = SampleRows + 20
	last := 10_000_00 + total(0, at)
	for name, c := range map[string]struct {
		row, want string
	}{
		"total without change":   {"2070-01-01,Total,99.99," + cents(last), `"Total" names a balance or total, and the running balance goes on without it`},
		"balance without change": {"2070-01-01,Closing balance,99.99," + cents(last), `"Closing balance" names a balance, and the running balance goes on without it`},
		"total of the rows":      {"2070-01-01,Total," + cents(total(0, at)) + "," + cents(last+7), `"Total" names a balance or total, and it is what the rows above add up to`},
		"the oil company":        {"2070-01-01,Total,-20.00," + cents(last-2000), ""},
		"moved as a balance":     {"2070-01-01,Brought forward,-20.00," + cents(last-2000), ""},
		"open":                   {"2070-01-01,Closing balance,99.98," + cents(last+5), `"Closing balance" names a balance: add it to balances`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			one := int64(1)
			_, aside, err := readWhole(t, append(longStatement(at, nil), c.row), Hints{MaxRejected: &one})
			require.NoError(t, err)
			if c.want == "" {
				require.Empty(t, aside)
				return
			}
			require.Len(t, aside, 1)
			require.Contains(t, aside[0], c.want)
		})
	}
}

func TestProofOfAStatedBalance(t *testing.T) {
	t.Parallel()
	fields, err := ParseFieldMap([]byte("amount: Amount\nbalance: Balance\n"))
	require.NoError(t, err)
	lines := longStatement(40, func(i int, _ []string, balance *int) { *balance += i * i % 7 * 100 })
	_, _, err = readWhole(t, lines, Hints{Map: &fields})
	require.ErrorContains(t, err, "column Balance is mapped as the running balance and follows from the amounts on only")
	_, _, err = readWhole(t, lines, Hints{})
	require.NoError(t, err, "a column that only looks like a balance")
}

// BenchmarkProof is what following the running balance costs, a row.
func BenchmarkProof(b *testing.B) {
	text := "Date,Text,Amount,Balance\n" + strings.Join(longStatement(100_000, nil), "\n") + "\n"
	for b.Loop() {
		r, err := Open(strings.NewReader(text), "bank.csv", Hints{Side: recon.Right, Currency: "EUR"})
		if err != nil {
			b.Fatal(err)
		}
		if err := r.Read(&Identities{}, func(*Row) error { return nil }); err != nil && !errors.Is(err, io.EOF) {
			b.Fatal(err)
		}
	}
}

// TestTheFirstMovementFollowsFromTheOpeningBalance reads a statement whose opening row and first movement do not lead to
// the first balance, in both orders.
func TestTheFirstMovementFollowsFromTheOpeningBalance(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ opening, want string }{
		"it leads to it":           {"100.00", ""},
		"a row is missing between": {"110.00", "column balance does not follow from the amounts on line "},
	} {
		rows := []string{",Opening balance,," + c.opening}
		for i, balance := 0, 100; i < 30; i++ {
			balance -= i%2 + 1
			rows = append(rows, fmt.Sprintf("2026-03-%02d,Shop %d,-%d.00,%d.00", i+1, i, i%2+1, balance))
		}
		for _, line := range []int{3, 31} {
			if line == 31 {
				slices.Reverse(rows)
			}
			r := opened(t, "date,text,amount,balance\n"+strings.Join(rows, "\n")+"\n", Hints{Currency: "EUR"})
			require.NoError(t, r.SettleWith(OtherSide{}), name)
			require.NoError(t, r.Read(&Identities{}, func(*Row) error { return nil }))
			require.NotEmpty(t, r.Detection.Proof, name)
			notes := strings.Join(r.Detection.Notes, "\n")
			if c.want == "" {
				require.NotContains(t, notes, "does not follow", name)
				continue
			}
			require.Contains(t, notes, fmt.Sprintf("%s%d", c.want, line), name)
			require.Contains(t, r.Detection.Proof, "not on line "+strconv.Itoa(line))
		}
	}
}
