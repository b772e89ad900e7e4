//go:build unit || !integration

package examples

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestJudge(t *testing.T) {
	t.Parallel()
	const truth = "left_id,right_id,why,decides\n" +
		"L1,R1,paid,rule\n" +
		"L2,R2,in parts,rule\n" +
		"L2,R3,in parts,rule\n" +
		"L4,R4,mistyped,person\n" +
		"L5,R5,paid,rule\n" +
		"L6,L7,cancelled,rule\n"
	const header = "group_id,status,side,external_id\n"

	t.Run("a group counts as a whole, and proposals do not count", func(t *testing.T) {
		t.Parallel()
		score, err := Judge(strings.NewReader(truth), strings.NewReader(header+
			"G1,CONFIRMED,LEFT,L1\nG1,CONFIRMED,RIGHT,R1\n"+
			"G2,CONFIRMED,LEFT,L2\nG2,CONFIRMED,RIGHT,R2\n"+ // R3 is missing
			"G3,PROPOSED,LEFT,L5\nG3,PROPOSED,RIGHT,R5\n"+
			"G4,CONFIRMED,LEFT,L7\nG4,CONFIRMED,LEFT,L6\n"))
		require.NoError(t, err)
		require.Equal(t, []string{"L2 + R2"}, score.Wrong)
		require.Equal(t, []string{"L2 + R2 + R3", "L5 + R5"}, score.Missed)
		require.InDelta(t, 2.0/3, score.Precision(), 1e-9)
		require.InDelta(t, 2.0/4, score.Recall(), 1e-9)
	})
	t.Run("what a person decides is right when confirmed and not missed when left", func(t *testing.T) {
		t.Parallel()
		score, err := Judge(strings.NewReader(truth), strings.NewReader(header+"G1,CONFIRMED,LEFT,L4\nG1,CONFIRMED,RIGHT,R4\n"))
		require.NoError(t, err)
		require.Empty(t, score.Wrong)
		require.NotContains(t, score.Missed, "L4 + R4")
		require.Zero(t, score.Found)
	})
	t.Run("a file without its columns is an error", func(t *testing.T) {
		t.Parallel()
		_, err := Judge(strings.NewReader("a,b\n"), strings.NewReader(header))
		require.Error(t, err)
		_, err = Judge(strings.NewReader(truth), strings.NewReader(""))
		require.Error(t, err)
	})
}
