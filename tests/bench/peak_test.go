//go:build unit || !integration

package main

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestPeakOf(t *testing.T) {
	require.EqualValues(t, 521, peakOf("Name:\tbench\nVmPeak:\t 900000 kB\nVmHWM:\t  533504 kB\nVmRSS:\t 1 kB\n"))
	require.Zero(t, peakOf("Name:\tbench\n"))
}
