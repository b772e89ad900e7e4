//go:build unit || !integration

package main

import (
	"bytes"
	"encoding/json"
	"io"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestVersion(t *testing.T) {
	var out bytes.Buffer
	require.NoError(t, run(t.Context(), []string{"version", "--json"}, nil, nil, &out, io.Discard))
	var version struct{ Version, Engine, Go string }
	require.NoError(t, json.Unmarshal(out.Bytes(), &version))
	require.NotEmpty(t, version.Version)
	require.NotEmpty(t, version.Go)
	out.Reset()
	require.NoError(t, run(t.Context(), []string{"version"}, nil, nil, &out, io.Discard))
	require.Contains(t, out.String(), version.Engine)
}
