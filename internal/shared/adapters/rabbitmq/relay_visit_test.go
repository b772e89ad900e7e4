//go:build unit || !integration

package rabbitmq

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"matcher/internal/postgres"
	"matcher/internal/recon"
)

func TestPauseAfter(t *testing.T) {
	t.Parallel()
	t.Run("a tenant's failures back it off, ever longer, up to a limit", func(t *testing.T) {
		t.Parallel()
		for failures, most := range map[int]time.Duration{0: 300 * time.Millisecond, 3: 2400 * time.Millisecond, 1000: 45 * time.Second} {
			end := pauseAfter(failures, ErrNacked)
			require.Equal(t, failures+1, end.Failures)
			require.LessOrEqual(t, end.Pause, most)
			require.GreaterOrEqual(t, end.Pause, most/3)
			require.False(t, end.Done)
		}
	})
	t.Run("a broker that is gone is no failure of the tenant's", func(t *testing.T) {
		t.Parallel()
		end := pauseAfter(2, fmt.Errorf("%w: lost", ErrUnavailable))
		require.Equal(t, 2, end.Failures)
		require.Positive(t, end.Pause)
	})
	t.Run("after another relay's success the tenant is looked at again at once", func(t *testing.T) {
		t.Parallel()
		require.Equal(t, postgres.OutboxVisitEnd{Failures: 1}, pauseAfter(1, postgres.ErrOutboxMoved))
	})
}

func TestParking(t *testing.T) {
	t.Parallel()
	r := NewRelay(RelayConfig{ParkedMax: 15})
	first := r.parking(recon.Event{Seq: 7}, 1, errors.New("why"))
	require.Equal(t, postgres.Parking{Seq: 7, Attempts: 1, Cause: "why", RetryIn: parkedFirst}, first)
	require.Equal(t, time.Hour, r.parking(recon.Event{}, 14, ErrReturned).RetryIn, "never rarer than each hour")
	require.Zero(t, r.parking(recon.Event{}, 15, ErrReturned).RetryIn, "the last try gives it up")
}

func TestFirsts(t *testing.T) {
	t.Parallel()
	require.Equal(t, 2, firsts(postgres.OutboxResult{From: 10, To: 20, Parked: []postgres.Parking{{Seq: 4}, {Seq: 11}, {Seq: 20}}}),
		"an event that was parked before is not counted again")
}
