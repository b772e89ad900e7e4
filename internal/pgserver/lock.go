package pgserver

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Two advisory locks guard a data folder. "lock" belongs to the Matcher
// process and vanishes with it. "cluster.lock" is inherited by PostgreSQL, so
// it is free only when the last process of an earlier server has gone. Both
// are the kernel's, so no process id has to be believed.

// shutdownLimit is how long a new start waits for a PostgreSQL that lost its
// Matcher to finish shutting down: its last checkpoint can write max_wal_size.
const shutdownLimit = 60 * time.Second

const lockPoll = 20 * time.Millisecond

// lockFolder makes and locks the data folder for this process, or returns an error that names the holder.
func lockFolder(l layout) (*os.File, error) {
	// Its mode lets an unprivileged account pass through, but not list it; the cluster below is 0700.
	if err := os.MkdirAll(l.dir, 0o711); err != nil {
		return nil, noAccess(l.dir, err)
	}
	f, err := os.OpenFile(l.lock, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, noAccess(l.lock, err)
	}
	if err := flock(f); err != nil {
		defer f.Close()
		return nil, inUse(l, holder(f), err)
	}
	// The number is for the message of the next process; the lock holds
	// without it, so a full disk is reported by the step that needs the room.
	_ = f.Truncate(0)
	_, _ = f.WriteAt([]byte(strconv.Itoa(os.Getpid())), 0)
	return f, nil
}

// lockCluster waits until nothing runs on the cluster any more and takes the
// lock that PostgreSQL will inherit.
func lockCluster(ctx context.Context, l layout) (*os.File, error) {
	f, err := os.OpenFile(l.clusterLock, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, noAccess(l.clusterLock, err)
	}
	ctx, cancel := context.WithTimeout(ctx, shutdownLimit)
	defer cancel()
	for first := true; ; first = false {
		if err = flock(f); err == nil {
			return f, nil
		}
		if first {
			shutDown(l)
		}
		select {
		case <-ctx.Done():
			_ = f.Close()
			return nil, inUse(l, "a PostgreSQL server that has not shut down yet", err)
		case <-time.After(lockPoll):
		}
	}
}

// shutDown signals the PostgreSQL that holds the cluster to end. It lost its
// Matcher, whose lock is free; on Linux the kernel has signalled it already.
// While the lock is held, the pid file is not stale.
func shutDown(l layout) {
	if pid, err := readPID(l); err == nil && pid > 1 {
		_ = syscall.Kill(pid, syscall.SIGINT)
	}
}

func readPID(l layout) (int, error) {
	text, err := os.ReadFile(filepath.Join(l.cluster, "postmaster.pid"))
	if err != nil {
		return 0, err
	}
	first, _, _ := strings.Cut(string(text), "\n")
	return strconv.Atoi(strings.TrimSpace(first))
}

func flock(f *os.File) error {
	for {
		err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if !errors.Is(err, syscall.EINTR) {
			return err
		}
	}
}

// unlock gives the folder up by name: closing alone leaves the lock to a process that this one is starting just now,
// which has a copy of the file until it runs its own program.
func unlock(f *os.File) {
	_ = syscall.Flock(int(f.Fd()), syscall.LOCK_UN)
	_ = f.Close()
}

func holder(f *os.File) string {
	text := make([]byte, 20)
	n, _ := f.ReadAt(text, 0)
	pid, err := strconv.Atoi(strings.TrimSpace(string(text[:n])))
	if err != nil {
		return "another Matcher"
	}
	return fmt.Sprintf("another Matcher (process %d)", pid)
}

func inUse(l layout, who string, cause error) *Error {
	return &Error{
		Reason: ReasonInUse, Err: cause,
		What: "The data folder " + l.dir + " is in use",
		Why:  "It belongs to " + who + ", and two servers on one folder would destroy it",
		Fix:  "Stop that one first, or start this one with another data folder",
	}
}

// clearStalePID removes a postmaster.pid that names a process which is not a
// PostgreSQL of this cluster: after a restart of a machine or container the
// number often belongs to something else, and PostgreSQL would refuse to start.
func clearStalePID(l layout) error {
	path := filepath.Join(l.cluster, "postmaster.pid")
	pid, err := readPID(l)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return nil
	case err != nil:
		return os.Remove(path) // cut short by a full disk: no server got past it
	}
	switch worksIn(pid, l.cluster) {
	case processElsewhere:
		return os.Remove(path)
	case processHere:
		return inUse(l, fmt.Sprintf("a PostgreSQL server started by hand (process %d)", pid), nil)
	}
	return nil // gone or unknown: PostgreSQL judges those itself
}

type whereabouts int

const (
	processUnknown whereabouts = iota
	processHere
	processElsewhere
)
