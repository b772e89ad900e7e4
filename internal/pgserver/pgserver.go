// Package pgserver runs a private PostgreSQL for one process: it finds the
// binaries, makes a cluster in a data folder, starts it on a socket, and takes
// it down again, also when the process is killed. What can go wrong on a
// user's machine comes back as an Error with a way out; data is never deleted.
package pgserver

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Superuser owns the cluster.
const Superuser = "postgres"

// Config is where a server lives and how it runs; only DataDir is required.
type Config struct {
	DataDir string // folder this server has for itself, made when missing
	BinDir  string // folder of postgres and initdb; empty searches for one

	// Settings override single entries of the built-in configuration.
	Settings map[string]string

	// AllowInstall lets root install Debian's package where there is no PostgreSQL.
	AllowInstall bool

	Log *slog.Logger // nil discards
}

func (c Config) logger() *slog.Logger {
	if c.Log == nil {
		return slog.New(slog.DiscardHandler)
	}
	return c.Log
}

// startLimit bounds a start that has to recover: replaying max_wal_size takes
// seconds on an SSD and minutes on a bad disk.
const startLimit = 10 * time.Minute

// Server is a running PostgreSQL.
type Server struct {
	cfg    Config
	layout layout
	bin    binaries
	cmd    *exec.Cmd
	folder *os.File // the lock on the data folder
	logged int64    // where this run begins in the log
	done   chan struct{}
	err    error // why it ended; to be read after done
}

// Start brings the server up and returns when it takes connections. Ending
// ctx cancels a start under way; a running server ends by Stop or with the
// process.
func Start(ctx context.Context, cfg Config) (*Server, error) {
	l, err := newLayout(cfg.DataDir)
	if err != nil {
		return nil, err
	}
	folder, err := lockFolder(l)
	if err != nil {
		return nil, err
	}
	s, err := start(ctx, &Server{cfg: cfg, layout: l, folder: folder, done: make(chan struct{})})
	if err != nil {
		unlock(folder)
		return nil, err
	}
	cfg.logger().Info("PostgreSQL is up", "version", s.bin.major, "data", s.layout.cluster, "pid", s.PID())
	return s, nil
}

// start does everything that needs the data folder to itself.
func start(ctx context.Context, s *Server) (*Server, error) {
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	major, err := clusterMajor(s.layout)
	if err != nil {
		return nil, err
	}
	if s.bin, err = findBinaries(ctx, s.cfg, s.layout, major); err != nil {
		return nil, err
	}
	id, l, err := chooseIdentity(s.layout, s.bin)
	if err != nil {
		return nil, err
	}
	if l.base != l.dir {
		s.cfg.logger().Warn("PostgreSQL's account cannot reach the data folder; its cluster lives elsewhere",
			"cluster", l.cluster)
	}
	running, err := lockCluster(ctx, l)
	if err != nil {
		return nil, err
	}
	defer running.Close() // from here on PostgreSQL's own copy holds it
	if s.layout, err = l.prepareSocket(id); err != nil {
		return nil, err
	}
	if err = s.ensureCluster(ctx, id); err == nil {
		err = clearStalePID(s.layout)
	}
	if err == nil {
		err = s.run(id, running)
	}
	if err != nil {
		s.layout.forgetSocket()
		return nil, err
	}
	if err := s.ready(ctx); err != nil {
		s.kill()
		return nil, err
	}
	return s, nil
}

// ensureCluster makes the cluster where there is none. It works under another name and renames the complete cluster, so
// what a killed initdb leaves is never taken for a database.
func (s *Server) ensureCluster(ctx context.Context, id identity) error {
	l := s.layout
	if _, err := os.Stat(l.cluster); err == nil {
		return nil
	} else if !errors.Is(err, fs.ErrNotExist) {
		return noAccess(l.cluster, err)
	}
	if free := freeBytes(l.base); free < freshNeeds {
		return diskFull("A new database cannot be made", l.base, fmt.Sprintf("%d MB are free", free>>20),
			syscall.ENOSPC)
	}
	err := os.RemoveAll(l.fresh) // what an interrupted initdb left never held data
	if err == nil {
		err = os.Mkdir(l.fresh, 0o700)
	}
	if err == nil {
		err = id.own(l.fresh)
	}
	if err != nil {
		return noAccess(l.fresh, err)
	}
	// UTF-8, checksums on every page, trust on the socket, whose folder is 0700, and no way in over TCP.
	cmd := exec.CommandContext(ctx, s.bin.initdb(), append([]string{
		"-D", l.fresh, "--username=" + Superuser, "--auth-local=trust", "--auth-host=reject",
		"--encoding=UTF8", "--data-checksums", "--no-sync", "--no-instructions",
	}, localeFlags...)...)
	cmd.Env, cmd.Dir = childEnv, l.fresh
	cmd.SysProcAttr = id.attributes(syscall.SIGKILL)
	if out, err := runTied(cmd); err != nil {
		_ = os.RemoveAll(l.fresh)
		return explain("A new database cannot be made", out, l, err)
	}
	if s.cfg.Settings["fsync"] != "off" { // as only tests set it
		if err := syncFolder(l.fresh); err != nil {
			return noAccess(l.fresh, err)
		}
	}
	if err := os.Rename(l.fresh, l.cluster); err != nil {
		return noAccess(l.cluster, err)
	}
	return nil
}

