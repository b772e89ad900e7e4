//go:build unit || !integration

package mapping

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/recon"
)

// TestNewColumnsOfASource reads a file that has columns which the last one of its source had not, and one that lacks
// some.
func TestNewColumnsOfASource(t *testing.T) {
	t.Parallel()
	const before = "id,date,amount,currency\nA,01/03/2026,1.00,EUR\nB,02/03/2026,-2.00,EUR\n"
	first := opened(t, before, Hints{Map: &recon.FieldMap{DateFormat: "DD/MM/YYYY"}})
	require.NoError(t, first.SettleWith(OtherSide{}))
	earlier := &Earlier{Map: first.Lasting(), Columns: first.Header()}
	answered := *earlier
	answered.Map.Future, answered.Map.Negate = recon.FutureAccept, true
	texts := *earlier
	texts.Map = earlier.Map.With(recon.FieldMap{Fields: map[string]recon.MapField{
		recon.FieldReference: recon.Column("invoice"), recon.FieldDescription: recon.Column("text"),
	}})
	for name, c := range map[string]struct {
		file    string
		earlier *Earlier
		want    string
	}{
		"the same columns": {"id,date,amount,currency\nC,03/04/2026,5.00,EUR\n", earlier, "2 5.00 EUR 2026-04-03\nSUM"},
		"a column of no meaning": {
			"id,date,amount,currency,Remark\nC,03/04/2026,5.00,EUR,x\nD,03/04/2026,6.00,EUR,y\n", &answered,
			"2 -5.00 EUR 2026-04-03\n3 -6.00 EUR 2026-04-03\nSUM -11.00 EUR\n",
		},
		"a status": {
			"id,date,amount,currency,Status\nC,03/04/2026,5.00,EUR,Completed\nD,03/04/2026,6.00,EUR,Declined\n", &answered,
			"2 -5.00 EUR 2026-04-03\n3 ASIDE \"Declined\"",
		},
		"a status of unknown words": {
			"id,date,amount,currency,Status\nC,03/04/2026,5.00,EUR,Completed\nD,03/04/2026,6.00,EUR,Zorp\n", earlier,
			"QUESTION status.zorp",
		},
		"a direction": {
			"id,date,amount,currency,D/C\nC,03/04/2026,5.00,EUR,C\nD,03/04/2026,6.00,EUR,D\n", earlier,
			"2 5.00 EUR 2026-04-03\n3 -6.00 EUR 2026-04-03\nSUM",
		},
		"words that may be a direction": {
			"id,date,amount,currency,move\nC,03/04/2026,5.00,EUR,Zug\nD,03/04/2026,6.00,EUR,Weg\nE,03/04/2026,6.00,EUR,Weg\n",
			earlier, "QUESTION direction",
		},
		"a fee": {
			"id,date,amount,currency,Fee\nC,03/04/2026,5.00,EUR,0.50\nD,03/04/2026,6.00,EUR,0.00\n", earlier,
			"QUESTION fee",
		},
		"two columns that lack": {
			"id,when,sum\nC,03/04/2026,5.00\n", earlier, "REFUSED the last file of this source was read by columns",
		},
		"a text that lacks, and another that may be it": {
			"id,date,amount,currency,ref\nC,03/04/2026,5.00,EUR,INV-1\n", &texts,
			"NOTE description: the last file of this source had a column for it that this one has not",
		},
		"columns of a known export": {
			"Transaction Date,Post Date,Description,Category,Type,Amount,Memo\n03/01/2026,03/02/2026,Shop,Food,Sale,-5.00,\n",
			earlier, "2 -5.00 USD 2026-03-02",
		},
	} {
		require.Contains(t, read(t, "rows.csv", c.file, "", Hints{Earlier: c.earlier}), c.want, name)
	}
	renamed := opened(t, "id,date,amount,currency,ref\nC,03/04/2026,5.00,EUR,INV-1\n", Hints{Earlier: &texts})
	require.Equal(t, recon.Column("ref"), renamed.fields.Fields[recon.FieldReference])
	_, err := Open(strings.NewReader("id,when,sum\nC,03/04/2026,5.00\n"), "rows.csv", Hints{Earlier: earlier})
	require.ErrorContains(t, err, `there is no column "amount"`)
	require.ErrorContains(t, err, `there is no column "currency"`)
	require.Contains(t, read(t, "rows.ndjson", `{"id":"1","date":"03/04/2026","amount":"5.00","currency":"EUR"}`, "",
		Hints{Earlier: &Earlier{Map: earlier.Map.With(recon.FieldMap{Fields: map[string]recon.MapField{
			recon.FieldDescription: recon.Column("text"),
		}})}}), "1 5.00 EUR 2026-04-03", "a key that no object has is empty")
}
