//go:build unit || !integration

package recon

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestContextSettings_WriteOff(t *testing.T) {
	require.False(t, new(ContextSettings).WriteOff().Given(), "no limit was set")
	settings := ContextSettings{MaxWriteOff: map[string]string{"EUR": "5.00"}}
	limit, given := settings.WriteOff().In("EUR")
	require.True(t, given)
	require.Equal(t, Minor(500), limit)
	_, given = settings.WriteOff().In("USD")
	require.False(t, given)
}
