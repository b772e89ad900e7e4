//go:build unit || !integration

package adapters

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// pools that dial nothing.
func poolsOf(t *testing.T, keys ...string) (*poolSet, *ConnectionSettings) {
	t.Helper()
	settings := ConnectionSettings{DSN: "postgres://nobody@127.0.0.1:1/d", Database: "d", MaxPools: 3}.withDefaults()
	s := newPoolSet()
	t.Cleanup(func() { closePools(s.shut()) })
	for _, key := range keys {
		pool, err := s.hold(poolTarget{key: key, dsn: settings.DSN, connections: 1}, &settings)
		require.NoError(t, err)
		s.letGo(pool)
	}
	return s, &settings
}

func TestPoolSet_Hold(t *testing.T) {
	t.Run("the least recently used that nobody holds makes room", func(t *testing.T) {
		s, settings := poolsOf(t, "a", "b", "c")
		held, err := s.hold(poolTarget{key: "a", dsn: settings.DSN, connections: 1}, settings)
		require.NoError(t, err)
		_, err = s.hold(poolTarget{key: "d", dsn: settings.DSN, connections: 1}, settings)
		require.NoError(t, err)
		require.NotContains(t, s.pools, "b")
		require.Contains(t, s.pools, "a")
		require.EqualValues(t, 3, s.counts().open)
		s.letGo(held)
	})
	t.Run("another description replaces the pool; its holders drain it", func(t *testing.T) {
		s, settings := poolsOf(t)
		target := poolTarget{key: "a", dsn: settings.DSN, connections: 1}
		old, err := s.hold(target, settings)
		require.NoError(t, err)
		target.connections, target.version = 2, 1
		for range 2 {
			pool, err := s.hold(target, settings)
			require.NoError(t, err)
			require.NotSame(t, old, pool)
			s.letGo(pool)
		}
		require.Equal(t, poolCounts{open: 1, draining: 1}, s.counts())
		s.letGo(old)
		require.Equal(t, poolCounts{open: 1}, s.counts())
	})
	t.Run("an older description is served by the newer pool, and the same one by the same", func(t *testing.T) {
		s, settings := poolsOf(t)
		target := poolTarget{key: "a", dsn: settings.DSN, connections: 2, version: 5}
		pool, err := s.hold(target, settings)
		require.NoError(t, err)
		for _, asked := range []poolTarget{
			{key: "a", dsn: settings.DSN, connections: 1, version: 4},
			{key: "a", dsn: settings.DSN, connections: 2, version: 9},
		} {
			same, err := s.hold(asked, settings)
			require.NoError(t, err)
			require.Same(t, pool, same)
			s.letGo(same)
		}
		require.EqualValues(t, 9, pool.target.version)
		s.letGo(pool)
	})
	t.Run("what cannot be opened is nobody's pool", func(t *testing.T) {
		s, settings := poolsOf(t)
		_, err := s.hold(poolTarget{key: "a", dsn: "postgres://[::1", connections: 1}, settings)
		require.Error(t, err)
		require.Empty(t, s.pools)
	})
	t.Run("after the end there is none", func(t *testing.T) {
		s, settings := poolsOf(t, "a")
		closePools(s.shut())
		_, err := s.hold(poolTarget{key: "a", dsn: settings.DSN, connections: 1}, settings)
		require.ErrorIs(t, err, ErrManagerClosed)
	})
}

func TestPoolSet_Reap(t *testing.T) {
	s, settings := poolsOf(t, "a", "b")
	held, err := s.hold(poolTarget{key: "b", dsn: settings.DSN, connections: 1}, settings)
	require.NoError(t, err)
	s.reap(time.Now().Add(-time.Hour))
	require.Len(t, s.pools, 2)
	s.reap(time.Now().Add(time.Hour))
	require.Len(t, s.pools, 1, "one that is held stays")
	s.letGo(held)
}
