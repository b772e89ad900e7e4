//go:build unit || !integration

package engine

import (
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestThisBuild_NamesGoAndTheEngine(t *testing.T) {
	b := ThisBuild()
	require.Equal(t, runtime.Version(), b.Go)
	require.Equal(t, Version, b.Engine)
	require.NotEmpty(t, b.Version)
}
