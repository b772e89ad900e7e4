//go:build unit || !integration

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const top = "../.."

// TestEveryRowHasItsBreak keeps the table whole while the code moves: a break that no longer applies, or whose test the
// standard's page does not name, is found here and not in the night.
func TestEveryRowHasItsBreak(t *testing.T) {
	page, err := os.ReadFile(filepath.Join(top, "docs/compliance/standard.md"))
	require.NoError(t, err)
	require.Len(t, mutants, rows)
	for i, m := range mutants {
		require.Equal(t, i+1, m.row)
		content, err := os.ReadFile(filepath.Join(top, m.file))
		require.NoError(t, err)
		broken, err := m.apply(string(content))
		require.NoError(t, err)
		require.NotEqual(t, string(content), broken)
		_, row, found := strings.Cut(string(page), fmt.Sprintf("\n| %d |", m.row))
		require.True(t, found, "row %d", m.row)
		row, _, _ = strings.Cut(row, "\n")
		require.Contains(t, row, "`"+m.test+"`", "row %d of the standard names the test that catches its break", m.row)
	}
}

func TestRunRefusesUnknownRows(t *testing.T) {
	for _, row := range []string{"0", "28", "x"} {
		require.ErrorContains(t, run(t.Context(), row, nil), "give a row from 1 to 27")
	}
}

func TestApplyWantsItsTextOnce(t *testing.T) {
	m := mutant{row: 3, file: "x.go", old: "a", broken: "b"}
	_, err := m.apply("aa")
	require.ErrorContains(t, err, "occurs 2 times in x.go")
	got, err := m.apply("xay")
	require.NoError(t, err)
	require.Equal(t, "xby", got)
}
