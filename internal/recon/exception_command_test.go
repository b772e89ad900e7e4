//go:build unit || !integration

package recon

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestJudge(t *testing.T) {
	t.Parallel()
	due := assessedOn + 5
	for _, c := range []struct {
		action   ExceptionAction
		from, to string // to is "" where it is refused
		until    Day
	}{
		{ExceptionAssign, ExceptionOpen, ExceptionInProgress, 0},
		{ExceptionAssign, ExceptionReopened, ExceptionInProgress, 0},
		{ExceptionAssign, ExceptionWaiting, ExceptionWaiting, 0},
		{ExceptionAssign, ExceptionResolved, "", 0},
		{ExceptionUnassign, ExceptionInProgress, ExceptionOpen, 0},
		{ExceptionComment, ExceptionResolved, ExceptionResolved, 0},
		{ExceptionSnooze, ExceptionOpen, ExceptionWaiting, due},
		{ExceptionSnooze, ExceptionOpen, "", due + 1},
		{ExceptionSnooze, ExceptionOpen, "", assessedOn},
		{ExceptionResolve, ExceptionInProgress, ExceptionResolved, 0},
		{ExceptionResolve, ExceptionResolved, "", 0},
		{ExceptionReopen, ExceptionResolved, ExceptionReopened, 0},
		{ExceptionReopen, ExceptionOpen, "", 0},
	} {
		command := ExceptionCommand{Action: c.action, Until: c.until}
		to, err := command.Judge(c.from, due, assessedOn)
		require.Equal(t, c.to == "", err != nil, "%s from %s: %v", c.action, c.from, err)
		if err == nil {
			require.Equal(t, c.to, to, "%s from %s", c.action, c.from)
		}
	}
}
