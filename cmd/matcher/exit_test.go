//go:build unit || !integration

package main

import (
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTheExitCodeSurvivesWrapping(t *testing.T) {
	t.Parallel()
	require.Equal(t, 0, exitCode(nil))
	require.Equal(t, 1, exitCode(errors.New("the disk is full")))
	require.Equal(t, 2, exitCode(fmt.Errorf("parsing: %w", usageError("two sides are needed"))))
	require.Equal(t, 3, exitCode(foundError("open: %d", 3)))
}
