//go:build unit || !integration

package main

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestBench(t *testing.T) {
	t.Run("a small engine table has a line for every bar", func(t *testing.T) {
		var out bytes.Buffer
		require.NoError(t, run([]string{"-only", "engine,accuracy", "-rows", "5000"}, &out))
		require.Contains(t, out.String(), " pass ")
		for _, want := range []string{"90 % match", "TOLERANCE 1 %", "worst case", "the peer", "time(2n)", "wrong confirmed pairs"} {
			require.Contains(t, out.String(), want)
		}
	})
	t.Run("a bar that is missed is told", func(t *testing.T) {
		var out bytes.Buffer
		(&report{out: &out}).line("work", "1 s", false, "2 s")
		require.Contains(t, out.String(), "MISSED")
	})
	t.Run("an unknown flag is wrong use", func(t *testing.T) {
		require.Error(t, run([]string{"-fast"}, &bytes.Buffer{}))
	})
}
