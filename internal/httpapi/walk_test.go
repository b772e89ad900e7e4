//go:build integration

package httpapi_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/auth"
	"matcher/internal/recon"
	"matcher/internal/testkit"
)

// Two small files: one pair agrees, one differs by 0.30, one row stands alone on each side.
const (
	ledger = "id,date,reference,amount,currency,description\n" +
		"L1,2026-01-05,INV-1,100.00,EUR,Invoice one\n" +
		"L2,2026-01-06,INV-2,50.30,EUR,Invoice two\n" +
		"L3,2026-01-07,INV-3,75.00,EUR,Invoice three\n"
	bank = "id,date,reference,amount,currency,description\n" +
		"B1,2026-01-05,INV-1,100.00,EUR,Payment one\n" +
		"B2,2026-01-06,INV-2,50.00,EUR,Payment two\n" +
		"B3,2026-01-09,INV-9,12.34,EUR,Payment nine\n"
)

// world is one tenant's reconciliation after a run, with the ids of everything in it.
type world struct {
	*testkit.Client
	contextID, left, right, importID, runID, ruleID, groupID, exceptionID, transactionID string
}

func newWorld(t *testing.T, api *testkit.APIServer, tenantID string) world {
	t.Helper()
	w := world{Client: api.As(tenantID, auth.RoleAdmin)}
	w.contextID = w.NewContext("Cash")
	w.left, w.right = w.NewSource(w.contextID, "ledger", recon.Left), w.NewSource(w.contextID, "bank", recon.Right)
	var rule recon.StoredRule
	w.Must(http.MethodPost, "/v1/contexts/"+w.contextID+"/rules", `{"name":"reference","type":"EXACT","priority":10}`, &rule)
	w.ruleID = rule.ID
	imported := w.Upload(w.left, "ledger.csv", ledger)
	require.EqualValues(t, 3, imported.RowsInserted)
	w.importID = imported.ID
	w.Upload(w.right, "bank.csv", bank)
	run := w.Run(w.contextID)
	require.Equal(t, recon.RunCompleted, run.Status, run.ErrorMessage)
	w.runID = run.ID
	w.groupID = first[recon.StoredGroup](t, w.Client, "/v1/contexts/"+w.contextID+"/groups").ID
	w.exceptionID = first[recon.Exception](t, w.Client, "/v1/exceptions?contextId="+w.contextID).ID
	w.transactionID = first[recon.StoredTransaction](t, w.Client, "/v1/contexts/"+w.contextID+"/transactions").ID
	return w
}

// page is a list as it comes over the wire.
type page[T any] struct {
	Items      []T    `json:"items"`
	NextCursor string `json:"nextCursor"`
}

func items[T any](t *testing.T, c *testkit.Client, path string) []T {
	t.Helper()
	var p page[T]
	c.Must(http.MethodGet, path, nil, &p)
	return p.Items
}

func first[T any](t *testing.T, c *testkit.Client, path string) T {
	t.Helper()
	all := items[T](t, c, path)
	require.NotEmpty(t, all, path)
	return all[0]
}

func TestWalk(t *testing.T) {
	t.Parallel()
	api := testkit.Server(t)
	w := newWorld(t, api, api.NewTenant("acme"))
	groups := items[recon.StoredGroup](t, w.Client, "/v1/contexts/"+w.contextID+"/groups")
	require.Len(t, groups, 1)
	require.Equal(t, "CONFIRMED", groups[0].Status)
	open := items[recon.Exception](t, w.Client, "/v1/exceptions?contextId="+w.contextID)
	require.Len(t, open, 4)
}
