//go:build integration

package pgserver

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
)

func TestMain(m *testing.M) {
	play()
	code := m.Run()
	_ = os.RemoveAll(prepared.dir)
	os.Exit(code)
}

func TestStart_SecondStartFindsItsData(t *testing.T) {
	t.Parallel()
	dir := dataFolder(t)
	first := startServer(t, Config{DataDir: dir})
	execute(t, first, "CREATE TABLE kept (id bigint)", "INSERT INTO kept (id) VALUES (42)")
	require.NoError(t, first.Stop(t.Context()))
	require.NoError(t, first.Err())
	require.NoDirExists(t, first.layout.socket)

	second := startServer(t, Config{DataDir: dir})
	require.Equal(t, "42", queryOne(t, second, "SELECT id::text FROM kept"))
}

func TestStart_RecoversAfterKillOfThePostmaster(t *testing.T) {
	t.Parallel()
	dir := madeFolder(t)
	first := startServer(t, Config{DataDir: dir})
	execute(t, first, "CREATE TABLE kept (id bigint)", "INSERT INTO kept (id) VALUES (42)")
	require.NoError(t, syscall.Kill(first.PID(), syscall.SIGKILL))
	<-first.Done()
	require.ErrorContains(t, first.Err(), "killed")

	second := startServer(t, Config{DataDir: dir})
	require.Equal(t, "42", queryOne(t, second, "SELECT id::text FROM kept"))
	require.Contains(t, logOf(t, second), "automatic recovery in progress")
}

func TestStart_StaleProcessIDOfSomebodyElse(t *testing.T) {
	t.Parallel()
	dir := madeFolder(t)
	first := startServer(t, Config{DataDir: dir})
	require.NoError(t, first.Stop(t.Context()))
	pidFile := filepath.Join(first.layout.cluster, "postmaster.pid")
	stale := fmt.Sprintf("%d\n%s\n0\n5432\n\n\n0 0\nready\n", os.Getpid(), first.layout.cluster)
	require.NoError(t, os.WriteFile(pidFile, []byte(stale), 0o600))
	require.Equal(t, "1", queryOne(t, startServer(t, Config{DataDir: dir}), "SELECT 1"))
}

func TestStart_TwoOnOneFolder(t *testing.T) {
	t.Parallel()
	dir := madeFolder(t)
	first := startServer(t, Config{DataDir: dir})
	_, err := Start(t.Context(), Config{DataDir: dir})
	require.Equal(t, ReasonInUse, reasonOf(err))
	require.Equal(t, "1", queryOne(t, first, "SELECT 1"), "the first goes on")
}

func TestStart_WrongMajorIsRefusedAndUntouched(t *testing.T) {
	t.Parallel()
	dir := madeFolder(t)
	first := startServer(t, Config{DataDir: dir})
	require.NoError(t, first.Stop(t.Context()))
	version := filepath.Join(first.layout.cluster, "PG_VERSION")
	require.NoError(t, os.WriteFile(version, []byte("12\n"), 0o600))

	before := digest(t, first.layout.cluster)
	_, err := Start(t.Context(), Config{DataDir: dir})
	require.Equal(t, ReasonWrongVersion, reasonOf(err))
	require.Equal(t, before, digest(t, first.layout.cluster))

	require.NoError(t, os.WriteFile(version, fmt.Appendf(nil, "%d\n", first.bin.major), 0o600))
	startServer(t, Config{DataDir: dir})
}

// reasonOf is that of an Error, "" of any other error.
func reasonOf(err error) Reason {
	var fault *Error
	if errors.As(err, &fault) {
		return fault.Reason
	}
	return ""
}

func TestStart_LongPath(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(dataFolder(t), strings.Repeat("a-rather-long-folder/", 8))
	s := startServer(t, Config{DataDir: dir})
	require.Equal(t, "1", queryOne(t, s, "SELECT 1"))
	require.NoError(t, s.Stop(t.Context()))
	require.NoDirExists(t, s.layout.socket)
}

func TestStart_ASettingThatIsWrongIsQuoted(t *testing.T) {
	t.Parallel()
	dir := madeFolder(t)
	_, err := Start(t.Context(), Config{DataDir: dir, Settings: map[string]string{"work_mem": "much"}})
	require.Equal(t, ReasonFailed, reasonOf(err))
	require.ErrorContains(t, err, "work_mem")
	require.ErrorContains(t, err, filepath.Join(dir, "postgres.log"))
	startServer(t, Config{DataDir: dir}) // nothing is left locked
}