func (s *Server) run(id identity, running *os.File) error {
	out, err := openLog(s.layout.log)
	if err != nil {
		return noAccess(s.layout.log, err)
	}
	defer out.Close()
	if err := id.own(s.layout.log); err != nil {
		return noAccess(s.layout.log, err)
	}
	s.logged, _ = out.Seek(0, io.SeekEnd)
	s.cmd = exec.Command(s.bin.postgres(), arguments(s.fitting(id), s.layout)...)
	s.cmd.Env, s.cmd.Dir = childEnv, s.layout.cluster
	s.cmd.Stdout, s.cmd.Stderr = out, out
	s.cmd.ExtraFiles = []*os.File{running}
	s.cmd.SysProcAttr = id.attributes(syscall.SIGINT)
	ended, err := startTied(s.cmd)
	if err != nil {
		return explain("PostgreSQL did not start", "", s.layout, err)
	}
	go func() {
		s.err = <-ended
		s.layout.forgetSocket()
		unlock(s.folder)
		close(s.done) // last: a caller that waited may start again at once
	}()
	return nil
}

// logLimit is the size at which a start puts the old log aside, keeping one.
const logLimit = 10 << 20

func openLog(path string) (*os.File, error) {
	if info, err := os.Stat(path); err == nil && info.Size() > logLimit {
		if err := os.Rename(path, path+".1"); err != nil {
			return nil, err
		}
	}
	return os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
}

const (
	readyPoll = 10 * time.Millisecond
	// pidFileStatus is the line of postmaster.pid with the state, from 0.
	pidFileStatus = 7
)

// ready waits until the server's pid file reports that it takes
// connections, as pg_ctl does, or until it ends.
func (s *Server) ready(ctx context.Context) error {
	tick := time.NewTicker(readyPoll)
	defer tick.Stop()
	for {
		select {
		case <-s.done:
			return explain("PostgreSQL did not start", tail(s.layout.log, s.logged), s.layout, s.err)
		case <-ctx.Done():
			return fmt.Errorf("waiting for PostgreSQL to start: %w", ctx.Err())
		case <-tick.C:
			text, _ := os.ReadFile(filepath.Join(s.layout.cluster, "postmaster.pid")) // absent at first
			lines := strings.Split(string(text), "\n")
			if len(lines) > pidFileStatus && lines[0] == strconv.Itoa(s.PID()) &&
				strings.TrimSpace(lines[pidFileStatus]) == "ready" {
				return nil
			}
		}
	}
}

// PID returns the process id of the postmaster.
func (s *Server) PID() int { return s.cmd.Process.Pid }

// DSN returns the URL of a database over the socket, which asks for no password.
// An empty user is the superuser.
func (s *Server) DSN(database, user string) string {
	q := url.Values{
		"host": {s.layout.socket}, "port": {port}, "user": {cmp.Or(user, Superuser)}, "sslmode": {"disable"},
	}
	return (&url.URL{Scheme: "postgres", Path: "/" + database, RawQuery: q.Encode()}).String()
}

// Done is closed when the server has ended, by Stop or by itself.
func (s *Server) Done() <-chan struct{} { return s.done }

// Err returns, once Done is closed, why a server ended by itself; nil
// after a clean shutdown.
func (s *Server) Err() error {
	select {
	case <-s.done:
	default:
		return nil
	}
	if s.err == nil {
		return nil
	}
	return explain("PostgreSQL ended", tail(s.layout.log, s.logged), s.layout, s.err)
}

// killWait is how long an immediate shutdown may take before the kernel ends it.
const killWait = 5 * time.Second

// Stop shuts the server down: sessions are rolled back, a checkpoint is
// written. When ctx ends first it stops at once and the next start recovers.
func (s *Server) Stop(ctx context.Context) error {
	_ = s.cmd.Process.Signal(syscall.SIGINT) // one that has ended needs none
	select {
	case <-s.done:
		return s.Err()
	case <-ctx.Done():
		s.kill()
		return fmt.Errorf("stopping PostgreSQL in time (the next start recovers): %w", ctx.Err())
	}
}

func (s *Server) kill() {
	_ = s.cmd.Process.Signal(syscall.SIGQUIT)
	select {
	case <-s.done:
	case <-time.After(killWait):
		_ = syscall.Kill(-s.PID(), syscall.SIGKILL)
		<-s.done
	}
}
