//go:build unit || !integration

package period

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/recon"
)

func TestARejectedSetIsNamedByItsRows(t *testing.T) {
	t.Parallel()
	ids := map[string]int64{"LEFT L1": 1, "LEFT L2": 2, "LEFT a=b": 3, "LEFT a+b": 4, "RIGHT R1": 1, "RIGHT R2": 2}
	named := func(side recon.Side, name string) (int64, error) {
		if id, known := ids[fmt.Sprint(side, " ", name)]; known {
			return id, nil
		}
		return 0, fmt.Errorf("no row is called %q", name)
	}
	for text, want := range map[string]recon.RowSet{
		"L1=R1":        {Left: []int64{1}, Right: []int64{1}},
		"L1 + L2 = R2": {Left: []int64{1, 2}, Right: []int64{2}},
		"a=b=R1":       {Left: []int64{3}, Right: []int64{1}},
		"a+b=R1":       {Left: []int64{4}, Right: []int64{1}},
		"L1+L2=":       {Left: []int64{1, 2}},
		"L1=R1+R2":     {Left: []int64{1}, Right: []int64{1, 2}},
	} {
		set, err := RejectedSet(text, named)
		require.NoError(t, err, text)
		require.Equal(t, want, set, text)
	}
	for text, want := range map[string]string{
		"L1": "write the ids of the left rows", "L1=": "write the ids", "L9=R1": `no row is called "L9"`, "L1=R9": `no row is called "R9"`,
		"L1+L1=R1": `"L1" is named twice`,
	} {
		_, err := RejectedSet(text, named)
		require.ErrorContains(t, err, want, text)
	}
}
