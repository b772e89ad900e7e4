//go:build integration

package pgserver

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
)

// Cases that need a process of their own: another user, a small disk, a
// kernel without user namespaces, a parent to kill. The test binary runs
// itself with the case in its environment.
const (
	childCase   = "PGSERVER_TEST_CASE"
	childFolder = "PGSERVER_TEST_FOLDER"
)

var cases = map[string]func(dir string) error{
	"serve":        serveUntilKilled,
	"try":          try,
	"full disk":    onAFullDisk,
	"no namespace": withoutNamespaces,
}

// play ends the process when a case is asked for.
func play() {
	name := os.Getenv(childCase)
	if name == "" {
		return
	}
	if err := cases[name](os.Getenv(childFolder)); err != nil {
		fmt.Fprintln(os.Stdout, describe(err))
		os.Exit(1)
	}
	os.Exit(0)
}

func TestStart_AnotherProcessIsToldWhoHasTheFolder(t *testing.T) {
	t.Parallel()
	dir := madeFolder(t)
	startServer(t, Config{DataDir: dir})
	require.Contains(t, child(t, "try", dir).line(t),
		fmt.Sprintf("IN_USE The data folder %s is in use. It belongs to another Matcher (process %d)", dir, os.Getpid()))
}

func TestStart_AfterKillOfItsParentItWasShutDownCleanly(t *testing.T) {
	t.Parallel()
	dir := madeFolder(t)
	parent := child(t, "serve", dir)
	dsn := parent.line(t)
	conn, err := pgx.Connect(t.Context(), dsn)
	require.NoError(t, err)
	defer conn.Close(context.Background())
	_, err = conn.Exec(t.Context(), "CREATE TABLE kept AS SELECT 42 AS id")
	require.NoError(t, err)
	require.NoError(t, parent.cmd.Process.Kill())
	_ = parent.cmd.Wait()

	// At once, while the old server is still on its way down.
	s := startServer(t, Config{DataDir: dir})
	require.Equal(t, "42", queryOne(t, s, "SELECT id::text FROM kept"))
	require.Contains(t, logOf(t, s), "received fast shutdown request")
	require.NotContains(t, logOf(t, s), "automatic recovery")
}

func TestStart_AsAnOrdinaryUser(t *testing.T) {
	if os.Geteuid() != 0 {
		require.Equal(t, "1", queryOne(t, startServer(t, Config{DataDir: dataFolder(t)}), "SELECT 1"))
		return
	}
	const nobody = 65534
	dir := dataFolder(t)
	require.NoError(t, os.Mkdir(dir, 0o700))
	require.NoError(t, os.Chown(dir, nobody, nobody))
	c := child(t, "try", dir, func(cmd *exec.Cmd) {
		cmd.Path = publicCopy(t)
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	})
	require.Equal(t, "up 1", c.last(t))

	t.Run("then root serves the same data as its owner", func(t *testing.T) {
		require.Equal(t, "1", queryOne(t, startServer(t, Config{DataDir: dir}), "SELECT 1"))
		owner, _, err := ownerOf(filepath.Join(dir, "cluster", "base"))
		require.NoError(t, err)
		require.EqualValues(t, nobody, owner.uid)
	})
	t.Run("another user learns whose it is", func(t *testing.T) {
		c := child(t, "try", dir, func(cmd *exec.Cmd) {
			cmd.Path = publicCopy(t)
			cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 12345, Gid: 12345}}
		})
		require.Contains(t, c.line(t), "NO_ACCESS")
	})
}

