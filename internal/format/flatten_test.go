//go:build unit || !integration

package format

import (
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/recon"
)

// TestFlattenerKeepsColumnsInPlace: later rows may bring columns, and never move one.
func TestFlattenerKeepsColumnsInPlace(t *testing.T) {
	f := newFlattener(&window{validate: true})
	var rec recon.Record
	require.NoError(t, f.object([]byte(`{"a":1,"b":{"c":"x"}}`), &rec))
	first := rec.Header
	require.NoError(t, f.object([]byte(`{"b":{"d":true,"c":"y"},"e":[1,{"f":2}]}`), &rec))
	require.Equal(t, []string{"a", "b.c"}, first)
	require.Equal(t, []string{"a", "b.c", "b.d", "e.0", "e.1.f"}, rec.Header)
	require.Equal(t, []string{"", "y", "true", "1", "2"}, rec.Fields)

	t.Run("a bad object leaves the next one clean", func(t *testing.T) {
		require.Error(t, f.object([]byte(`{"a":1,"a":2}`), &rec))
		require.NoError(t, f.object([]byte(`{"e":[7]}`), &rec))
		require.Equal(t, []string{"", "", "", "7", ""}, rec.Fields)
	})
}
