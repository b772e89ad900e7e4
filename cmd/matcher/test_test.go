//go:build unit || !integration

package main

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestSetupScripts(t *testing.T) { runScripts(t, "testdata/test") }

func TestCasesOfTheExamplesHold(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	setup := filepath.Join("../../examples", "receivables", "recon.yaml")
	require.NoError(t, run(t.Context(), []string{"test", setup}, nil, strings.NewReader(""), &out, &out), out.String())
	require.Contains(t, out.String(), "ok    a bank that takes its charge off")
}
