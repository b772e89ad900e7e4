//go:build integration

package rabbitmq

import "context"

// CrashAt makes visits panic at a point, for good: to database and broker it is a crash.
func (r *Relay) CrashAt(point string) {
	r.at = func(_ context.Context, at string) {
		if at == point {
			panic("crashed at: " + point)
		}
	}
}

// CrashPoints are where a crash must lose nothing.
var CrashPoints = []string{"read, not sent", "sent, not confirmed", "confirmed, not recorded"}

// RelayStats are a relay's counts.
type RelayStats struct{ Visits, Sent, Parked, Failures int64 }

// Stats returns the counts so far.
func (r *Relay) Stats() RelayStats {
	return RelayStats{r.counts.visits.Load(), r.counts.sent.Load(), r.counts.parked.Load(), r.counts.failures.Load()}
}
