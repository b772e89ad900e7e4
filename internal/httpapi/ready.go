package httpapi

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"matcher/internal/recon"
)

const (
	// maxClockSkew is how far this machine's clock may be from the database's: due times and leases are compared.
	maxClockSkew = 5 * time.Second
	// minFreeBytes is room for the logs and spooled uploads of a few seconds.
	minFreeBytes = 64 << 20
	retryReady   = 30 * time.Second
)

// Readiness is what an instance needs in order to answer: its database, the same time as it has, and room for uploads.
type Readiness struct {
	Database     func(context.Context) (now time.Time, err error)
	Spool        string // "" is the system's folder for temporary files
	MinFreeBytes int64  // 0 is what the logs need
	Now          func() time.Time
}

// Check returns what is missing.
func (r Readiness) Check(ctx context.Context) error {
	before := r.Now()
	database, err := r.Database(ctx)
	if err != nil {
		return err
	}
	// The answer was made between the two readings of the clock here.
	if early, late := before.Sub(database), database.Sub(r.Now()); max(early, late) > maxClockSkew {
		return recon.Unavailable(recon.CodeClockSkewed, retryReady,
			"this machine's clock is more than %s from the database's: let a time server set both", maxClockSkew)
	}
	free, err := freeBytes(r.Spool)
	if err != nil {
		return err
	}
	if free < cmp.Or(r.MinFreeBytes, minFreeBytes) {
		return recon.Unavailable(recon.CodeDiskFull, retryReady, "the disk that uploads are written to is full")
	}
	return nil
}

// Room returns how much uploads may take of the disk of a folder: the logs need some too.
func Room(dir string) (int64, error) {
	free, err := freeBytes(dir)
	return max(free-minFreeBytes, 0), err
}

// freeBytes returns the room that is left on the disk of a folder, "" being the system's for temporary files.
func freeBytes(dir string) (int64, error) {
	var disk unix.Statfs_t
	if err := unix.Statfs(cmp.Or(dir, os.TempDir()), &disk); err != nil {
		return 0, fmt.Errorf("looking at the disk of uploads: %w", err)
	}
	return int64(disk.Bavail) * int64(disk.Bsize), nil //nolint:unconvert // of other types elsewhere
}
