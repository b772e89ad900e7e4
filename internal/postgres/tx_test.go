//go:build unit || !integration

package postgres

import (
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/auth"
	"matcher/internal/recon"
)

func TestTx_Records(t *testing.T) {
	tx := newTx(t.Context(), nil, "11111111-1111-1111-1111-111111111111")

	t.Run("without a caller the system acts", func(t *testing.T) {
		require.Equal(t, "system", tx.Actor())
		ctx := auth.WithPrincipal(t.Context(), auth.Principal{Subject: "ada"})
		require.Equal(t, "ada", newTx(ctx, nil, tx.TenantID()).Actor())
	})
	t.Run("a detail is taken as it is now", func(t *testing.T) {
		detail := map[string]int{"n": 1}
		tx.Audit("rule.create", "rule", "r", detail)
		detail["n"] = 2
		require.JSONEq(t, `{"n": 1}`, tx.audits[0].detail)
		tx.Audit("rule.delete", "rule", "r", nil)
		require.JSONEq(t, `{}`, tx.audits[1].detail)
	})
	t.Run("a job is the tenant's, whatever it says", func(t *testing.T) {
		tx.Enqueue(recon.Job{Kind: recon.JobRun, TenantID: "another"})
		require.Equal(t, tx.TenantID(), tx.jobs[0].TenantID)
	})
	t.Run("the first thing that is no JSON is kept", func(t *testing.T) {
		tx.Emit("x.y", make(chan int))
		first := tx.fault
		require.Error(t, first)
		tx.Audit("a.b", "a", "", func() {})
		require.Equal(t, first, tx.fault)
	})
}
