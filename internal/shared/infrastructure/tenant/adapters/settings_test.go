//go:build integration

package adapters_test

import (
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/auth"
	"matcher/internal/recon"
	tenancy "matcher/internal/shared/infrastructure/tenant/adapters"
	"matcher/internal/testkit"
)

func TestSettingsStore(t *testing.T) {
	t.Parallel()
	in := testkit.NewInstallation(t)
	pool, err := tenancy.OpenRolePool(t.Context(), tenancy.ConnectionSettings{DSN: in.AppDSN, Database: in.Database}, "", tenancy.RoleControl)
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	s := tenancy.NewSettings(pool)
	ctx := auth.WithRequestID(auth.WithPrincipal(t.Context(), auth.Principal{Subject: "ann"}), "r-1")

	t.Run("a change raises version and revision, and leaves a line of history", func(t *testing.T) {
		revision, err := s.Revision(ctx)
		require.NoError(t, err)
		require.Zero(t, revision)
		require.NoError(t, s.Put(ctx, tenancy.NewSetting{Key: "a", Value: []byte(`1`), Shown: []byte(`1`), Expected: 1}))
		require.NoError(t, s.Put(ctx, tenancy.NewSetting{Key: "a", Expected: 2}), "taken back")
		require.NoError(t, s.Put(ctx, tenancy.NewSetting{Key: "secret", Value: []byte(`"hunter2"`)}))
		revision, err = s.Revision(ctx)
		require.NoError(t, err)
		require.Equal(t, int64(5), revision)
		rows, err := s.Load(ctx)
		require.NoError(t, err)
		require.Len(t, rows, 2)
		require.Nil(t, rows[0].Value)
		require.Equal(t, 3, rows[0].Version)
		require.Equal(t, "ann", rows[0].ChangedBy)
		require.JSONEq(t, `"hunter2"`, string(rows[1].Value))

		history, err := s.History(ctx, "a", 0, 10)
		require.NoError(t, err)
		require.Len(t, history, 2)
		require.True(t, history[0].Reset)
		require.False(t, history[1].Reset)
		require.Equal(t, "r-1", history[1].RequestID)
		older, err := s.History(ctx, "a", 3, 10)
		require.NoError(t, err)
		require.Equal(t, history[1:], older)
		hidden, err := s.History(ctx, "secret", 0, 10)
		require.NoError(t, err)
		require.Nil(t, hidden[0].Value)
		require.False(t, hidden[0].Reset)
	})
	t.Run("of many who read the same version one is first", func(t *testing.T) {
		var won, stale atomic.Int64
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() {
				switch err := s.Put(ctx, tenancy.NewSetting{Key: "b", Value: []byte(`1`), Expected: 1}); recon.KindOf(err) {
				case "":
					won.Add(1)
				case recon.KindStale:
					stale.Add(1)
				}
			})
		}
		all.Wait()
		require.Equal(t, []int64{1, 7}, []int64{won.Load(), stale.Load()})
	})
	t.Run("history cannot be rewritten by the service's role", func(t *testing.T) {
		_, err := pool.Exec(ctx, `DELETE FROM control.settings_history`)
		require.ErrorContains(t, err, "permission denied")
		_, err = pool.Exec(ctx, `UPDATE control.settings_history SET changed_by = 'bob'`)
		require.ErrorContains(t, err, "permission denied")
	})
	t.Run("a database that is away is a 503", func(t *testing.T) {
		pool, err := tenancy.OpenRolePool(t.Context(), tenancy.ConnectionSettings{DSN: "postgres://matcher_app@127.0.0.1:1/x", Database: "x"}, "", tenancy.RoleControl)
		require.NoError(t, err)
		defer pool.Close()
		_, err = tenancy.NewSettings(pool).Revision(ctx)
		require.Equal(t, recon.KindUnavailable, recon.KindOf(err))
	})
}
