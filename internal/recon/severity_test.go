//go:build unit || !integration

package recon

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestSeverity_Scan(t *testing.T) {
	t.Parallel()
	var s Severity
	require.NoError(t, s.Scan(int64(4)))
	require.Equal(t, SeverityCritical, s)
	for _, column := range []any{int64(0), int64(5), "HIGH", nil} {
		require.Error(t, s.Scan(column))
	}
}
