//go:build unit || !integration

package pgserver

import (
	"os"
	"os/exec"
	"runtime"
	"sync"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestStartTied_ChildOutlivesTheThreadsThatGoRetires(t *testing.T) {
	cmd := exec.Command("/bin/sh", "-c", "read line; exit 7")
	cmd.SysProcAttr = identity{}.attributes(syscall.SIGKILL)
	in, err := cmd.StdinPipe()
	require.NoError(t, err)
	ended, err := startTied(cmd)
	require.NoError(t, err)

	// A goroutine that ends while locked takes its thread with it.
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(runtime.LockOSThread)
	}
	wg.Wait()
	require.NoError(t, in.Close())
	var exit *exec.ExitError
	require.ErrorAs(t, <-ended, &exit)
	require.Equal(t, 7, exit.ExitCode(), "it was to end by itself, not by a signal")
}

func TestStartTied_TellsWhatCannotStart(t *testing.T) {
	_, err := startTied(exec.Command("/no/such/program"))
	require.Error(t, err)
}

func TestRunTied_ReturnsWhatWasPrintedAlsoOnFailure(t *testing.T) {
	out, err := runTied(exec.Command("/bin/sh", "-c", "echo why >&2; exit 1"))
	require.Error(t, err)
	require.Equal(t, "why\n", out)
}

func TestWorksIn(t *testing.T) {
	if runtime.GOOS != "linux" {
		require.Equal(t, processUnknown, worksIn(os.Getpid(), t.TempDir()))
		return
	}
	dir := t.TempDir()
	require.Equal(t, processElsewhere, worksIn(os.Getpid(), dir))
	t.Chdir(dir)
	require.Equal(t, processHere, worksIn(os.Getpid(), dir))
	require.Equal(t, processUnknown, worksIn(1<<30, dir))
}

func TestSyncFolder(t *testing.T) {
	require.NoError(t, syncFolder(t.TempDir()))
}
