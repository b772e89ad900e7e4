//go:build integration

package httpapi_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/recon"
	"matcher/internal/testkit"
)

func TestAgeing(t *testing.T) {
	t.Parallel()
	api := testkit.Server(t)
	w := newWorld(t, api, api.NewTenant("acme"))
	path := "/v1/contexts/" + w.contextID + "/reports/ageing"
	var ageing recon.Ageing
	w.Must(http.MethodGet, path+"?asOf=2026-02-20", nil, &ageing)
	require.Len(t, ageing.Currencies, 1)
	left, right := ageing.Currencies[0].Left, ageing.Currencies[0].Right
	require.Equal(t, []any{"125.30", int64(2), "2026-01-06"}, []any{left.Amount, left.Count, left.Oldest.String()})
	require.Equal(t, []any{"62.34", int64(2)}, []any{right.Amount, right.Count})
	require.Equal(t, []any{31, 60, "125.30"}, []any{left.Buckets[2].FromDays, *left.Buckets[2].ToDays, left.Buckets[2].Amount})
	require.Nil(t, left.Buckets[4].ToDays)

	t.Run("what was booked later than the day is not there yet", func(t *testing.T) {
		w.Must(http.MethodGet, path+"?asOf=2026-01-06", nil, &ageing)
		require.Equal(t, []any{"50.30", "50.00"}, []any{ageing.Currencies[0].Left.Amount, ageing.Currencies[0].Right.Amount})
	})
	t.Run("exceptions can be asked for by their age", func(t *testing.T) {
		all := items[recon.Exception](t, w.Client, "/v1/exceptions?contextId="+w.contextID)
		require.NotEmpty(t, all)
		require.GreaterOrEqual(t, all[0].AgeDays, 0)
		require.Empty(t, items[recon.Exception](t, w.Client, "/v1/exceptions?minAgeDays=36500&contextId="+w.contextID))
		require.Len(t, items[recon.Exception](t, w.Client, "/v1/exceptions?minAgeDays=0&contextId="+w.contextID), len(all))
	})
	t.Run("a class or reason that is none is refused, and not an empty list", func(t *testing.T) {
		for _, query := range []string{"class=break", "class=BROKEN", "reason=no_candidate", "reason=NO_CANDIDATES", "side=TOP", "status=CLOSED"} {
			answer := w.Call(http.MethodGet, "/v1/exceptions?"+query, nil)
			require.Equal(t, http.StatusUnprocessableEntity, answer.Status, query)
			parameter, _, _ := strings.Cut(query, "=")
			require.Equal(t, parameter, answer.Problem().Errors[0].Parameter)
		}
		refused := w.Call(http.MethodGet, "/v1/exceptions?reason=NO_CANDIDATES", nil).Problem().Errors[0].Message
		for _, reason := range recon.StoredReasons {
			require.Contains(t, refused, reason, "it says what there is")
			require.Equal(t, http.StatusOK, w.Call(http.MethodGet, "/v1/exceptions?reason="+reason, nil).Status, reason)
		}
	})
	t.Run("a day that is none is refused", func(t *testing.T) {
		require.Equal(t, http.StatusUnprocessableEntity, w.Call(http.MethodGet, path+"?asOf=yesterday", nil).Status)
	})
}
