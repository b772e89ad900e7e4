//go:build integration

package httpapi_test

import (
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"matcher/internal/recon"
	"matcher/internal/testkit"
)

func TestAudit(t *testing.T) {
	t.Parallel()
	_, c := setup(t)
	var cash recon.Context
	c.Must("POST", "/v1/contexts", `{"name":"Cash"}`, &cash)
	c.Must("PATCH", "/v1/contexts/"+cash.ID, `{"name":"Bank"}`, nil)
	c.Must("POST", "/v1/contexts/"+cash.ID+"/archive", nil, nil)
	c.Must("POST", "/v1/contexts/"+cash.ID+"/activate", nil, nil)
	require.Equal(t, 409, c.Call("POST", "/v1/contexts", `{"name":"Bank"}`).Status)
	t.Run("every change left an audit row", func(t *testing.T) {
		var actions []string
		for _, entry := range items[recon.AuditEntry](t, c, "/v1/audit?limit=200&entityId="+cash.ID) {
			require.NotEmpty(t, entry.RequestID)
			require.Equal(t, testkit.Subject, entry.Actor)
			actions = append(actions, entry.Action)
		}
		require.Equal(t, []string{"context.activate", "context.archive", "context.update", "context.create"}, actions)
	})
	t.Run("a refused change leaves none, and numbers have no gap", func(t *testing.T) {
		listAudit := items[recon.AuditEntry](t, c, "/v1/audit")
		require.EqualValues(t, len(listAudit), listAudit[0].Seq)
		require.Empty(t, items[recon.AuditEntry](t, c, "/v1/audit?entityId="+uuid.NewString()))
		require.Len(t, items[recon.AuditEntry](t, c, "/v1/audit?action=context.create&actor="+testkit.Subject), 1)
	})
}
