//go:build unit || !integration

package main

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"matcher/examples"
)

// What is true of the same rows changes with the days that are known: a payment that came back is none.
func TestTheTruthOfAMonthEndsWithIt(t *testing.T) {
	t.Parallel()
	first := time.Date(2025, 11, 1, 0, 0, 0, 0, time.UTC)
	w := makeWorld(first)
	i := 0
	for w.truth[i].takenBack.IsZero() {
		i++
	}
	m := w.truth[i]
	confirmed := "group_id,status,external_id\nG1,CONFIRMED," + m.left[0].id + "\nG1,CONFIRMED," + m.right[0].id + "\n"
	for day, wrong := range map[time.Time]int{m.right[0].day: 1, m.right[0].day.AddDate(0, 0, 1): 0, m.takenBack.AddDate(0, 0, 1): 1} {
		score, err := examples.Judge(strings.NewReader(w.truthBefore(day)), strings.NewReader(confirmed))
		require.NoError(t, err)
		require.Len(t, score.Wrong, wrong, day)
	}
	require.Equal(t, "-0.07", money(-7))
}
