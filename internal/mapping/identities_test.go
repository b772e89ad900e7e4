//go:build unit || !integration

package mapping

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"matcher/internal/recon"
)

// delivered is a row of a file: money and text are the two parts of its digest.
func delivered(line int, id string, money, text byte) *Row {
	tx := recon.Transaction{Line: line, Row: line - 1, ExternalID: id, BookingStatus: recon.Booked, Date: recon.Epoch + 20_000}
	sum := sha256.Sum256([]byte{money})
	copy(tx.Digest[:contentAt], sum[:])
	sum = sha256.Sum256([]byte{money, text})
	copy(tx.Digest[contentAt:], sum[:])
	copy(tx.Digest[versionAt:], sum[:])
	return &Row{Tx: tx, Identity: Identity(&tx)}
}

func (r *Row) as(status string) *Row {
	r.Tx.BookingStatus = status
	if status == recon.Void {
		r.Verdict = SetAside
	}
	return r
}

func (r *Row) on(day recon.Day) *Row {
	r.Tx.Date = recon.Epoch + day
	return r
}

func (r *Row) after(pending string) *Row {
	r.Tx.PendingOf = pending
	return r
}

// told is what Admit made of a row: its verdict, its code and the pending rows that are gone by it.
func (r *Row) told() string {
	text := [...]string{"fresh", "duplicate", "rejected", "replacing", "aside"}[r.Verdict]
	if len(r.Wrong) > 0 {
		text += " " + r.Wrong[0].Code
	}
	for _, gone := range r.Gone {
		text += fmt.Sprintf(" -%s@%d", gone.ExternalID, gone.Line)
	}
	return text
}

func TestAdmit(t *testing.T) {
	t.Parallel()
	const pending, void = recon.Pending, recon.Void
	for name, c := range map[string]struct {
		rows []*Row
		want []string
	}{
		"a row repeated is kept once": {
			[]*Row{delivered(2, "A", 1, 1), delivered(3, "A", 1, 1)}, []string{"fresh", "duplicate"},
		},
		"another text with the same money is the same row, and noted": {
			[]*Row{delivered(2, "A", 1, 1), delivered(3, "A", 1, 2)}, []string{"fresh", "duplicate ROW_CHANGED"},
		},
		"other money is for a person": {
			[]*Row{delivered(2, "A", 1, 1), delivered(3, "A", 2, 1)}, []string{"fresh", "rejected CONFLICTING_ID"},
		},
		"a booked row replaces its pending one, whatever its money, whichever comes first": {
			[]*Row{
				delivered(2, "A", 1, 1).as(pending), delivered(3, "A", 2, 1), delivered(4, "A", 1, 1).as(pending),
				delivered(5, "A", 3, 1),
			},
			[]string{"fresh", "replacing -A@2", "duplicate ROW_REPLACED", "rejected CONFLICTING_ID"},
		},
		"of two pending forms the later one stays": {
			[]*Row{
				delivered(2, "A", 1, 1).as(pending), delivered(3, "A", 2, 1).as(pending),
				delivered(4, "A", 3, 1).as(pending).on(19_999), delivered(5, "A", 2, 2).as(pending),
			},
			[]string{"fresh", "replacing -A@2", "duplicate ROW_REPLACED", "duplicate ROW_CHANGED"},
		},
		"a failed payment withdraws its pending row, whichever comes first": {
			[]*Row{
				delivered(2, "A", 1, 1).as(pending), delivered(3, "A", 1, 2).as(void), delivered(4, "A", 1, 1).as(pending),
				delivered(5, "B", 1, 2).as(void), delivered(6, "B", 1, 1).as(pending),
			},
			[]string{"fresh", "aside -A@2", "duplicate ROW_REPLACED", "aside", "duplicate ROW_REPLACED"},
		},
		"what was booked never fails in silence": {
			[]*Row{
				delivered(2, "A", 1, 1), delivered(3, "A", 1, 2).as(void), // by the order of the file
				delivered(4, "B", 1, 2).as(void), delivered(5, "B", 1, 1).on(19_999), // by its dates
				delivered(6, "C", 1, 2).as(void).on(19_999), delivered(7, "C", 1, 1), // it failed, and was paid later
				delivered(8, "D", 1, 1), delivered(9, "D", 1, 2).as(void).on(19_999),
			},
			[]string{
				"fresh", "rejected BOOKED_AND_VOID", "aside", "rejected BOOKED_AND_VOID", "aside", "fresh", "fresh", "aside",
			},
		},
		"a booked row replaces the pending one that it names, whichever comes first": {
			[]*Row{
				delivered(2, "x1", 1, 1).as(pending), delivered(3, "y1", 2, 1).after("x1"),
				delivered(4, "y2", 2, 1).after("x2"), delivered(5, "x2", 1, 1).as(pending),
				delivered(6, "y1", 2, 1).after("x1"), delivered(7, "", 7, 1).after("x1"),
			},
			[]string{"fresh", "replacing -x1@2", "fresh -x2@0", "duplicate ROW_REPLACED", "duplicate", "fresh"},
		},
		"a booked row that another one names stays": {
			[]*Row{delivered(2, "x", 1, 1), delivered(3, "y", 1, 1).after("x"), delivered(4, "z", 1, 1).after("z")},
			[]string{"fresh", "fresh", "fresh"},
		},
	} {
		var seen Identities
		var got []string
		for _, row := range c.rows {
			seen.Admit(row)
			got = append(got, row.told())
		}
		require.Equal(t, c.want, got, name)
	}
}

