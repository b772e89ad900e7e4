package pgserver

import (
	"errors"
	"math"
	"os"
	"path/filepath"
	"syscall"
)

// freshNeeds is what a new cluster takes (39 MB), its first WAL segments and
// the room to do anything with it.
const freshNeeds = 128 << 20

// freeBytes is the room left for an ordinary user on the disk that holds path
// or its nearest parent; plenty where that is unknown.
func freeBytes(path string) uint64 {
	for {
		var stat syscall.Statfs_t
		err := syscall.Statfs(path, &stat)
		if err == nil {
			return stat.Bavail * uint64(stat.Bsize)
		}
		parent := filepath.Dir(path)
		if !errors.Is(err, os.ErrNotExist) || parent == path {
			return math.MaxUint64
		}
		path = parent
	}
}
