//go:build unit || !integration

package main

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestProcessOf(t *testing.T) {
	const line = "42 (postgres: a) b) S 7 42 42 0 -1 4194624 1 2 3 4 100 20 3 0 20 0 1 0 99"
	require.Equal(t, process{pid: 42, parent: 7, used: 1230 * time.Millisecond}, processOf(line))
	require.Equal(t, process{parent: -1}, processOf("42 (postgres) S 7"))
	require.Equal(t, process{parent: -1}, processOf(""))
}

func TestBelow(t *testing.T) {
	processes := []process{{2, 1, 3}, {3, 2, 5}, {4, 0, 7}, {5, -1, 11}}
	require.Equal(t, time.Duration(8), below(processes, 1))
	require.Zero(t, below(processes, 9))
}
