//go:build unit || !integration

package pgserver

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestExplain_NamesTheReasonFromPostgresOwnWords(t *testing.T) {
	l := testLayout(t)
	for output, want := range map[string]Reason{
		`FATAL:  could not write lock file "postmaster.pid": No space left on device`: ReasonDiskFull,
		`FATAL:  could not open directory "pg_tblspc": Permission denied`:             ReasonNoAccess,
		`FATAL:  unrecognized configuration parameter "shared_bufers"`:                ReasonFailed,
	} {
		err := explain("PostgreSQL did not start", output, l, errors.New("exit status 1"))
		require.Equal(t, want, err.Reason, output)
		require.NotEmpty(t, err.Fix)
	}
	full := explain("x", "", l, fmt.Errorf("writing: %w", syscall.ENOSPC))
	require.Equal(t, ReasonDiskFull, full.Reason)
}

// reason is that of an Error, "" of any other error.
func reason(err error) Reason {
	var fault *Error
	if errors.As(err, &fault) {
		return fault.Reason
	}
	return ""
}

func TestTail_QuotesOnlyTheEndOfThisRun(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	before := "FATAL of yesterday\n"
	var lines strings.Builder
	for i := range 2000 {
		fmt.Fprintf(&lines, "line %d\n", i)
	}
	require.NoError(t, os.WriteFile(path, []byte(before+lines.String()), 0o600))
	got := strings.Split(tail(path, int64(len(before))), "\n")
	require.Len(t, got, tailLines)
	require.Equal(t, "line 1999", got[tailLines-1])

	require.NoError(t, os.WriteFile(path, []byte(before+"FATAL of today\n"), 0o600))
	require.Equal(t, "FATAL of today", tail(path, int64(len(before))))
	require.Empty(t, tail(path+".absent", 0))
}

func testLayout(t *testing.T) layout {
	t.Helper()
	l, err := newLayout(t.TempDir())
	require.NoError(t, err)
	return l
}
