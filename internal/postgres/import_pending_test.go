//go:build unit || !integration

package postgres

import (
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/recon"
)

func TestReplaceable(t *testing.T) {
	free, proposed := pendingRow{id: 1}, pendingRow{id: 2, groupID: 7, status: recon.GroupProposed}
	confirmed, part := pendingRow{id: 3, groupID: 8, status: recon.GroupConfirmed}, pendingRow{id: 4, groupID: 9, status: recon.GroupPartial}
	require.Equal(t, []pendingRow{free, proposed}, replaceable([]pendingRow{free, confirmed, proposed, part}))
}
