//go:build integration

package httpapi_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/recon"
	"matcher/internal/testkit"
)

func TestTransactions(t *testing.T) {
	t.Parallel()
	api := testkit.Server(t)
	w := newWorld(t, api, api.NewTenant("acme"))
	t.Run("an open row can be ignored and taken back", func(t *testing.T) {
		open := first[recon.StoredTransaction](t, w.Client, "/v1/contexts/"+w.contextID+"/transactions?state=OPEN")
		var getTransaction recon.StoredTransaction
		ignoreTransaction := w.Must("POST", "/v1/transactions/"+open.ID+"/ignore", `{"reason":"bank charge"}`, &getTransaction)
		require.Equal(t, http.StatusOK, ignoreTransaction.Status)
		require.Equal(t, recon.StateIgnored, getTransaction.State)
		require.Equal(t, http.StatusConflict, w.Call("POST", "/v1/transactions/"+open.ID+"/ignore", `{"reason":"x"}`).Status)
		restoreTransaction := w.Must("POST", "/v1/transactions/"+open.ID+"/restore", nil, &getTransaction)
		require.Equal(t, http.StatusOK, restoreTransaction.Status)
		require.Equal(t, recon.StateOpen, getTransaction.State)
	})
	t.Run("a search narrows, and refuses what it cannot mean", func(t *testing.T) {
		path := "/v1/contexts/" + w.contextID + "/transactions"
		for query, want := range map[string]int{
			"": 6, "?side=LEFT": 3, "?state=CONFIRMED": 2, "?externalId=L2": 1, "?text=INVOICE": 3, "?currency=EUR&amount=50.30": 1,
			"?from=2026-01-06&to=2026-01-07": 3, "?sourceId=" + w.right: 3, "?text=%25": 0,
		} {
			listTransactions := items[recon.StoredTransaction](t, w.Client, path+query)
			require.Len(t, listTransactions, want, query)
		}
		require.Equal(t, http.StatusUnprocessableEntity, w.Call("GET", path+"?state=LOST", nil).Status)
		for query, want := range map[string][2]string{
			"?from=1.1.2026":                 {"DATE_UNREADABLE", "from"},
			"?from=2026-02-01&to=2026-01-01": {"INVALID_VALUE", "to"},
			"?currency=EURO":                 {"VALIDATION_FAILED", "currency"},
			"?currency=eur":                  {"CURRENCY_UNKNOWN", "currency"},
		} {
			refused := w.Call("GET", path+query, nil).Problem()
			require.Equal(t, want, [2]string{refused.Code, refused.Errors[0].Parameter}, query)
		}
	})
}
