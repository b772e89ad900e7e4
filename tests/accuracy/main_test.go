//go:build unit || !integration

package main

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/examples"
)

func TestShowFailsUnderTheBar(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	require.NoError(t, show(&out, "good", &examples.Score{Confirmed: 100, True: 100, Found: 100}))
	require.ErrorIs(t, show(&out, "imprecise", &examples.Score{Confirmed: 100, True: 100, Found: 100, Wrong: []string{"A + B", "C + D"}}), errUnder)
	require.ErrorIs(t, show(&out, "forgetful", &examples.Score{Confirmed: 98, True: 100, Found: 98, Missed: []string{"E + F", "G + H"}}), errUnder)
	require.Contains(t, out.String(), "confirmed, not true: A + B")
	require.Contains(t, out.String(), "true, not confirmed: G + H")
}

func TestNoExampleIsAnError(t *testing.T) {
	t.Parallel()
	require.Error(t, run(t.TempDir(), &bytes.Buffer{}))
}