func TestStart_CancelledLeavesNothingRunning(t *testing.T) {
	t.Parallel()
	dir := dataFolder(t)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err := Start(ctx, Config{DataDir: dir})
	require.Error(t, err)
	startServer(t, Config{DataDir: dir})
}

func TestStop_OutOfTimeStopsAtOnceAndTheNextStartRecovers(t *testing.T) {
	t.Parallel()
	dir := madeFolder(t)
	s := startServer(t, Config{DataDir: dir})
	execute(t, s, "CREATE TABLE kept AS SELECT 42 AS id")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_ = s.Stop(ctx) // nil where the shutdown was quicker
	<-s.Done()
	require.Equal(t, "42", queryOne(t, startServer(t, Config{DataDir: dir}), "SELECT id::text FROM kept"))
}

func TestStop_EndsAServerThatHangs(t *testing.T) {
	t.Parallel()
	s := startServer(t, Config{DataDir: madeFolder(t)})
	require.NoError(t, syscall.Kill(s.PID(), syscall.SIGSTOP))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorContains(t, s.Stop(ctx), "the next start recovers")
	<-s.Done()
}

func TestOpenLog_PutsALargeOneAside(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "postgres.log")
	require.NoError(t, os.WriteFile(path, []byte("old"), 0o600))
	require.NoError(t, os.Truncate(path, logLimit+1))
	f, err := openLog(path)
	require.NoError(t, err)
	require.NoError(t, f.Close())
	require.FileExists(t, path+".1")
	info, err := os.Stat(path)
	require.NoError(t, err)
	require.Zero(t, info.Size())
}

// prepared is a data folder with a cluster, made once: initdb takes a second.
var prepared struct {
	once sync.Once
	dir  string
	err  error
}

// madeFolder is a data folder that has its cluster already.
func madeFolder(t *testing.T) string {
	t.Helper()
	prepared.once.Do(prepare)
	require.NoError(t, prepared.err)
	dir := dataFolder(t)
	require.NoError(t, os.Mkdir(dir, 0o711))
	for _, kept := range []string{"cluster"} {
		out, err := exec.Command("cp", "-a", filepath.Join(prepared.dir, kept), dir).CombinedOutput()
		require.NoError(t, err, "%s", out)
	}
	return dir
}

// prepare outlives the test that asks first; TestMain removes the folder.
func prepare() {
	if prepared.dir, prepared.err = os.MkdirTemp("", "pgserver-test-"); prepared.err != nil {
		return
	}
	s, err := Start(context.Background(), Config{DataDir: prepared.dir})
	if err == nil {
		err = s.Stop(context.Background())
	}
	prepared.err = err
}

// dataFolder is one that an unprivileged account can reach.
func dataFolder(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	require.NoError(t, os.Chmod(filepath.Dir(dir), 0o711))
	return filepath.Join(dir, "data")
}

func startServer(t *testing.T, cfg Config) *Server {
	t.Helper()
	s, err := Start(t.Context(), cfg)
	require.NoError(t, err)
	t.Cleanup(func() { _ = s.Stop(context.Background()) })
	return s
}

func execute(t *testing.T, s *Server, statements ...string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), s.DSN("postgres", ""))
	require.NoError(t, err)
	defer conn.Close(context.Background())
	for _, sql := range statements {
		_, err := conn.Exec(t.Context(), sql)
		require.NoError(t, err)
	}
}

func queryOne(t *testing.T, s *Server, sql string) string {
	t.Helper()
	value, err := ask(t.Context(), s.DSN("postgres", ""), sql)
	require.NoError(t, err)
	return value
}

func ask(ctx context.Context, dsn, sql string) (string, error) {
	conn, err := pgx.Connect(ctx, dsn)
	if err != nil {
		return "", err
	}
	defer conn.Close(context.Background())
	var value any
	err = conn.QueryRow(ctx, sql).Scan(&value)
	return fmt.Sprint(value), err
}

func logOf(t *testing.T, s *Server) string {
	t.Helper()
	text, err := os.ReadFile(s.layout.log)
	require.NoError(t, err)
	return string(text)
}

// digest covers every name and byte below a folder.
func digest(t *testing.T, root string) string {
	t.Helper()
	sum := sha256.New()
	require.NoError(t, filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		fmt.Fprintf(sum, "%s %d\n", path, len(text))
		sum.Write(text)
		return err
	}))
	return fmt.Sprintf("%x", sum.Sum(nil))
}
