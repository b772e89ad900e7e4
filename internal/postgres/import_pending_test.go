//go:build unit || !integration

package postgres

import (
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/recon"
)

func TestReplaceable(t *testing.T) {
	free, proposed := pendingRow{ID: 1}, pendingRow{ID: 2, GroupID: 7, Status: recon.GroupProposed}
	confirmed, part := pendingRow{ID: 3, GroupID: 8, Status: recon.GroupConfirmed}, pendingRow{ID: 4, GroupID: 9, Status: recon.GroupPartial}
	require.Equal(t, []pendingRow{free, proposed}, replaceable([]pendingRow{free, confirmed, proposed, part}))
}