func TestAdmitWithoutID(t *testing.T) {
	t.Parallel()
	var seen Identities
	admit := func(row *Row) *Row { seen.Admit(row); return row }
	for want := range int32(3) {
		row := admit(delivered(10, "", 9, 1))
		require.Equal(t, Fresh, row.Verdict, "equal rows stay as many as they are")
		require.Equal(t, want, row.Tx.Ordinal)
	}
	require.Zero(t, admit(delivered(10, "", 9, 2)).Tx.Ordinal)

	t.Run("rows of one file are in the next file of the source again", func(t *testing.T) {
		seen = Identities{}
		var verdicts []Verdict
		for range 3 {
			for range 2 {
				verdicts = append(verdicts, admit(delivered(10, "", 9, 1)).Verdict)
			}
			seen.NextFile()
		}
		verdicts = append(verdicts, admit(delivered(10, "", 7, 1)).Verdict)
		require.Equal(t, []Verdict{Fresh, Fresh, Duplicate, Duplicate, Duplicate, Duplicate, Fresh}, verdicts)
	})
}

func TestEarlierPeriods(t *testing.T) {
	t.Parallel()
	var seen Identities
	for id, stage := range map[string]Stage{
		"booked": StageBooked, "pending": StagePending, "matched": StagePendingMatched, "held": StagePendingMatched,
		"short": StageBooked, "failed": StagePendingMatched,
	} {
		row := delivered(2, id, 1, 1)
		traits := TraitsOf(&row.Tx)
		if id == "short" { // as settled rows are known
			copy(traits[:], row.Tx.Digest[:])
		}
		seen.Remember(row.Identity, traits, stage)
	}
	for _, c := range []struct {
		row  *Row
		want string
	}{
		{delivered(3, "booked", 1, 1), "duplicate"},
		{delivered(3, "booked", 1, 2), "duplicate ROW_CHANGED"},
		{delivered(3, "booked", 2, 1), "rejected CONFLICTING_ID"},
		{delivered(3, "booked", 1, 2).as(recon.Void), "rejected BOOKED_AND_VOID"},
		{delivered(3, "short", 1, 1), "duplicate"},
		{delivered(3, "short", 1, 2), "duplicate ROW_CHANGED"},
		{delivered(3, "pending", 2, 2), "replacing -pending@0"},
		{delivered(3, "matched", 2, 2), "rejected PENDING_MATCHED"},
		{delivered(3, "matched", 1, 1).as(recon.Pending), "duplicate"},
		{delivered(3, "matched", 2, 1).as(recon.Pending), "rejected PENDING_MATCHED"},
		{delivered(3, "failed", 1, 1).as(recon.Void), "rejected PENDING_MATCHED"},
		{delivered(3, "new", 2, 2).after("held"), "rejected PENDING_MATCHED"},
	} {
		seen.Admit(c.row)
		require.Equal(t, c.want, c.row.told(), c.row.Tx.ExternalID)
	}
	first, second := delivered(4, "", 5, 1), delivered(5, "", 5, 1)
	seen.RememberContent([16]byte(first.Tx.Digest[:]))
	seen.Admit(first)
	seen.Admit(second)
	require.Equal(t, Duplicate, first.Verdict)
	require.Equal(t, Fresh, second.Verdict, "one was known, two are there")
	require.Equal(t, int32(1), second.Tx.Ordinal)
}

