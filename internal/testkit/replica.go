package testkit

import (
	"bytes"
	"context"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"matcher/internal/pgserver"
)

// Replica is a server of the test's own that streams from another one.
type Replica struct {
	*pgserver.Server

	primary *pgserver.Server
}

// replicaPoll is how often a replica is asked how far it is.
const replicaPoll = 10 * time.Millisecond

// PostgresReplica copies the primary, which a test has from PostgresServer, and follows it. It is stopped when the test
// ends.
func PostgresReplica(t testing.TB, primary *pgserver.Server) *Replica {
	t.Helper()
	dir, err := reachableFolder()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	cluster := filepath.Join(dir, "cluster")
	copyCluster(t, primary, cluster)
	s, err := pgserver.Start(context.Background(), pgserver.Config{DataDir: dir, Settings: volatile})
	if err != nil {
		t.Fatalf("starting a replica: %v", err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), adminTimeout)
		defer cancel()
		_ = s.Stop(ctx) // a test may have killed it
	})
	r := &Replica{Server: s, primary: primary}
	r.CatchUp(t)
	return r
}

// copyCluster adds to the copy what makes it a standby of the primary (-R), and the primary's owner its owner.
func copyCluster(t testing.TB, primary *pgserver.Server, cluster string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), adminTimeout)
	defer cancel()
	var dataDirectory string
	query(t, primary.DSN("postgres", ""), `SELECT current_setting('data_directory')`, &dataDirectory)
	binary, err := os.Readlink(filepath.Join("/proc", strconv.Itoa(primary.PID()), "exe"))
	if err != nil {
		t.Skipf("this system does not say where a server's programs are: %v", err)
	}
	var out bytes.Buffer
	cmd := exec.CommandContext(ctx, filepath.Join(filepath.Dir(binary), "pg_basebackup"),
		"--pgdata", cluster, "--write-recovery-conf", "--wal-method=stream", "--checkpoint=fast", "--no-sync", "--dbname", primary.DSN("postgres", ""))
	cmd.Env, cmd.Stdout, cmd.Stderr = []string{"LC_ALL=C"}, &out, &out
	if err := cmd.Run(); err != nil {
		t.Fatalf("copying the primary: %v\n%s", err, out.String())
	}
	owner, ok := stat(t, dataDirectory).Sys().(*syscall.Stat_t)
	if !ok {
		return
	}
	err = filepath.WalkDir(cluster, func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Lchown(path, int(owner.Uid), int(owner.Gid))
	})
	if err != nil {
		t.Fatalf("giving the copy to the primary's owner: %v", err)
	}
}

func stat(t testing.TB, path string) fs.FileInfo {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info
}

// Pause stops replay: what the primary commits from now on is not seen here until Resume.
func (r *Replica) Pause(t testing.TB) {
	t.Helper()
	// The pause is requested first and reached a moment later.
	query(t, r.DSN("postgres", ""), `SELECT pg_wal_replay_pause()::text`, new(string))
	r.await(t, `SELECT pg_get_wal_replay_pause_state() = 'paused'`)
}

// Resume goes on replaying.
func (r *Replica) Resume(t testing.TB) {
	t.Helper()
	query(t, r.DSN("postgres", ""), `SELECT pg_wal_replay_resume()::text`, new(string))
}

// CatchUp waits until the replica shows all that the primary has committed by now.
func (r *Replica) CatchUp(t testing.TB) {
	t.Helper()
	var position string
	query(t, r.primary.DSN("postgres", ""), `SELECT pg_current_wal_insert_lsn()::text`, &position)
	r.await(t, `SELECT coalesce(pg_last_wal_replay_lsn() >= '`+position+`'::pg_lsn, false)`)
}

// Promote makes it a primary.
func (r *Replica) Promote(t testing.TB) {
	t.Helper()
	var promoted bool
	query(t, r.DSN("postgres", ""), `SELECT pg_promote(true, 30)`, &promoted)
	if !promoted {
		t.Fatal("the replica was not promoted in time")
	}
}

func (r *Replica) await(t testing.TB, condition string) {
	t.Helper()
	tick := time.NewTicker(replicaPoll)
	defer tick.Stop()
	end := time.After(adminTimeout)
	for {
		var holds bool
		query(t, r.DSN("postgres", ""), condition, &holds)
		if holds {
			return
		}
		select {
		case <-tick.C:
		case <-end:
			t.Fatalf("the replica does not come to: %s", condition)
		}
	}
}

// query reads one value over a connection of its own.
func query(t testing.TB, dsn, sql string, value any) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), adminTimeout)
	defer cancel()
	conn, err := pgx.Connect(ctx, dsn)
	if err != nil {
		t.Fatalf("connecting to the test's server: %v", err)
	}
	defer conn.Close(ctx)
	if err := conn.QueryRow(ctx, sql).Scan(value); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}
