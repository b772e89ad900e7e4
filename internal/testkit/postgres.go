// Package testkit gives tests real servers of their own: a fresh PostgreSQL
// database and a fresh Redis per test, on private servers that vanish with the
// test process. Nothing outside tests imports it.
package testkit

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"matcher/internal/pgserver"
)

// Environment variables that put tests on servers that already run, where a
// machine cannot start its own.
const (
	postgresURL = "MATCHER_TEST_POSTGRES_URL"
	redisURL    = "MATCHER_TEST_REDIS_URL"
)

// adminTimeout bounds making or dropping one database, on a machine where
// many packages do so at once.
const adminTimeout = 60 * time.Second

// volatile settings suit servers whose data is not needed after the test.
var volatile = map[string]string{
	"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off",
	"shared_buffers": "128MB", "max_connections": "200", "autovacuum_naptime": "10s",
}

// Database returns the superuser's DSN of a new empty database, dropped when
// the test ends: on the server of MATCHER_TEST_POSTGRES_URL, else on one
// private server per test process. Roles belong to the server and are shared
// by the process's tests.
func Database(t testing.TB) string {
	t.Helper()
	server := serverURL(t)
	name := "matcher_test_" + randomHex()
	administer(t, server, `CREATE DATABASE "`+name+`" TEMPLATE template0`)
	t.Cleanup(func() { administer(t, server, `DROP DATABASE IF EXISTS "`+name+`" WITH (FORCE)`) })
	u := *server
	u.Path = "/" + name
	return u.String()
}

// serverURL is a database of the server on which tests make theirs.
func serverURL(t testing.TB) *url.URL {
	t.Helper()
	dsn := os.Getenv(postgresURL)
	if dsn == "" {
		s, err := shared()
		if err != nil {
			t.Fatalf("starting the tests' PostgreSQL: %v", err)
		}
		dsn = s.dsn
	}
	u, err := url.Parse(dsn)
	if err != nil || !strings.HasPrefix(u.Scheme, "postgres") {
		t.Fatalf("%s must be a URL, postgres://user:password@host:port/database", postgresURL)
	}
	return u
}

func administer(t testing.TB, server *url.URL, sql string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), adminTimeout)
	defer cancel()
	conn, err := pgx.Connect(ctx, server.String())
	if err != nil {
		t.Fatalf("connecting to the tests' PostgreSQL: %v", err)
	}
	defer conn.Close(ctx)
	if _, err := conn.Exec(ctx, sql); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

// sharedServer is the one server of a test process.
type sharedServer struct {
	dsn      string
	lifeline *os.File // the reaper's standard input, closed by the kernel with the process
}

// shared starts it with the first test that needs one.
var shared = sync.OnceValues(func() (*sharedServer, error) {
	dir, err := reachableFolder()
	if err != nil {
		return nil, err
	}
	lifeline, err := removeAfterExit(dir)
	if err != nil {
		return nil, err
	}
	s, err := pgserver.Start(context.Background(), pgserver.Config{DataDir: dir, Settings: volatile, AllowInstall: true})
	if err != nil {
		return nil, err
	}
	return &sharedServer{dsn: s.DSN("postgres", ""), lifeline: lifeline}, nil
})

// reachableFolder is a temporary folder that another account can pass
// through: where user namespaces are blocked, root's server runs as one.
func reachableFolder() (string, error) {
	dir, err := os.MkdirTemp("", "matcher-test-")
	if err != nil {
		return "", err
	}
	return dir, os.Chmod(dir, 0o711)
}

// reaper waits on its standard input, which the kernel closes when the test
// process is gone, however it went; ends the server without ceremony, waits
// until the postmaster, last to go, has taken its pid file away (its process
// may linger as a zombie), and removes the folder. $1 is the folder.
const reaper = `cat >/dev/null
file=$1/cluster/postmaster.pid
kill -QUIT "$(head -n 1 "$file" 2>/dev/null)" 2>/dev/null
i=0
while [ -e "$file" ] && [ $i -lt 200 ]; do sleep 0.05; i=$((i+1)); done
rm -rf -- "$1" || { sleep 1; rm -rf -- "$1"; }`

// removeAfterExit starts the reaper. A test process has no hook at its end
// that a panic, a timeout or a kill would not skip.
func removeAfterExit(dir string) (lifeline *os.File, err error) {
	read, write, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer read.Close()
	cmd := exec.Command("/bin/sh", "-c", reaper, "sh", dir)
	cmd.Stdin = read
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // Ctrl-C is for the tests
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting the process that cleans up: %w", err)
	}
	return write, nil
}

// PostgresServer starts a server of the test's own, for tests that stop or
// kill it. Changes apply to its Config, whose Settings lack durability unless
// replaced. It is stopped when the test ends.
func PostgresServer(t testing.TB, changes ...func(*pgserver.Config)) *pgserver.Server {
	t.Helper()
	dir, err := reachableFolder()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	cfg := pgserver.Config{DataDir: dir, Settings: volatile, AllowInstall: true}
	for _, change := range changes {
		change(&cfg)
	}
	s, err := pgserver.Start(context.Background(), cfg)
	if err != nil {
		t.Fatalf("starting a PostgreSQL of the test's own: %v", err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), adminTimeout)
		defer cancel()
		_ = s.Stop(ctx) // a test may have killed it
	})
	return s
}

func randomHex() string {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails
	return strconv.Itoa(os.Getpid()) + "_" + hex.EncodeToString(b[:])
}
