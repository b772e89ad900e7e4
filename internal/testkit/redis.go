package testkit

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

const (
	redisTries = 5 // another process may take the free port first
	redisWait  = 10 * time.Second
	redisPoll  = 5 * time.Millisecond
)

// Redis returns the URL of a redis-server of the test's own on a loopback
// port, ended with the test; or MATCHER_TEST_REDIS_URL, whose keys the tests
// then share. One starts in some 10 ms.
func Redis(t testing.TB) string {
	t.Helper()
	if url := os.Getenv(redisURL); url != "" {
		return url
	}
	binary, err := findRedis()
	if err != nil {
		t.Fatalf("no redis-server: run scripts/install-deps, or set %s (%v)", redisURL, err)
	}
	for range redisTries {
		var url string
		if url, err = startRedis(t, binary); err == nil {
			return url
		}
	}
	t.Fatalf("starting redis-server: %v", err)
	return ""
}

func findRedis() (string, error) {
	path, err := exec.LookPath("redis-server")
	if err != nil {
		path, err = exec.LookPath("valkey-server")
	}
	return path, err
}

func startRedis(t testing.TB, binary string) (string, error) {
	t.Helper()
	port, err := freePort()
	if err != nil {
		return "", err
	}
	var out bytes.Buffer
	cmd := exec.Command(binary, "--bind", "127.0.0.1", "--port", strconv.Itoa(port),
		"--save", "", "--appendonly", "no", "--dir", t.TempDir())
	cmd.Stdout, cmd.Stderr = &out, &out
	cmd.SysProcAttr = tied()
	ended, err := startLocked(cmd)
	if err != nil {
		return "", err
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill() // nothing to save
		<-ended
	})
	addr := net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
	if err := answers(addr, ended); err != nil {
		return "", fmt.Errorf("%w: %s", err, out.String())
	}
	return "redis://" + addr + "/0", nil
}

// startLocked keeps the thread that started the child until the child ends:
// the parent-death signal follows the thread.
func startLocked(cmd *exec.Cmd) (<-chan struct{}, error) {
	started, ended := make(chan error, 1), make(chan struct{})
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		defer close(ended)
		err := cmd.Start()
		started <- err
		if err == nil {
			_ = cmd.Wait()
		}
	}()
	return ended, <-started
}

func answers(addr string, ended <-chan struct{}) error {
	client := redis.NewClient(&redis.Options{Addr: addr, MaxRetries: -1})
	defer client.Close()
	ctx, cancel := context.WithTimeout(context.Background(), redisWait)
	defer cancel()
	tick := time.NewTicker(redisPoll)
	defer tick.Stop()
	for client.Ping(ctx).Err() != nil {
		select {
		case <-ended:
			return fmt.Errorf("redis-server ended")
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
	return nil
}

// freePort asks the kernel for a port without a listener.
func freePort() (int, error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer ln.Close()
	addr, ok := ln.Addr().(*net.TCPAddr)
	if !ok {
		return 0, fmt.Errorf("no port in %v", ln.Addr())
	}
	return addr.Port, nil
}
