//go:build unit || !integration

package httpapi

import (
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/engine"
)

func TestPublicBuild_NamesNoCommit(t *testing.T) {
	const commit = "0123456789abcdef0123456789abcdef01234567"
	b := engine.Build{Version: "v1.2.0", Commit: commit, Go: "go1.26", Engine: "engine/1"}
	require.Equal(t, engine.Build{Version: "v1.2.0", Go: "go1.26", Engine: "engine/1"}, publicBuild(b))
	b.Version = "v1.2.1-0.20261130113413-0123456789ab+dirty"
	require.Equal(t, "dev", publicBuild(b).Version)
}
