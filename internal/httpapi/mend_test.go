//go:build integration

package httpapi_test

import (
	"net/http"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"matcher/internal/auth"
	"matcher/internal/recon"
	"matcher/internal/testkit"
)

func TestMendReject(t *testing.T) {
	t.Parallel()
	api := testkit.Server(t)
	tenant := api.NewTenant("a")
	c := api.As(tenant, auth.RoleAnalyst)
	admin := api.As(tenant, auth.RoleAdmin)
	contextID := admin.NewContext("Cash")
	source := admin.NewSource(contextID, "ledger", recon.Left)
	admin.Must("PATCH", "/v1/sources/"+source, `{"maxRejected":3}`, nil)
	imported := c.Upload(source, "ledger.csv", ledger+
		"L4,2026-01-45,INV-4,4.00,EUR,Invoice four\nL5,2026-01-08,INV-5,five,EUR,Invoice five\n"+
		"L6,2026-01-08,INV-6,6.00,XXQ,Invoice six\n")
	require.EqualValues(t, 3, imported.RowsRejected)
	admin.Run(contextID)
	path := "/v1/imports/" + imported.ID + "/rejects"
	import1 := func() (i recon.Import) {
		c.Must("GET", "/v1/imports/"+imported.ID, nil, &i)
		return i
	}

	t.Run("a row is taken in with another value, by whom and why", func(t *testing.T) {
		var row recon.StoredTransaction
		c.Must("PATCH", path+"/5", `{"reason":"read from the paper","fields":{"amount":"5.00"}}`, &row)
		require.Equal(t, []string{"L5", "5.00", "2026-01-08", "OPEN"}, []string{row.ExternalID, row.Amount, row.Date.String(), string(row.State)})
		now := import1()
		require.Equal(t, []int64{6, 4, 2}, []int64{now.RowsRead, now.RowsInserted, now.RowsRejected})
		require.Equal(t, "230.30", now.Sums["EUR"])
		left := items[recon.RowError](t, c, path)
		require.Len(t, left, 2)
		require.Len(t, items[recon.RowError](t, c, path+"?limit=1"), 1)
		audit := items[recon.AuditEntry](t, c, "/v1/audit?limit=1")[0]
		require.Equal(t, "import.mend", audit.Action)
		require.Contains(t, string(audit.Detail), "read from the paper")
		require.Contains(t, string(audit.Detail), "five")
	})
	t.Run("what is still wrong, or known, is refused with its place", func(t *testing.T) {
		for body, code := range map[string]string{
			`{"reason":"x","fields":{"date":"2026-01-46"}}`:  recon.CodeDateUnreadable,
			`{"reason":"x","fields":{"datum":"2026-01-06"}}`: recon.CodeUnknownColumn,
			`{"reason":"x","fields":{}}`:                     recon.CodeDateUnreadable,
		} {
			answer := c.Call("PATCH", path+"/4", body)
			require.Equal(t, http.StatusUnprocessableEntity, answer.Status, body)
			require.Equal(t, code, answer.Problem().Errors[0].Code, body)
		}
		require.Equal(t, http.StatusUnprocessableEntity, c.Call("PATCH", path+"/4", `{"fields":{"date":"2026-01-06"}}`).Status, "why?")
		known := c.Call("PATCH", path+"/4", `{"reason":"x","fields":{"date":"2026-01-06","id":"L1"}}`)
		require.Equal(t, recon.CodeConflictingID, known.Problem().Code)
		for _, row := range []string{"5", "1", "99", "0", "x"} {
			answer := c.Call("PATCH", path+"/"+row, `{"reason":"x","fields":{"date":"2026-01-06"}}`)
			require.Equal(t, http.StatusNotFound, answer.Status, row)
		}
		require.EqualValues(t, 2, import1().RowsRejected)
	})
	t.Run("the next run sees it, and every count ties", func(t *testing.T) {
		c.Must("PATCH", path+"/4", `{"reason":"x","fields":{"date":"2026-01-06"}}`, nil)
		bankSide := admin.NewSource(contextID, "bank", recon.Right)
		c.Upload(bankSide, "bank.csv", "id,date,reference,amount,currency,description\nB4,2026-01-06,INV-4,4.00,EUR,x\n")
		admin.Must("POST", "/v1/contexts/"+contextID+"/rules", `{"name":"reference","type":"EXACT","priority":10}`, nil)
		admin.Run(contextID)
		require.Len(t, items[recon.StoredGroup](t, c, "/v1/contexts/"+contextID+"/groups?status=CONFIRMED"), 1)
		conn, err := pgx.Connect(t.Context(), api.OwnerDSN)
		require.NoError(t, err)
		defer conn.Close(t.Context())
		require.Empty(t, testkit.Violations(t, conn, tenant))
	})
}
