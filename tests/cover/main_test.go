//go:build unit || !integration

package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// Of recon's ten statements the first profile reaches four, the second five others.
const (
	first = "mode: set\n" +
		"matcher/internal/recon/day.go:1.1,2.2 4 1\n" +
		"matcher/internal/recon/day.go:3.1,4.2 5 0\n" +
		"matcher/internal/recon/day.go:5.1,6.2 1 0\n" +
		"matcher/internal/jobs/queue.go:1.1,2.2 1 1\n"
	second = "mode: set\n" +
		"matcher/internal/recon/day.go:1.1,2.2 4 0\n" +
		"matcher/internal/recon/day.go:3.1,4.2 5 7\n"
)

func profiles(t *testing.T, texts ...string) (names []string) {
	t.Helper()
	dir := t.TempDir()
	for i, text := range texts {
		name := filepath.Join(dir, string(rune('a'+i)))
		require.NoError(t, os.WriteFile(name, []byte(text), 0o600))
		names = append(names, name)
	}
	return names
}

func TestCoverage(t *testing.T) {
	t.Run("one profile leaves a package under the gate", func(t *testing.T) {
		var out bytes.Buffer
		require.ErrorIs(t, run(profiles(t, first), &out), errUnder)
		require.Contains(t, out.String(), "40.0 %  internal/recon  under 85 %")
		require.Contains(t, out.String(), "100.0 %  internal/jobs")
	})
	t.Run("two together reach it, each statement counted once", func(t *testing.T) {
		var out bytes.Buffer
		require.NoError(t, run(profiles(t, first, second), &out))
		require.Contains(t, out.String(), "90.0 %  internal/recon")
	})
	t.Run("only the named packages are judged", func(t *testing.T) {
		var out bytes.Buffer
		require.NoError(t, run(append([]string{"-only", "jobs"}, profiles(t, first)...), &out))
		require.NotContains(t, out.String(), "recon")
	})
	t.Run("nothing to judge, a broken profile and a missing one are failures", func(t *testing.T) {
		require.Error(t, run(append([]string{"-only", "nowhere"}, profiles(t, first)...), &bytes.Buffer{}))
		require.Error(t, run(profiles(t, "what is this\n"), &bytes.Buffer{}))
		require.Error(t, run([]string{filepath.Join(t.TempDir(), "absent")}, &bytes.Buffer{}))
	})
}
