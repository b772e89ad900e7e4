package pgserver

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// layout is where everything of one server lives. All of it is below the data
// folder, except where the account PostgreSQL runs as cannot reach that folder
// (then base is elsewhere) or a socket's path would be too long.
type layout struct {
	dir         string // the data folder, absolute
	base        string // dir, or the folder that holds the cluster for it
	cluster     string // PGDATA
	fresh       string // where initdb works before the cluster gets its name
	socket      string // folder of the socket, 0700
	log         string
	locator     string // file that remembers base where it is not dir
	socketNote  string // file that remembers a temporary socket folder
	lock        string // held by the Matcher process
	clusterLock string // inherited by PostgreSQL, so held until its last process ends
}

// maxSocketPath is the longest path a socket may have on every system: macOS
// stops at 103 bytes, Linux at 107.
const maxSocketPath = 103

// port is the number in the socket's name; nothing listens on it.
const port = "5432"

const socketName = ".s.PGSQL." + port

func newLayout(dir string) (layout, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return layout{}, fmt.Errorf("resolving the data folder %q: %w", dir, err)
	}
	l := layout{
		dir:        abs,
		locator:    filepath.Join(abs, "location"),
		socketNote: filepath.Join(abs, "socket-folder"),
		lock:       filepath.Join(abs, "lock"),
		log:        filepath.Join(abs, "postgres.log"),
	}
	base, err := os.ReadFile(l.locator)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return l.at(abs), nil
	case err != nil:
		return layout{}, noAccess(abs, err)
	}
	return l.at(strings.TrimSpace(string(base))), nil
}

func (l layout) at(base string) layout {
	l.base = base
	l.cluster = filepath.Join(base, "cluster")
	l.fresh = filepath.Join(base, "cluster.new")
	l.clusterLock = filepath.Join(base, "cluster.lock")
	l.socket = filepath.Join(base, "socket")
	return l
}

// reachableRoot is where system accounts keep their data on Linux.
const reachableRoot = "/var/lib/matcher-postgres"

// elsewhere moves the cluster to a folder every account can reach and leaves
// a note, so that the next start finds it however it is run.
func (l layout) elsewhere() (layout, error) {
	sum := sha256.Sum256([]byte(l.dir))
	base := filepath.Join(reachableRoot, hex.EncodeToString(sum[:8]))
	if err := os.MkdirAll(base, 0o711); err != nil {
		return layout{}, noAccess(base, err)
	}
	for _, dir := range []string{reachableRoot, base} {
		if err := os.Chmod(dir, 0o711); err != nil { // whatever the umask took
			return layout{}, noAccess(dir, err)
		}
	}
	if err := os.WriteFile(l.locator, []byte(base+"\n"), 0o600); err != nil {
		return layout{}, noAccess(l.dir, err)
	}
	return l.at(base), nil
}

// prepareSocket empties the socket folder, in which a killed server may have
// left a socket and a lock with a process id that belongs to another process now.
// Where the path is too long for a socket it is a new folder under /tmp.
func (l layout) prepareSocket(id identity) (layout, error) {
	l.forgetSocket()
	if len(filepath.Join(l.socket, socketName)) > maxSocketPath {
		short, err := shortFolder()
		if err != nil {
			return layout{}, noAccess(os.TempDir(), err)
		}
		l.socket = short
		if err := os.WriteFile(l.socketNote, []byte(short+"\n"), 0o600); err != nil {
			return layout{}, noAccess(l.dir, err)
		}
	}
	if err := os.MkdirAll(l.socket, 0o700); err != nil {
		return layout{}, noAccess(l.socket, err)
	}
	if err := id.own(l.socket); err != nil {
		return layout{}, noAccess(l.socket, err)
	}
	return l, nil
}

// forgetSocket removes what an earlier server left: only the folder of this
// layout and the temporary one it noted.
func (l layout) forgetSocket() {
	_ = os.RemoveAll(l.socket)
	note, err := os.ReadFile(l.socketNote)
	if err != nil {
		return
	}
	if old := strings.TrimSpace(string(note)); strings.HasPrefix(filepath.Base(old), shortPrefix) {
		_ = os.RemoveAll(old)
	}
	_ = os.Remove(l.socketNote)
}

const shortPrefix = "matcher-pg-"

// shortFolder is a private folder whose path leaves room for a socket; the
// user's temporary folder may itself be long, as macOS's is.
func shortFolder() (string, error) {
	dir, err := os.MkdirTemp("", shortPrefix)
	if err == nil && len(filepath.Join(dir, socketName)) <= maxSocketPath {
		return dir, nil
	}
	if err == nil {
		_ = os.Remove(dir)
	}
	return os.MkdirTemp("/tmp", shortPrefix)
}

func noAccess(path string, cause error) *Error {
	if errors.Is(cause, syscall.ENOSPC) {
		return diskFull("The database's folder cannot be written", path, cause.Error(), cause)
	}
	return &Error{
		Reason: ReasonNoAccess, Err: cause,
		What: "The database's folder cannot be used",
		Why:  fmt.Sprintf("%s: %v", path, cause),
		Fix:  "Start as the user who owns it, or name another data folder",
	}
}