func TestStart_AsRootWithoutUserNamespaces(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("only root needs them")
	}
	whole := []syscall.SysProcIDMap{{ContainerID: 0, HostID: 0, Size: 1 << 16}}
	blocked := func(cmd *exec.Cmd) {
		cmd.SysProcAttr = &syscall.SysProcAttr{
			Cloneflags: syscall.CLONE_NEWUSER, UidMappings: whole, GidMappings: whole, GidMappingsEnableSetgroups: true,
		}
	}
	t.Run("an unprivileged account serves a folder it can reach", func(t *testing.T) {
		t.Parallel()
		dir := dataFolder(t)
		require.Equal(t, "up 1", child(t, "no namespace", dir, blocked).last(t))
		owner, exists, err := ownerOf(filepath.Join(dir, "cluster"))
		require.NoError(t, err)
		require.True(t, exists)
		require.NotZero(t, owner.uid)
		require.Equal(t, "1", queryOne(t, startServer(t, Config{DataDir: dir}), "SELECT 1"), "with namespaces again")
	})
	t.Run("below a private home the cluster lives where the account reaches it", func(t *testing.T) {
		t.Parallel()
		dir := dataFolder(t)
		require.NoError(t, os.Chmod(filepath.Dir(dir), 0o700))
		c := child(t, "no namespace", dir, blocked)
		require.Equal(t, "up 1", c.last(t))
		base, err := os.ReadFile(filepath.Join(dir, "location"))
		require.NoError(t, err)
		t.Cleanup(func() { _ = os.RemoveAll(strings.TrimSpace(string(base))) })
		require.Equal(t, "1", queryOne(t, startServer(t, Config{DataDir: dir}), "SELECT 1"), "found again")
	})
	t.Run("what a namespace made is handed over", func(t *testing.T) {
		t.Parallel()
		dir := madeFolder(t)
		require.Equal(t, "up 1", child(t, "no namespace", dir, blocked).last(t))
	})
}

// withoutNamespaces runs as root of a namespace that allows no further one,
// as a container does.
func withoutNamespaces(dir string) error {
	if err := os.WriteFile("/proc/sys/user/max_user_namespaces", []byte("0"), 0o600); err != nil {
		return err
	}
	return try(dir)
}

func TestStart_FullDisk(t *testing.T) {
	t.Parallel()
	c := child(t, "full disk", dataFolder(t), func(cmd *exec.Cmd) {
		cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNS}
		if os.Geteuid() != 0 {
			cmd.SysProcAttr.Cloneflags |= syscall.CLONE_NEWUSER
			cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{HostID: os.Geteuid(), Size: 1}}
			cmd.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{HostID: os.Getegid(), Size: 1}}
		}
	})
	require.Contains(t, c.line(t), "DISK_FULL A new database cannot be made", "too small for a new one")
	require.Equal(t, "made", c.line(t))
	require.Contains(t, c.line(t), "DISK_FULL", "filled since")
	require.Contains(t, c.line(t), "No space left on device", "filled while it ran")
	require.Equal(t, "up 42", c.last(t), "freed again, and nothing lost")
}

// onAFullDisk plays on disks of its own: 32 MB, then 200 MB.
func onAFullDisk(dir string) error {
	if err := smallDisk(dir, "32m"); err != nil {
		return err
	}
	_, err := Start(context.Background(), Config{DataDir: filepath.Join(dir, "x")})
	fmt.Fprintln(os.Stdout, describe(err))
	if err := smallDisk(dir, "200m"); err != nil {
		return err
	}
	s, err := Start(context.Background(), Config{DataDir: dir})
	if err != nil {
		return err
	}
	if err := s.Stop(context.Background()); err != nil {
		return err
	}
	fmt.Fprintln(os.Stdout, "made")
	filler, err := fill(dir)
	if err != nil {
		return err
	}
	_, err = Start(context.Background(), Config{DataDir: dir})
	fmt.Fprintln(os.Stdout, describe(err))
	if err := os.Remove(filler); err != nil {
		return err
	}
	if err := fillWhileRunning(dir); err != nil {
		return err
	}
	s, err = Start(context.Background(), Config{DataDir: dir})
	if err != nil {
		return err
	}
	value, err := ask(context.Background(), s.DSN("postgres", ""), "SELECT id FROM kept")
	fmt.Fprintln(os.Stdout, "up", value)
	return errors.Join(err, s.Stop(context.Background()))
}

