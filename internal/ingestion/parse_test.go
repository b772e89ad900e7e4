//go:build unit || !integration

package ingestion

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"matcher/internal/engine/solver"
	"matcher/internal/mapping"
	"matcher/internal/recon"
)

// opened is a file on its way into a source.
func opened(t *testing.T, text string, to target) (*mapping.Reader, error) {
	t.Helper()
	return mapping.Open(strings.NewReader(text), "rows.csv", HintsOf(to.source, to.fields, File{}))
}

// Rows of a file wait while every core computes already. The turns are the process's, so the test is not parallel.
func TestRowsWaitForTheirTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, err := opened(t, "id,date,amount,currency\nA,2026-03-01,1.00,EUR\n", target{})
		require.NoError(t, err)
		cores := runtime.GOMAXPROCS(0)
		for range cores {
			solver.TakeTurn()
		}
		rows := 0
		go func() {
			_ = r.Read(new(mapping.Identities), func(*mapping.Row) error { rows++; return nil })
		}()
		synctest.Wait()
		require.Zero(t, rows)
		for range cores {
			solver.EndTurn()
		}
		synctest.Wait()
		require.Equal(t, 1, rows)
	})
}

func TestHintsOfASource(t *testing.T) {
	t.Parallel()
	const text = "id,date,amount\nA,2026-03-01,1.00\nB,2026-03-02,2.00\n"
	source := recon.Source{Currency: "CHF", TimeZone: "Europe/Zurich", Negate: true}

	t.Run("the source's currency, zone and sign serve a file that names none", func(t *testing.T) {
		t.Parallel()
		r, err := opened(t, text, target{source: source})
		require.NoError(t, err)
		require.NoError(t, r.Read(&mapping.Identities{}, func(row *mapping.Row) error {
			require.Equal(t, "CHF", row.Tx.Currency)
			require.EqualValues(t, -100*row.Tx.Row, row.Tx.Amount)
			return nil
		}))
		require.Equal(t, "Europe/Zurich", r.FieldMap().TimeZone)
		require.Contains(t, r.Detection.String(), "amount=amount")
	})

	t.Run("a currency column wins over the source's", func(t *testing.T) {
		t.Parallel()
		r, err := opened(t, "id,date,amount,currency\nA,2026-03-01,1.00,EUR\nB,2026-03-02,2.00,EUR\n", target{source: source})
		require.NoError(t, err)
		require.Equal(t, []string{"currency"}, r.FieldMap().Fields[recon.FieldCurrency].Columns)
	})

	t.Run("a map that does not fit the file is refused with its pointer", func(t *testing.T) {
		t.Parallel()
		_, err := opened(t, text, target{source: source, fields: &recon.FieldMap{Fields: map[string]recon.MapField{
			recon.FieldAmount: recon.Column("betrag"), recon.FieldDate: recon.Column("date"),
		}}})
		require.Equal(t, "FIELD_MAP_INVALID", recon.CodeOf(err))
		require.ErrorContains(t, err, "/amount")
	})
}

func parsed(t *testing.T, text string, maxRejected *int64) (*collector, error) {
	t.Helper()
	target := target{source: recon.Source{Num: 1, TimeZone: "UTC", Currency: "EUR", MaxRejected: maxRejected}, importNum: 7, fields: &recon.FieldMap{
		Fields: map[string]recon.MapField{
			recon.FieldExternalID: recon.Column("id"), recon.FieldAmount: recon.Column("amount"), recon.FieldDate: recon.Column("date"),
		},
	}}
	reader, err := opened(t, text, target)
	require.NoError(t, err)
	to, err := newSpool(t.TempDir(), nil)
	require.NoError(t, err)
	t.Cleanup(to.close)
	rows := newCollector(to, target)
	return rows, rows.readAll(t.Context(), reader)
}

func TestParseKeepsTheOrderOfTheFile(t *testing.T) {
	t.Parallel()
	var text strings.Builder
	text.WriteString("id,date,amount\n")
	const n = 5*checkEvery + 3
	for i := range n {
		amount := "1.50"
		if i%100 == 99 {
			amount = "much"
		}
		fmt.Fprintf(&text, "A%d,2026-03-01,%s\n", i/2*2, amount) // every id twice
	}
	_, err := parsed(t, text.String(), nil)
	require.ErrorContains(t, err, "25 of 2563 rows cannot be read, and rows that are all wrong in the same way are never left out")
	tolerated := int64(25)
	rows, err := parsed(t, text.String(), &tolerated)
	require.NoError(t, err)
	require.EqualValues(t, n, rows.read)
	require.EqualValues(t, n/100, rows.rejected)
	require.EqualValues(t, n, rows.stored+rows.duplicates+rows.rejected)
	require.EqualValues(t, (n+1)/2, rows.stored)
	for i, e := range rows.rejects {
		require.Equal(t, 101+100*i, e.Line)
	}
}

func TestParseRejectsWhatCannotBeStored(t *testing.T) {
	t.Parallel()
	require.Len(t, unstorable(&recon.Transaction{ExternalID: "a\x00"}), 1)
	require.Len(t, unstorable(&recon.Transaction{Metadata: []recon.Attribute{{Name: "n", Value: "\xff"}}}), 1)
	require.Empty(t, unstorable(&recon.Transaction{Description: "plain"}))
}

func TestParseEndsWithItsContext(t *testing.T) {
	t.Parallel()
	reader, err := opened(t, "id,date,amount\n"+strings.Repeat("A,2026-03-01,1.00\n", 9*checkEvery), target{})
	require.NoError(t, err)
	to, err := newSpool(t.TempDir(), nil)
	require.NoError(t, err)
	defer to.close()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, newCollector(to, target{}).readAll(ctx, reader), context.Canceled)
}
