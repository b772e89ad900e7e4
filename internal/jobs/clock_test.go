//go:build unit || !integration

package jobs

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/riverqueue/river/rivertype"
	"github.com/stretchr/testify/require"
)

func TestClock(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var c clock
		require.Equal(t, time.Now(), c.Now(), "before it was read, this machine's")
		shown := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
		c.set(shown)
		time.Sleep(time.Minute) //nolint:forbidigo // in a bubble of synctest
		require.Equal(t, shown.Add(time.Minute), c.Now(), "what passes here is added to what the database showed")
		require.Equal(t, shown.Add(time.Minute+2*time.Second), retryPolicy{&c}.NextRetry(&rivertype.JobRow{Errors: make([]rivertype.AttemptError, 1)}))
		require.Nil(t, c.NowOrNil())
	})
}
