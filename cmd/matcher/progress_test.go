//go:build unit || !integration

package main

import (
	"bytes"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"matcher/internal/engine"
)

func TestOnlyLongWorkSaysHowFarItIs(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		p := newProgress(&out)
		p.reading("bank.csv", 10, 100, 3)
		require.Empty(t, out.String(), "nothing in the first second")
		<-time.After(progressAfter)
		p.reading("bank.csv", 50, 100, 1234567)
		require.Equal(t, "reading bank.csv: 50 %, 1,234,567 rows\n", out.String())
		p.matching(engine.Progress{Rule: "by reference", Rules: 2, Candidates: 10})
		require.NotContains(t, out.String(), "matching", "a log is not flooded")
		<-time.After(progressPlain)
		p.matching(engine.Progress{Rule: "by reference", Rules: 2, Candidates: 10})
		require.Contains(t, out.String(), "rule 1 of 2 (by reference), 10 candidates")
		p.close()
	})
}
