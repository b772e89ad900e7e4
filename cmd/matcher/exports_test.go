//go:build unit || !integration

package main

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/mapping"
)

func TestExportsScripts(t *testing.T) { runScripts(t, "testdata/exports") }

func TestExportsListsAll(t *testing.T) {
	t.Parallel()
	var listed []knownExport
	require.NoError(t, json.Unmarshal([]byte(output(t, "exports", "--json")), &listed))
	require.Len(t, listed, len(mapping.Exports()))
	require.NotEmpty(t, listed[0].Header)
	require.NotEmpty(t, listed[0].Reading.Fields)
}
