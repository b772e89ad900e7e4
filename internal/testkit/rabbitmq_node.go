package testkit

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

const (
	rabbitUser = "matcher"
	// rabbitHosts are made with the node: making one later takes a command of some three seconds. They are enough for
	// two passes of the package that takes the most.
	rabbitHosts = 32
	// rabbitWait bounds a start: 8 s on an idle machine, far more on one that compiles at the same time.
	rabbitWait = 3 * time.Minute
	rabbitPoll = 50 * time.Millisecond
)

// RabbitNode is a private RabbitMQ on loopback ports, with a cookie, a port mapper and folders of its own. The virtual
// machine and the mapper are children of this process, whose death takes them along.
type RabbitNode struct {
	dir, name, password string
	port                int
	programs            string // the folder of rabbitmq-server and rabbitmqctl
	env                 []string
	hosts               atomic.Int64
	lifeline            *os.File

	mapper, server           *exec.Cmd
	mapperEnded, serverEnded <-chan struct{}
	out                      *lockedBuffer
}

func newRabbitNode() (*RabbitNode, error) {
	programs, err := rabbitPrograms()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "matcher-rabbit-")
	if err != nil {
		return nil, err
	}
	var ports [3]int
	for i := range ports {
		if ports[i], err = freePort(); err != nil {
			return nil, err
		}
	}
	n := &RabbitNode{dir: dir, name: "matcher" + strconv.Itoa(ports[0]) + "@localhost", password: randomHex(), port: ports[0], programs: programs}
	n.env = n.environment(ports[1], ports[2])
	return n, n.writeFiles()
}

// rabbitPrograms prefers the folder behind Debian's wrappers, which insist on an account of the system.
func rabbitPrograms() (string, error) {
	const debian = "/usr/lib/rabbitmq/bin"
	if _, err := os.Stat(debian + "/rabbitmq-server"); err == nil {
		return debian, nil
	}
	path, err := exec.LookPath("rabbitmq-server")
	if err != nil {
		return "", err
	}
	return filepath.Dir(path), nil
}

func (n *RabbitNode) environment(dist, mapper int) []string {
	in := func(name string) string { return filepath.Join(n.dir, name) }
	return []string{
		"PATH=" + os.Getenv("PATH"), "LANG=C.UTF-8",
		"HOME=" + n.dir, // where Erlang looks for the cookie
		"ERL_EPMD_PORT=" + strconv.Itoa(mapper), "ERL_EPMD_ADDRESS=127.0.0.1",
		"RABBITMQ_NODENAME=" + n.name, "RABBITMQ_DIST_PORT=" + strconv.Itoa(dist),
		"RABBITMQ_NODE_PORT=" + strconv.Itoa(n.port), "RABBITMQ_NODE_IP_ADDRESS=127.0.0.1",
		"RABBITMQ_BASE=" + n.dir, "RABBITMQ_MNESIA_BASE=" + in("mnesia"), "RABBITMQ_MNESIA_DIR=" + in("mnesia/node"),
		"RABBITMQ_LOG_BASE=" + in("log"), "RABBITMQ_LOGS=-", "RABBITMQ_PID_FILE=" + in("pid"),
		"RABBITMQ_ENABLED_PLUGINS_FILE=" + in("plugins"), "RABBITMQ_PLUGINS_EXPAND_DIR=" + in("expanded"),
		"RABBITMQ_FEATURE_FLAGS_FILE=" + in("flags"), "RABBITMQ_CONF_ENV_FILE=" + in("env"),
		"RABBITMQ_CONFIG_FILE=" + in("rabbitmq.conf"), "RABBITMQ_ADVANCED_CONFIG_FILE=" + in("advanced.config"),
		"RABBITMQ_GENERATED_CONFIG_DIR=" + in("generated"),
		// Two schedulers: a node that takes every core starts no sooner and slows the tests down.
		"RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS=+S 2:2 -kernel inet_dist_use_interface {127,0,0,1}",
		"RABBITMQ_ALLOW_INPUT=true", // the shell becomes the virtual machine instead of waiting for it
	}
}

