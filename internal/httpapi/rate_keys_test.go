//go:build unit || !integration

package httpapi

import (
	"log/slog"
	"strconv"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"
	"golang.org/x/time/rate"
)

func TestScoped_TakesTheLibrarysPrefixAwayOnce(t *testing.T) {
	require.Equal(t, []string{"tenant:a:rate:tenant", "rate:x", "y"}, scoped([]string{"rate:tenant:a:rate:tenant", "rate:rate:x", "y"}))
}

func TestLimiter_CountsUnderTheTenantsKeyInTheEmbeddedRedis(t *testing.T) {
	server := miniredis.RunT(t)
	client := redis.NewClient(&redis.Options{Addr: server.Addr()})
	defer client.Close()
	l := newLimiter(client, slog.New(slog.DiscardHandler), newLimitFigures(prometheus.NewRegistry()))
	allowed := 0
	for range 10 {
		if l.allow(t.Context(), "tenant", "tenant:a:rate:tenant", Rate{PerSecond: 1, Burst: 3}).allowed {
			allowed++
		}
	}
	require.GreaterOrEqual(t, allowed, 3)
	require.Less(t, allowed, 10)
	require.Equal(t, []string{"tenant:a:rate:tenant"}, server.Keys())
	require.Empty(t, l.local.young, "nothing was decided here")
}

func TestDecide(t *testing.T) {
	l := newLimiter(nil, slog.New(slog.DiscardHandler), newLimitFigures(prometheus.NewRegistry()))
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	limit := Rate{PerSecond: 2, Burst: 3}
	for left := 2; left >= 0; left-- {
		v := l.decide("k", limit, now)
		require.True(t, v.allowed)
		require.Equal(t, left, v.remaining)
	}
	refused := l.decide("k", limit, now)
	require.False(t, refused.allowed)
	require.Equal(t, 500*time.Millisecond, refused.retryAfter)
	require.Equal(t, 1500*time.Millisecond, refused.resetAfter)
	require.True(t, l.decide("other", limit, now).allowed)
	require.True(t, l.decide("k", limit, now.Add(500*time.Millisecond)).allowed, "a refusal costs nothing")
	t.Run("a limit that changes is in force at once", func(t *testing.T) {
		later := now.Add(time.Hour)
		require.True(t, l.decide("k", Rate{PerSecond: 100, Burst: 100}, later).allowed)
		require.Equal(t, 100, l.decide("k", Rate{PerSecond: 100, Burst: 100}, later.Add(time.Minute)).remaining+1)
	})
}

func TestLocalLimits_AreBoundedAndKeepWhatIsInUse(t *testing.T) {
	l := localLimits{young: map[string]*rate.Limiter{}}
	limit := Rate{PerSecond: 1, Burst: 1}
	busy := l.get("busy", limit)
	for n := range 5 * maxLocalLimits {
		l.get(strconv.Itoa(n), limit)
		if n%1000 == 0 {
			require.Same(t, busy, l.get("busy", limit))
		}
	}
	require.LessOrEqual(t, len(l.young)+len(l.old), 2*maxLocalLimits)
}

// BenchmarkLimiter is what a local decision costs.
func BenchmarkLimiter(b *testing.B) {
	l := newLimiter(nil, slog.New(slog.DiscardHandler), newLimitFigures(prometheus.NewRegistry()))
	for b.Loop() {
		l.allow(b.Context(), "tenant", "tenant:a:rate:tenant", Rate{PerSecond: 1_000_000, Burst: 1_000_000})
	}
}
