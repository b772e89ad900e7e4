//go:build unit || !integration

package adapters

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

func TestDatabasePool_Shares(t *testing.T) {
	pool := func() *databasePool { return &databasePool{shares: map[string]*tenantShare{}} }

	t.Run("a share that nobody uses is forgotten, however its users left", func(t *testing.T) {
		p := pool()
		share, err := p.enter(t.Context(), "a", 1)
		require.NoError(t, err)
		gone, cancel := context.WithCancel(t.Context())
		cancel()
		_, err = p.enter(gone, "a", 1)
		require.Error(t, err)
		require.Len(t, p.shares, 1)
		p.leave("a", share)
		require.Empty(t, p.shares)
	})
	t.Run("a waiter gets the slot that is given back", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			p := pool()
			first, err := p.enter(t.Context(), "a", 1)
			require.NoError(t, err)
			time.AfterFunc(time.Second, func() { p.leave("a", first) })
			start := time.Now()
			second, err := p.enter(t.Context(), "a", 1)
			require.NoError(t, err)
			require.Equal(t, time.Second, time.Since(start))
			p.leave("a", second)
			require.Empty(t, p.shares)
		})
	})
	t.Run("a changed size replaces the share, whose old users still leave it", func(t *testing.T) {
		p := pool()
		before, err := p.enter(t.Context(), "a", 1)
		require.NoError(t, err)
		after, err := p.enter(t.Context(), "a", 2)
		require.NoError(t, err)
		p.leave("a", before)
		require.Len(t, p.shares, 1)
		p.leave("a", after)
		require.Empty(t, p.shares)
	})
}