// fillWhileRunning commits a row, writes until the WAL finds no room, then
// makes some again. Whether the server survives is PostgreSQL's to decide.
func fillWhileRunning(dir string) error {
	s, err := Start(context.Background(), Config{DataDir: dir})
	if err != nil {
		return err
	}
	if _, err := ask(context.Background(), s.DSN("postgres", ""), "CREATE TABLE kept AS SELECT 42 AS id"); err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return err
	}
	filler, err := fill(dir)
	if err != nil {
		return err
	}
	for err == nil {
		_, err = ask(context.Background(), s.DSN("postgres", ""), "SELECT count(pg_logical_emit_message(true, 'x', repeat('x', 1000000))) FROM generate_series(1, 40)")
	}
	_ = s.Stop(context.Background())
	out, err := os.ReadFile(filepath.Join(dir, "postgres.log"))
	if err != nil {
		return err
	}
	_, found, _ := strings.Cut(string(out), "PANIC:")
	found, _, _ = strings.Cut(found, "\n")
	fmt.Fprintln(os.Stdout, found)
	return os.Remove(filler)
}

func smallDisk(dir, size string) error {
	if err := os.MkdirAll(dir, 0o711); err != nil {
		return err
	}
	if err := syscall.Mount("", "/", "", syscall.MS_PRIVATE|syscall.MS_REC, ""); err != nil {
		return err
	}
	return syscall.Mount("tmpfs", dir, "tmpfs", 0, "mode=0711,size="+size)
}

// fill takes the room that is left.
func fill(dir string) (string, error) {
	f, err := os.Create(filepath.Join(dir, "filler"))
	if err != nil {
		return "", err
	}
	defer f.Close()
	_, err = io.Copy(f, zeroes{})
	if errors.Is(err, syscall.ENOSPC) {
		err = nil
	}
	return f.Name(), err
}

type zeroes struct{}

func (zeroes) Read(p []byte) (int, error) { return len(p), nil }

func serveUntilKilled(dir string) error {
	s, err := Start(context.Background(), Config{DataDir: dir})
	if err != nil {
		return err
	}
	fmt.Fprintln(os.Stdout, s.DSN("postgres", ""))
	<-s.Done()
	return s.Err()
}

func try(dir string) error {
	s, err := Start(context.Background(), Config{DataDir: dir})
	if err != nil {
		return err
	}
	value, err := ask(context.Background(), s.DSN("postgres", ""), "SELECT 1")
	fmt.Fprintln(os.Stdout, "up", value)
	return errors.Join(err, s.Stop(context.Background()))
}

// describe is one line: the reason and the sentences.
func describe(err error) string {
	var e *Error
	if errors.As(err, &e) {
		return string(e.Reason) + " " + strings.ReplaceAll(e.Error(), "\n", " | ")
	}
	return fmt.Sprint(err)
}

// process is the test binary playing a case.
type process struct {
	cmd *exec.Cmd
	out *bufio.Scanner
}

func child(t *testing.T, play, dir string, changes ...func(*exec.Cmd)) *process {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childCase+"="+play, childFolder+"="+dir)
	cmd.Dir = "/"
	for _, change := range changes {
		change(cmd)
	}
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	cmd.Stderr = os.Stderr
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	return &process{cmd: cmd, out: bufio.NewScanner(out)}
}

func (p *process) line(t *testing.T) string {
	t.Helper()
	require.True(t, p.out.Scan(), "the child ended without a word")
	return p.out.Text()
}

// last is the line before the end, and the child has ended.
func (p *process) last(t *testing.T) string {
	t.Helper()
	line := p.line(t)
	for p.out.Scan() {
		line = p.out.Text()
	}
	_ = p.cmd.Wait()
	return line
}

// publicCopy is the test binary where every user may run it.
func publicCopy(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(os.Args[0])
	require.NoError(t, err)
	dir := t.TempDir()
	require.NoError(t, os.Chmod(filepath.Dir(dir), 0o711))
	path := filepath.Join(dir, "pgserver.test")
	require.NoError(t, os.WriteFile(path, text, 0o755))
	return path
}
