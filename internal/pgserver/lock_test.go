//go:build unit || !integration

package pgserver

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestLockFolder_SecondIsToldWhoHasIt(t *testing.T) {
	l := testLayout(t)
	first, err := lockFolder(l)
	require.NoError(t, err)

	_, err = lockFolder(l)
	require.Equal(t, ReasonInUse, reason(err))
	require.ErrorContains(t, err, fmt.Sprintf("process %d", os.Getpid()))

	require.NoError(t, first.Close())
	again, err := lockFolder(l)
	require.NoError(t, err)
	require.NoError(t, again.Close())
}

func TestLockCluster_WaitsForAServerThatIsStillShuttingDown(t *testing.T) {
	l := testLayout(t)
	first, err := lockCluster(t.Context(), l)
	require.NoError(t, err)
	go func() {
		<-time.After(3 * lockPoll)
		_ = first.Close()
	}()
	second, err := lockCluster(t.Context(), l)
	require.NoError(t, err)
	defer second.Close()

	ctx, cancel := context.WithTimeout(t.Context(), 2*lockPoll)
	defer cancel()
	_, err = lockCluster(ctx, l)
	require.Equal(t, ReasonInUse, reason(err))
}

func TestClearStalePID(t *testing.T) {
	write := func(t *testing.T, text string) (layout, string) {
		l := testLayout(t)
		require.NoError(t, os.Mkdir(l.cluster, 0o700))
		path := filepath.Join(l.cluster, "postmaster.pid")
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		return l, path
	}
	t.Run("a number that is now another program's is no server", func(t *testing.T) {
		l, path := write(t, fmt.Sprintf("%d\n/somewhere\n", os.Getpid()))
		require.NoError(t, clearStalePID(l))
		require.NoFileExists(t, path)
	})
	t.Run("a file a full disk cut short is no server", func(t *testing.T) {
		l, path := write(t, "")
		require.NoError(t, clearStalePID(l))
		require.NoFileExists(t, path)
	})
	t.Run("a server started by hand is left alone", func(t *testing.T) {
		l, path := write(t, fmt.Sprintf("%d\n", os.Getpid()))
		t.Chdir(l.cluster) // what a postmaster does
		require.Equal(t, ReasonInUse, reason(clearStalePID(l)))
		require.FileExists(t, path)
	})
	t.Run("none is the rule", func(t *testing.T) {
		require.NoError(t, clearStalePID(testLayout(t)))
	})
}

func TestUnlock_ACopyInAProcessThatIsJustStartingHoldsNothing(t *testing.T) {
	l := testLayout(t)
	first, err := lockFolder(l)
	require.NoError(t, err)
	started, err := syscall.Dup(int(first.Fd()))
	require.NoError(t, err)
	defer syscall.Close(started)
	unlock(first)
	second, err := lockFolder(l)
	require.NoError(t, err)
	unlock(second)
}
