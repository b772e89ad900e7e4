//go:build integration

package httpapi_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/recon"
)

// mt940 is a statement of 2026-01-15 with one credit.
func mt940(account, number, opening, closing, credit string) string {
	return ":20:X\n:25:" + account + "\n:28C:" + number + "\n:60F:C260115EUR" + opening + "\n:61:260115C" + credit +
		"NMSCNONREF\n:86:a payment\n:62F:C260115EUR" + closing + "\n-\n"
}

func TestAccountStatements(t *testing.T) {
	t.Parallel()
	_, c := setup(t)
	source := c.NewSource(c.NewContext("Cash"), "bank", recon.Right)
	path := "/v1/sources/" + source
	var first struct {
		recon.Import
		FindingsURL string
	}
	c.Must("POST", path+"/imports?name=1.sta", mt940("1111", "1", "10,00", "15,00", "5,00"), &first)
	second := c.Upload(source, "3.sta", mt940("1111", "3", "17,00", "18,00", "2,00"))

	t.Run("what statements state is listed, latest first, page by page", func(t *testing.T) {
		listed := items[recon.AccountStatementView](t, c, path+"/statements?limit=1")
		require.Len(t, listed, 1)
		require.Equal(t, []string{"3", "1111", "17.00", "18.00", "2.00", "2026-01-15"}, []string{
			listed[0].Number, listed[0].Account, listed[0].Opening, listed[0].Closing, listed[0].Moved, listed[0].To.String(),
		})
		require.False(t, listed[0].Ties)
		require.Len(t, items[recon.AccountStatementView](t, c, path+"/statements"), 2)
	})
	t.Run("balances tie to the cent, and what is missing is named", func(t *testing.T) {
		var balances recon.SourceBalances
		c.Must("GET", path+"/balances", nil, &balances)
		require.Len(t, balances.Accounts, 1)
		account := balances.Accounts[0]
		require.Equal(t, []string{"10.00", "7.00", "1.00", "18.00"},
			[]string{account.Opening, account.Rows, account.Unexplained, account.Closing})
		require.Equal(t, recon.LinkGap, account.Statements[1].Link)
		require.Contains(t, account.Statements[1].Finding, "load what is missing between them")
	})
	t.Run("findings are listed by kind", func(t *testing.T) {
		require.Equal(t, recon.FindingProof, items[recon.Finding](t, c, first.FindingsURL)[0].Kind)
		require.EqualValues(t, 2, second.Findings)
		findings := "/v1/imports/" + second.ID + "/findings"
		require.Len(t, items[recon.Finding](t, c, findings), 2)
		require.Len(t, items[recon.Finding](t, c, findings+"?kind=CONTINUITY"), 1)
		require.Empty(t, items[recon.Finding](t, c, findings+"?kind=PROOF"))
		require.Equal(t, http.StatusUnprocessableEntity, c.Call("GET", findings+"?kind=GOSSIP", nil).Status)
		require.Equal(t, http.StatusBadRequest, c.Call("GET", path+"/statements?cursor=x", nil).Status)
	})
	t.Run("the source says which account it is and refuses what contradicts itself", func(t *testing.T) {
		other := c.Call("POST", path+"/imports", mt940("2222", "1", "10,00", "15,00", "5,00"))
		require.Equal(t, http.StatusUnprocessableEntity, other.Status)
		require.Equal(t, recon.CodeOtherAccount, other.Problem().Code)
		require.Contains(t, other.Problem().Detail, "2222")
		require.Contains(t, other.Problem().Detail, "1111")
		var changed recon.Source
		c.Must("PATCH", path, `{"account":"2222","controlTotals":"REFUSE"}`, &changed)
		require.Equal(t, "2222", changed.Account)
		require.Equal(t, recon.CodeControlTotal, c.Call("POST", path+"/imports", mt940("2222", "1", "10,00", "15,00", "6,00")).Problem().Code)
		c.Upload(source, "other.sta", mt940("2222", "1", "10,00", "15,00", "5,00"))
		require.Equal(t, "/controlTotals", c.Call("PATCH", path, `{"controlTotals":"IGNORE"}`).Problem().Errors[0].Pointer)
	})
}

func TestTheBridgeBeginsWithStatements(t *testing.T) {
	t.Parallel()
	_, c := setup(t)
	contextID := c.NewContext("Cash")
	books, bank := c.NewSource(contextID, "books", recon.Left), c.NewSource(contextID, "bank", recon.Right)
	c.Upload(books, "books.csv", "id,date,amount,currency\nL1,2026-01-15,5.00,EUR\n")
	bridge := func(asOf string) (s recon.StatementCurrency) {
		t.Helper()
		var statement recon.Statement
		c.Must("GET", "/v1/contexts/"+contextID+"/statement?asOf="+asOf, nil, &statement)
		require.Len(t, statement.Currencies, 1)
		return statement.Currencies[0]
	}
	require.Empty(t, bridge("2026-01-31").Stated)
	c.Upload(bank, "old.csv", "id,date,amount,currency\nB0,2026-01-02,4.00,EUR\n")
	first := c.Upload(bank, "1.sta", mt940("1111", "1", "10,00", "15,00", "5,00"))
	january := bridge("2026-01-31")
	require.Equal(t, []string{"5.00", "15.00"}, []string{january.Left, january.Right}, "the bank's own closing balance")
	require.Equal(t, []recon.StatedBalance{{
		Side: recon.Right, SourceID: bank, ImportID: first.ID, Account: "1111", Number: "1",
		To: the15th(t), Closing: "15.00",
	}}, january.Stated)
	require.Contains(t, january.Items, recon.StatementItem{Label: "balances brought in", Side: recon.Right, Amount: "6.00"})
	before := bridge("2026-01-14")
	require.Equal(t, "4.00", before.Right, "no statement ends by then: the sum of rows")
	require.Empty(t, before.Stated)

	c.Upload(bank, "3.sta", mt940("1111", "3", "17,00", "18,00", "1,00"))
	gap := bridge("2026-01-31")
	require.Equal(t, "18.00", gap.Right)
	require.Contains(t, gap.Items, recon.StatementItem{
		Label: "balances that no row explains", Side: recon.Right, Amount: "2.00",
	})
}

func the15th(t *testing.T) recon.Day {
	t.Helper()
	day, err := recon.ParseDay("2026-01-15")
	require.NoError(t, err)
	return day
}
