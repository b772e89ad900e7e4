//go:build unit || !integration

package main

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestCount(t *testing.T) {
	for n, want := range map[int]string{5: "5", 2000: "2 k", 1_000_000: "1 M", 1500: "1500"} {
		require.Equal(t, want, count(n))
	}
}