// TestRedelivery delivers random statements twice, the second time in another order and with other narratives,
// balances and row numbers: nothing is new, nothing rejected, and what changed is counted.
func TestRedelivery(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		withID := rapid.Bool().Draw(t, "with ids")
		n := rapid.IntRange(3, 30).Draw(t, "rows")
		rows := make([][]string, n)
		for i := range rows {
			id := ""
			if withID {
				id = fmt.Sprintf("T%d", i)
			}
			day := rapid.IntRange(13, 28).Draw(t, "day")
			cents := rapid.IntRange(1, 300).Draw(t, "cents")
			rows[i] = []string{id, fmt.Sprintf("2026-03-%02d", day), fmt.Sprintf("%d.%02d", cents/100, cents%100), "Rent"}
		}
		statement := func(rows [][]string, balance int, texts func(i int) string) string {
			var text strings.Builder
			text.WriteString("Nr,Transaction ID,Booking date,Amount,Details,Available balance,Export\n")
			for i, row := range rows {
				fmt.Fprintf(&text, "%d,%s,%s,%s,%s,%d.00,2026-04-01 10:11:%d\n", i+1, row[0], row[1], row[2], texts(i),
					balance+7*i, balance/1000+10)
			}
			return text.String()
		}
		again := rapid.Permutation(rows).Draw(t, "order")
		changed := map[string]bool{}
		first := statement(rows, 1000, func(int) string { return "Rent" })
		second := statement(again, 5000, func(i int) string {
			if withID && rapid.Bool().Draw(t, "changed") {
				changed[again[i][0]] = true
				return "Rent as amended"
			}
			return "Rent"
		})
		var seen Identities
		var sum recon.Minor
		var fields *recon.FieldMap
		for i, text := range []string{first, second} {
			hints := Hints{Currency: "EUR"}
			if fields != nil {
				hints.Earlier = &Earlier{Map: *fields}
			}
			r, err := Open(strings.NewReader(text), "rows.csv", hints)
			if err != nil {
				t.Fatal(err, text)
			}
			m := r.FieldMap()
			fields = &m
			if !slices.Contains(m.Volatile, "Nr") || !slices.Contains(m.Volatile, "Available balance") {
				t.Fatalf("volatile are %q in\n%s", m.Volatile, text)
			}
			err = r.Read(&seen, func(row *Row) error {
				switch {
				case row.Verdict == Rejected, i == 1 && row.Verdict != Duplicate:
					t.Fatalf("line %d of file %d: %s %v", row.Tx.Line, i, row.told(), row.Wrong)
				case i == 0:
					sum += row.Tx.Amount
				case withID && changed[row.Tx.ExternalID] != strings.Contains(row.Wrong[0].Reason, "as amended"):
					t.Fatalf("line %d: %v", row.Tx.Line, row.Wrong)
				default:
					sum -= row.Tx.Amount
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			seen.NextFile()
		}
		if sum != 0 {
			t.Fatalf("the sums differ by %d", sum)
		}
	})
}
