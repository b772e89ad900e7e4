//go:build unit || !integration

package pgserver

import (
	"errors"
	"fmt"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestFreeBytes_OfAFolderThatIsStillToBeMade(t *testing.T) {
	dir := t.TempDir()
	require.Positive(t, freeBytes(dir))
	require.Positive(t, freeBytes(filepath.Join(dir, "a", "b", "c")))
}

func TestAsDiskFull_OnlyWhereTheDiskIsFull(t *testing.T) {
	require.Nil(t, asDiskFull("/x", errors.New("no")))
	require.Equal(t, ReasonDiskFull, asDiskFull("/x", fmt.Errorf("writing: %w", syscall.ENOSPC)).Reason)
}
