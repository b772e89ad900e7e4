//go:build unit || !integration

package recon

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestReadEnumListsWhatThereIs(t *testing.T) {
	t.Parallel()
	value := ClassData
	err := readEnum(&value, Classes, strings.Repeat("X", 1000))
	require.ErrorContains(t, err, "TIMING, MISSING, BREAK, AMBIGUOUS, DATA")
	require.Less(t, len(err.Error()), 120, "a long text is cut")
	require.Equal(t, ClassData, value, "a refused text changes nothing")
	require.Error(t, scanEnum(&value, Classes, 7))
}
