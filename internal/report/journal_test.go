//go:build unit || !integration

package report

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/recon"
)

func TestWritePostings(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	WritePostings(&out, []recon.PostingSummary{{Rule: "fees", RulePost: recon.RulePost{Account: "6855"}, Amount: "-1234.50", Currency: "EUR", Rows: 2}})
	require.Equal(t, "POST   -1,234.50 EUR to 6855 by \"fees\": 2 rows\n", out.String())
}

func TestAJournalLineIsTheEntryThatIsDue(t *testing.T) {
	t.Parallel()
	o := recon.Owed{Number: "ADJ-1", Date: recon.Epoch, Reason: recon.AdjustmentFee, Account: "6855", Amount: 350, Currency: "EUR"}
	rule := recon.Rule{Name: "fees", Post: recon.RulePost{CostCentre: "100", Tax: "V0", Text: "bank fees"}}
	line := journalLine(&o, "G1", &rule, "GL-7")
	require.Len(t, line, len(JournalColumns))
	require.Equal(t, []string{"ADJ-1", "1970-01-01", "G1", "fees", "FEE", "6855", "100", "V0", "bank fees", "-3.50", "EUR", "GL-7"}, line)
}
