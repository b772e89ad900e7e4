//go:build unit || !integration

package main

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestInspectScripts(t *testing.T) { runScripts(t, "testdata/inspect") }

// inspect returns what `matcher inspect --json` shows of one file, and its exit code.
func inspect(t *testing.T, args ...string) (*inspection, int) {
	t.Helper()
	var out bytes.Buffer
	err := run(t.Context(), append([]string{"inspect", "--json"}, args...), nil, strings.NewReader(""), &out, &bytes.Buffer{})
	var result inspected
	require.NoError(t, json.Unmarshal(out.Bytes(), &result), "%v: %s", err, &out)
	require.Len(t, result.Files, 1)
	return result.Files[0], exitCode(err)
}