func (n *RabbitNode) writeFiles() error {
	config := fmt.Sprintf("load_definitions = %s\nlisteners.tcp.1 = 127.0.0.1:%d\ndisk_free_limit.absolute = 1MB\nmax_message_size = 1048576\n"+
		"log.console = true\nlog.console.level = warning\nlog.file = false\n", filepath.Join(n.dir, "definitions.json"), n.port)
	definitions, err := json.Marshal(n.definitions())
	if err != nil {
		return err
	}
	for name, text := range map[string]string{
		".erlang.cookie": "C" + n.password, "env": "", "plugins": "[].", "rabbitmq.conf": config, "definitions.json": string(definitions),
	} {
		mode := os.FileMode(0o600)
		if name == ".erlang.cookie" {
			mode = 0o400
		}
		if err := os.WriteFile(filepath.Join(n.dir, name), []byte(text), mode); err != nil {
			return err
		}
	}
	return nil
}

func rabbitHost(number int) string { return fmt.Sprintf("test%02d", number) }

func (n *RabbitNode) definitions() map[string]any {
	type fields = map[string]any
	hosts, permissions := []fields{}, []fields{}
	for number := range rabbitHosts {
		name := rabbitHost(number + 1)
		hosts = append(hosts, fields{"name": name})
		permissions = append(permissions, fields{"user": rabbitUser, "vhost": name, "configure": ".*", "write": ".*", "read": ".*"})
	}
	users := []fields{{"name": rabbitUser, "password": n.password, "tags": "administrator", "limits": fields{}}}
	return fields{"users": users, "vhosts": hosts, "permissions": permissions}
}

// start starts the port mapper, which the node would else start as a daemon that outlives it, and the node.
func (n *RabbitNode) start() (err error) {
	n.out = &lockedBuffer{}
	if n.mapper == nil {
		mapper := n.command("epmd", "-address", "127.0.0.1")
		if n.mapperEnded, err = startLocked(mapper); err != nil {
			return err
		}
		n.mapper = mapper
	}
	server := n.command(filepath.Join(n.programs, "rabbitmq-server"), "-noinput")
	if n.serverEnded, err = startLocked(server); err != nil {
		return err
	}
	n.server = server
	return n.await()
}

func (n *RabbitNode) command(program string, args ...string) *exec.Cmd {
	cmd := exec.Command(program, args...)
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr, cmd.SysProcAttr = n.dir, n.env, n.out, n.out, tied()
	return cmd
}

// await dials until the node answers with AMQP's greeting, which it does once it has booted.
func (n *RabbitNode) await() error {
	deadline := time.NewTimer(rabbitWait)
	defer deadline.Stop()
	tick := time.NewTicker(rabbitPoll)
	defer tick.Stop()
	for {
		if greets(n.port) {
			return nil
		}
		select {
		case <-n.serverEnded:
			return errors.New("the node ended: " + n.out.String())
		case <-deadline.C:
			return errors.New("the node does not answer: " + n.out.String())
		case <-tick.C:
		}
	}
}

func greets(port int) bool {
	conn, err := net.DialTimeout("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)), time.Second)
	if err != nil {
		return false
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(5 * time.Second)); err != nil {
		return false
	}
	if _, err := conn.Write([]byte("AMQP\x00\x00\x09\x01")); err != nil {
		return false
	}
	first := make([]byte, 1)
	_, err = conn.Read(first)
	return err == nil && first[0] == 1 // a method frame: connection.start
}

func (n *RabbitNode) stop() error {
	if n.server == nil {
		return nil
	}
	_ = n.server.Process.Signal(syscall.SIGTERM) // it may have ended
	select {
	case <-n.serverEnded:
	case <-time.After(rabbitWait):
		return errors.New("the node does not end: " + n.out.String())
	}
	n.server = nil
	return nil
}

// end leaves nothing behind; nothing is saved.
func (n *RabbitNode) end() {
	for _, child := range []struct {
		cmd   *exec.Cmd
		ended <-chan struct{}
	}{{n.server, n.serverEnded}, {n.mapper, n.mapperEnded}} {
		if child.cmd != nil {
			_ = child.cmd.Process.Kill()
			<-child.ended
		}
	}
}

func (n *RabbitNode) control(ctx context.Context, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, filepath.Join(n.programs, "rabbitmqctl"), append([]string{"--quiet", "-n", n.name}, args...)...)
	cmd.Dir, cmd.Env = n.dir, n.env
	out, err := cmd.CombinedOutput()
	return strings.TrimSpace(string(out)), err
}

// lockedBuffer gathers the output of two processes.
type lockedBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

// Write is part of io.Writer.
func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}
