//go:build unit || !integration

package systemplane

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestSnapshot_ReadsByType(t *testing.T) {
	s := snapshotOf(defaults(), nil, 0, nil)
	require.Equal(t, 30*time.Second, s.Seconds(RequestTimeoutSeconds))
	require.Empty(t, s.Text(ManagerURL))
	require.Panics(t, func() { s.Int(ManagerURL) }, "asking for another type is a fault of the caller's")
	require.Panics(t, func() { s.Int("no.such_key") })
}

func TestSnapshot_BootOnlyKeysIgnoreTheStore(t *testing.T) {
	rows := []Stored{{Key: DefaultTenantSlug, Value: []byte(`"other"`), Version: 5}}
	require.Equal(t, "default", snapshotOf(defaults(), nil, 5, rows).Text(DefaultTenantSlug))
}
