//go:build unit || !integration

package recon

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestDecisionLimit_IsAboutAllReasonsWhereItNamesNone(t *testing.T) {
	t.Parallel()
	limit := DecisionLimit{}
	require.Contains(t, limit.Of(), "WRITE_OFF")
	require.Contains(t, limit.Of(), DecisionIgnored)
	require.Equal(t, []string{"FEE"}, (&DecisionLimit{Reasons: []string{"FEE"}}).Of())
}
