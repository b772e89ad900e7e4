//go:build unit || !integration

package mapping

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/format"
	"matcher/internal/recon"
)

// opened is a reader of a text.
func opened(t *testing.T, text string, hints Hints) *Reader {
	t.Helper()
	r, err := Open(strings.NewReader(text), "rows.csv", hints)
	require.NoError(t, err)
	return r
}

func TestOpenRefuses(t *testing.T) {
	t.Parallel()
	fields := recon.FieldMap{Fields: map[string]recon.MapField{
		recon.FieldAmount: recon.Column("betrag"), recon.FieldDate: recon.Column("date"),
	}}
	for name, c := range map[string]struct {
		text  string
		hints Hints
		code  string
		tells string
	}{
		"a map that does not fit":          {"id,date,amount\nA,2026-03-01,1.00\n", Hints{Map: &fields}, "FIELD_MAP_INVALID", "/amount"},
		"rows that are none":               {"[{\"a\":1,\"a\":2}]", Hints{}, "NO_ROWS", "the first one because of line 1: a: this object has the key"},
		"a file without rows":              {"id,date,amount\n", Hints{}, "NO_ROWS", "rows.csv"},
		"an earlier map, of other columns": {"x,y\n1,2\n", Hints{Earlier: &Earlier{Map: fields}}, "FIELD_MAP_INVALID", "betrag"},
	} {
		_, err := Open(strings.NewReader(c.text), "rows.csv", c.hints)
		require.Equal(t, c.code, recon.CodeOf(err), "%s: %v", name, err)
		require.ErrorContains(t, err, c.tells, name)
	}
}

func TestAFileWithoutRowsIsReadByItsMap(t *testing.T) {
	t.Parallel()
	fields := recon.FieldMap{Fields: map[string]recon.MapField{
		recon.FieldAmount: recon.Column("amount"), recon.FieldDate: recon.Column("date"),
	}}
	r := opened(t, "id,date,amount\n", Hints{Map: &fields, Currency: "EUR", Format: format.Options{MayBeBare: true}})
	require.True(t, r.Empty())
	require.Equal(t, []string{"holds no rows"}, r.Detection.Notes)
	require.True(t, strings.HasPrefix(r.ReadAs(), "by its map · "), r.ReadAs())
	require.NoError(t, r.Read(&Identities{}, func(*Row) error { return errors.New("a row") }))
}

func TestEarlierReadings(t *testing.T) {
	t.Parallel()
	const text = "id,date,amount\nA,01/03/2026,1.00\n"
	fields := recon.FieldMap{DateFormat: "DD/MM/YYYY", Negate: true, Fields: map[string]recon.MapField{
		recon.FieldAmount: recon.Column("amount"), recon.FieldDate: recon.Column("date"),
	}}
	for _, c := range []struct {
		inverted, invert, negate bool
	}{{false, false, true}, {true, false, true}, {false, true, false}, {true, true, true}} {
		r := opened(t, text, Hints{Earlier: &Earlier{Map: fields, Inverted: c.inverted}, Invert: c.invert})
		require.Equal(t, c.negate, r.FieldMap().Negate, "%+v", c)
		require.Equal(t, c.inverted && !c.invert || c.invert, r.Inverted(), "%+v", c)
		require.True(t, strings.HasPrefix(r.ReadAs(), "as last period · "))
	}
	given := fields
	given.DateFormat = ""
	completed := opened(t, text, Hints{Map: &given, Earlier: &Earlier{Map: fields}})
	require.Equal(t, "DD/MM/YYYY", completed.FieldMap().DateFormat, "an earlier reading completes the map that it was read by")

	more := "id,date,amount,currency\nA,13/03/2026,1.00,USD\n"
	known := []string{"id", "date", "amount"}
	require.True(t, opened(t, text, Hints{Earlier: &Earlier{Map: fields, Columns: known}}).Detection.Earlier)
	require.False(t, opened(t, more, Hints{Earlier: &Earlier{Map: fields}}).Detection.Earlier, "it names a currency now")
	r := opened(t, more, Hints{Earlier: &Earlier{Map: fields, Columns: known}})
	require.False(t, r.Detection.Earlier, "the new column says more about the money")
	require.Equal(t, []string{"currency"}, r.FieldMap().Fields[recon.FieldCurrency].Columns)
}

