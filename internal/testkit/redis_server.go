package testkit

import (
	"net"
	"net/url"
	"os/exec"
	"strconv"
	"testing"

	"github.com/redis/go-redis/v9"
)

// RedisServer is a redis-server of the test's own that can be lost and found again.
type RedisServer struct {
	URL string

	t      testing.TB
	binary string
	stop   func()
}

// StartRedisServer starts one; it ends with the test.
func StartRedisServer(t testing.TB) *RedisServer {
	t.Helper()
	binary, err := findRedis()
	if err != nil {
		t.Fatalf("no redis-server: run scripts/install-deps (%v)", err)
	}
	port, err := freePort()
	if err != nil {
		t.Fatal(err)
	}
	s := &RedisServer{URL: "redis://" + net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) + "/0", t: t, binary: binary}
	s.Start()
	t.Cleanup(func() { s.Stop() })
	return s
}

// Start brings it up with an empty memory, under the address that it always had.
func (s *RedisServer) Start() {
	s.t.Helper()
	address, err := url.Parse(s.URL)
	if err != nil {
		s.t.Fatal(err)
	}
	cmd := exec.Command(s.binary, "--bind", "127.0.0.1", "--port", address.Port(),
		"--save", "", "--appendonly", "no", "--dir", s.t.TempDir())
	cmd.SysProcAttr = tied()
	ended, err := startLocked(cmd)
	if err == nil {
		err = answers(address.Host, ended)
	}
	if err != nil {
		s.t.Fatalf("starting redis-server: %v", err)
	}
	s.stop = func() {
		_ = cmd.Process.Kill() // its memory is lost, as it is in an outage
		<-ended
	}
}

// Stop ends it; connections to it break, new ones are refused.
func (s *RedisServer) Stop() {
	if s.stop != nil {
		s.stop()
	}
	s.stop = nil
}

// Client is a connection for the test itself.
func (s *RedisServer) Client() *redis.Client {
	s.t.Helper()
	options, err := redis.ParseURL(s.URL)
	if err != nil {
		s.t.Fatal(err)
	}
	client := redis.NewClient(options)
	s.t.Cleanup(func() { _ = client.Close() })
	return client
}
