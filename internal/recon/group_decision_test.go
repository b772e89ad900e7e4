//go:build unit || !integration

package recon

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestGroupAction_After(t *testing.T) {
	statuses := []GroupStatus{GroupProposed, GroupPartial, GroupConfirmed, GroupRejected, GroupUnmatched}
	for action, want := range map[GroupAction][]GroupStatus{ // "" stands for a refusal
		ActionConfirm: {GroupConfirmed, GroupConfirmed, 0, 0, 0},
		ActionReject:  {GroupRejected, 0, 0, 0, 0},
		ActionUnmatch: {0, GroupUnmatched, GroupUnmatched, 0, 0},
		ActionComment: statuses,
	} {
		for i, from := range statuses {
			to, err := action.After(from, "")
			if want[i] == 0 {
				require.Equal(t, KindConflict, KindOf(err), "%s from %s", action, from)
				require.Equal(t, CodeGroupStatus, CodeOf(err))
				require.ErrorContains(t, err, "the group is "+from.String())
				require.Equal(t, from, to)
				continue
			}
			require.NoError(t, err, "%s from %s", action, from)
			require.Equal(t, want[i], to, "%s from %s", action, from)
		}
	}
	_, err := ActionConfirm.After(GroupRejected, "anna")
	require.ErrorContains(t, err, "the group is REJECTED, by anna: only a group that is PROPOSED or PARTIAL can be CONFIRMED")
}