func TestAFileThatContradictsTheEarlierReadingIsAQuestion(t *testing.T) {
	t.Parallel()
	earlier := func(date, decimal string) *Earlier {
		return &Earlier{Map: recon.FieldMap{DateFormat: date, Decimal: decimal, Fields: map[string]recon.MapField{
			recon.FieldAmount: recon.Column("amount"), recon.FieldDate: recon.Column("date"),
		}}}
	}
	const text = "id;date;amount\nA;04/05/2026;1.234,00\nB;05/31/2026;2.000,50\nC;04/06/2026;7\n"
	for name, c := range map[string]struct {
		earlier       *Earlier
		answers       map[string]int
		asked         []string
		date, decimal string
	}{
		"the same":           {earlier("MM/DD/YYYY", ","), nil, nil, "MM/DD/YYYY", ","},
		"what it left open":  {earlier("MM/DD/YYYY", ""), nil, nil, "MM/DD/YYYY", ","},
		"other dates":        {earlier("DD/MM/YYYY", ","), nil, []string{"dateFormat"}, "DD/MM/YYYY", ","},
		"another decimal":    {earlier("MM/DD/YYYY", "."), nil, []string{"decimal"}, "MM/DD/YYYY", "."},
		"as it is":           {earlier("DD/MM/YYYY", "."), map[string]int{"dateFormat": 1, "decimal": 1}, nil, "MM/DD/YYYY", ","},
		"as the last one is": {earlier("DD/MM/YYYY", ","), map[string]int{"dateFormat": 2}, nil, "DD/MM/YYYY", ","},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := opened(t, text, Hints{Earlier: c.earlier, Answers: c.answers, Currency: "EUR"})
			require.NoError(t, r.SettleWith(OtherSide{}))
			var asked []string
			for _, q := range r.Detection.Questions {
				asked = append(asked, q.ID)
			}
			require.Equal(t, c.asked, asked)
			require.Equal(t, []string{c.date, c.decimal}, []string{r.FieldMap().DateFormat, r.FieldMap().Decimal})
		})
	}
}

func TestReadKeepsTheOrderOfTheFile(t *testing.T) {
	t.Parallel()
	var text strings.Builder
	text.WriteString("id,date,amount,note\n")
	const n = 9*batchRows + 5
	for i := range n {
		fmt.Fprintf(&text, "A%d,2026-03-01,%d.00,N%d\n", i/2*2, i/2, i/2)
	}
	r := opened(t, text.String(), Hints{})
	r.KeepMetadata("note")
	row := 0
	require.NoError(t, r.Read(&Identities{}, func(at *Row) error {
		row++
		require.Equal(t, row, at.Record.Row)
		require.Equal(t, fmt.Sprint("A", (row-1)/2*2), at.Record.Fields[0])
		require.Equal(t, row%2 == 0, at.Verdict == Duplicate)
		require.Equal(t, []recon.Attribute{{Name: "note", Value: fmt.Sprint("N", (row-1)/2)}}, at.Tx.Metadata)
		return nil
	}))
	require.Equal(t, n, row)
}

func TestReadEndsWithTheFirstError(t *testing.T) {
	t.Parallel()
	text := "id,date,amount\n" + strings.Repeat("A,2026-03-01,1.00\n", 30*batchRows)
	stop := errors.New("stop")
	rows := 0
	require.ErrorIs(t, opened(t, text, Hints{}).Read(&Identities{}, func(*Row) error {
		if rows++; rows == 700 {
			return stop
		}
		return nil
	}), stop)
	require.Equal(t, 700, rows)

	t.Run("of the file, after the rows before it", func(t *testing.T) {
		rows := 0
		err := opened(t, text+"\"open", Hints{}).Read(&Identities{}, func(*Row) error { rows++; return nil })
		require.Equal(t, "QUOTE_UNCLOSED", recon.CodeOf(err))
		require.Equal(t, 30*batchRows, rows)
	})
	t.Run("a panic reaches the caller", func(t *testing.T) {
		r := opened(t, text, Hints{Check: func(tx *recon.Transaction) []recon.RowError {
			if tx.Row == 3000 {
				panic("impossible")
			}
			return nil
		}})
		require.Panics(t, func() { _ = r.Read(&Identities{}, func(*Row) error { return nil }) })
	})
}

func TestSkipLastOverSeveralBatches(t *testing.T) {
	t.Parallel()
	var text strings.Builder
	text.WriteString("id,date,amount\n")
	for i := range 3000 {
		fmt.Fprintf(&text, "A%d,2026-03-01,%d.00\n", i, i+1)
	}
	for _, last := range []int{1, 511, 1300} {
		r := opened(t, text.String(), Hints{Currency: "EUR", Map: &recon.FieldMap{Skip: &recon.Skip{Last: last}}})
		n := 0
		require.NoError(t, r.Read(&Identities{}, func(row *Row) error {
			n++
			require.Equal(t, fmt.Sprintf("A%d", n-1), row.Record.Fields[0])
			require.Equal(t, n > 3000-last, row.Verdict == SetAside, "%d of %d", n, last)
			return nil
		}))
		require.Equal(t, 3000, n)
	}
}
