//go:build unit || !integration

package main

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"matcher/examples"
)

// A world of three months holds a true group and one that is not, and the judge knows them apart.
func TestMonthsAreJudgedByTheirTruth(t *testing.T) {
	t.Parallel()
	w := makeWorld(time.Date(2025, 11, 1, 0, 0, 0, 0, time.UTC))
	require.Greater(t, len(w.truth), monthCases)
	var isTrue examples.Score
	path := filepath.Join(t.TempDir(), "groups.csv")
	require.NoError(t, os.WriteFile(path, []byte("group,status,rule,score,side,id\n"+
		"G1,CONFIRMED,paid,99,LEFT,L1\nG1,CONFIRMED,paid,99,RIGHT,R9999\nG2,PROPOSED,paid,99,LEFT,L3\n"), 0o600))
	require.NoError(t, w.judge(path, &isTrue))
	require.Equal(t, 1, isTrue.Confirmed)
	require.Equal(t, []string{"L1 = R9999"}, isTrue.Wrong)
	require.Equal(t, "-0.07", money(-7))
}
