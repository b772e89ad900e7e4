package testkit

import (
	"context"
	"net"
	"net/url"
	"os"
	"strconv"
	"sync"
	"testing"

	amqp "github.com/rabbitmq/amqp091-go"
)

// rabbitmqURL puts tests on a broker that already runs; they then share its virtual host.
const rabbitmqURL = "MATCHER_TEST_RABBITMQ_URL"

// RabbitMQ returns the amqp:// URL of a virtual host of the test's own, on the one private node of this test process,
// which ends with the process, however that goes. The node starts in some 8 s.
func RabbitMQ(t testing.TB) string {
	t.Helper()
	if address := os.Getenv(rabbitmqURL); address != "" {
		return address
	}
	node, err := sharedRabbit()
	if err != nil {
		t.Fatalf("starting the tests' RabbitMQ (run scripts/install-deps, or set %s): %v", rabbitmqURL, err)
	}
	return node.VHost(t)
}

var sharedRabbit = sync.OnceValues(func() (*RabbitNode, error) {
	node, err := newRabbitNode()
	if err != nil {
		return nil, err
	}
	if node.lifeline, err = removeAfterExit(node.dir); err != nil {
		return nil, err
	}
	return node, node.start()
})

// NewRabbitNode starts a node for a test that stops it or raises its alarms. It ends with the test.
func NewRabbitNode(t testing.TB) *RabbitNode {
	t.Helper()
	if os.Getenv(rabbitmqURL) != "" {
		t.Skip("this test needs a RabbitMQ that it may stop")
	}
	node, err := newRabbitNode()
	if err == nil {
		t.Cleanup(func() {
			node.end()
			_ = os.RemoveAll(node.dir)
		})
		err = node.start()
	}
	if err != nil {
		t.Fatalf("starting a RabbitMQ of the test's own: %v", err)
	}
	return node
}

// VHost is the URL of a virtual host that no other test of this process has.
func (n *RabbitNode) VHost(t testing.TB) string {
	t.Helper()
	host := n.hosts.Add(1)
	if host > rabbitHosts {
		t.Fatalf("raise rabbitHosts: more than %d tests want a virtual host", rabbitHosts)
	}
	return n.url(rabbitHost(int(host)))
}

func (n *RabbitNode) url(vhost string) string {
	u := url.URL{
		Scheme: "amqp", User: url.UserPassword(rabbitUser, n.password),
		Host: net.JoinHostPort("127.0.0.1", strconv.Itoa(n.port)), Path: "/" + vhost,
	}
	return u.String()
}

// Start starts the node again after Stop, on the same ports and data.
func (n *RabbitNode) Start(t testing.TB) {
	t.Helper()
	if err := n.start(); err != nil {
		t.Fatalf("starting RabbitMQ again: %v", err)
	}
}

// Stop ends the node in order; what it holds on disk stays.
func (n *RabbitNode) Stop(t testing.TB) {
	t.Helper()
	if err := n.stop(); err != nil {
		t.Fatalf("stopping RabbitMQ: %v", err)
	}
}

// Ctl runs rabbitmqctl on the node and returns what it printed. It takes some three seconds.
func (n *RabbitNode) Ctl(t testing.TB, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), rabbitWait)
	defer cancel()
	out, err := n.control(ctx, args...)
	if err != nil {
		t.Fatalf("rabbitmqctl %v: %v: %s", args, err, out)
	}
	return out
}

// AMQP is a channel of the test's own to a broker.
func AMQP(t testing.TB, address string) *amqp.Channel {
	t.Helper()
	conn, err := amqp.Dial(address)
	if err != nil {
		t.Fatalf("connecting to the tests' RabbitMQ: %v", err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	channel, err := conn.Channel()
	if err != nil {
		t.Fatal(err)
	}
	return channel
}
