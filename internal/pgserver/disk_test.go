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

func TestNoAccess_IsDiskFullOnlyWhereTheDiskIsFull(t *testing.T) {
	require.Equal(t, ReasonNoAccess, noAccess("/x", errors.New("no")).Reason)
	require.Equal(t, ReasonDiskFull, noAccess("/x", fmt.Errorf("writing: %w", syscall.ENOSPC)).Reason)
}
