//go:build unit || !integration

package ingestion

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/recon"
)

func parsed(t *testing.T, text string) (*collector, error) {
	t.Helper()
	target := target{source: recon.Source{Num: 1, TimeZone: "UTC", Currency: "EUR"}, importNum: 7, fields: &recon.FieldMap{
		Fields: map[string]recon.MapField{
			recon.FieldExternalID: recon.Column("id"), recon.FieldAmount: recon.Column("amount"), recon.FieldDate: recon.Column("date"),
		},
	}}
	reader, err := openMapped(newUpload(strings.NewReader(text), 1<<30), File{Name: "rows.csv"}, target)
	require.NoError(t, err)
	to, err := newSpool(t.TempDir())
	require.NoError(t, err)
	t.Cleanup(to.close)
	rows := newCollector(to, target)
	return rows, parse(t.Context(), reader, rows)
}

func TestParseKeepsTheOrderOfTheFile(t *testing.T) {
	t.Parallel()
	var text strings.Builder
	text.WriteString("id,date,amount\n")
	const n = 5*batchRows + 3
	for i := range n {
		amount := "1.50"
		if i%100 == 99 {
			amount = "much"
		}
		fmt.Fprintf(&text, "A%d,2026-03-01,%s\n", i/2*2, amount) // every id twice
	}
	rows, err := parsed(t, text.String())
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
	reader, err := openMapped(newUpload(strings.NewReader("id,date,amount\n"+strings.Repeat("A,2026-03-01,1.00\n", 9*batchRows)), 1<<30), File{Name: "rows.csv"}, target{})
	require.NoError(t, err)
	to, err := newSpool(t.TempDir())
	require.NoError(t, err)
	defer to.close()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, parse(ctx, reader, newCollector(to, target{})), context.Canceled)
}
