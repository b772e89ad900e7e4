package rabbitmq

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"math/rand/v2"
	"net"
	"slices"
	"sync"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
)

const (
	dialTimeout  = 10 * time.Second
	writeTimeout = 10 * time.Second // a write stuck for longer means a lost or a blocked connection
	heartbeat    = 10 * time.Second

	redialFirst = 200 * time.Millisecond
	redialMax   = 5 * time.Second
	// hostsMax bounds the connections to virtual hosts of tenants; those idle for hostIdle are closed.
	hostsMax = 200
	hostIdle = 10 * time.Minute
)

// ErrUnavailable means that the broker cannot be reached, takes nothing at present, or did not answer: whether a
// message arrived is unknown, so it stays unsent.
var ErrUnavailable = errors.New("the broker is not available")

// Broker keeps a supervised connection to each virtual host in use. It dials in the background, again and again, so
// that the process starts and works without a broker.
type Broker struct {
	address string
	vhost   string // the installation's own
	log     *slog.Logger

	mu    sync.Mutex
	hosts map[string]*host

	background context.Context //nolint:containedctx // the life of the connections, from NewBroker to Close
	stop       context.CancelFunc
	supervised sync.WaitGroup
}

// NewBroker reads an amqp:// or amqps:// address, whose path is the virtual host of tenants that name none, and begins
// to connect.
func NewBroker(address string, log *slog.Logger) (*Broker, error) {
	uri, err := amqp.ParseURI(address)
	if err != nil {
		return nil, errors.New("the broker's address is no amqp:// or amqps:// address") // the cause may quote a password
	}
	b := &Broker{address: address, vhost: uri.Vhost, log: log, hosts: map[string]*host{}}
	b.background, b.stop = context.WithCancel(context.Background())
	_, err = b.host("")
	return b, err
}

// Ready waits until the installation's own virtual host takes messages.
func (b *Broker) Ready(ctx context.Context) error {
	h, err := b.host("")
	if err != nil {
		return err
	}
	_, err = h.await(ctx)
	return err
}

// Close ends every connection. Publishers must have been released.
func (b *Broker) Close(ctx context.Context) error {
	b.stop()
	ended := make(chan struct{})
	go func() { b.supervised.Wait(); close(ended) }()
	select {
	case <-ended:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("closing the broker's connections: %w", ctx.Err())
	}
}

// host finds the connection of a virtual host, or begins one; "" is the installation's own.
func (b *Broker) host(name string) (*host, error) {
	name = cmp.Or(name, b.vhost)
	b.mu.Lock()
	defer b.mu.Unlock()
	if h := b.hosts[name]; h != nil {
		h.lastUsed = time.Now()
		return h, nil
	}
	if b.background.Err() != nil || len(b.hosts) >= hostsMax {
		return nil, fmt.Errorf("%w: no further virtual host (%d are in use)", ErrUnavailable, len(b.hosts))
	}
	h := &host{broker: b, name: name, lastUsed: time.Now(), changed: make(chan struct{})}
	b.hosts[name] = h
	b.supervised.Go(func() { h.supervise(b.background) })
	return h, nil
}

// retire drops the connection of a tenant's virtual host that nobody has used for a while.
func (b *Broker) retire(h *host) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if h.name == b.vhost || time.Since(h.lastUsed) < hostIdle {
		return false
	}
	delete(b.hosts, h.name)
	return true
}

// Hosts are the virtual hosts in use, sorted.
func (b *Broker) Hosts() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Sorted(maps.Keys(b.hosts))
}

// host is the connection of one virtual host, whatever becomes of it.
type host struct {
	broker   *Broker
	name     string
	lastUsed time.Time // under broker.mu

	mu      sync.Mutex
	conn    *amqp.Connection // nil while there is none
	blocked bool             // the broker asked to send nothing: it lacks memory or disk
	changed chan struct{}    // closed with every change of the two
	idle    []*Publisher
}

// supervise connects, again after every loss, until ctx ends or nobody needs the host any longer.
func (h *host) supervise(ctx context.Context) {
	log := h.broker.log.With("vhost", h.name)
	for failures := 0; ctx.Err() == nil; {
		conn, err := h.dial(ctx)
		if err != nil {
			if failures++; failures == 1 || failures%60 == 0 {
				log.WarnContext(ctx, "the broker cannot be reached; events wait", "error", err, "attempts", failures)
			}
			if h.broker.retire(h) {
				return
			}
			wait(ctx, redialPause(failures))
			continue
		}
		failures = 0
		log.InfoContext(ctx, "connected to the broker")
		retired, lost := h.serve(ctx, conn)
		if retired || ctx.Err() != nil {
			return
		}
		log.WarnContext(ctx, "the connection to the broker is lost", "reason", lost)
	}
}

// redialPause doubles from redialFirst to redialMax, half of it at random: many instances come back one by one.
func redialPause(failures int) time.Duration {
	pause := min(redialFirst<<min(failures, 10), redialMax)
	return pause/2 + rand.N(pause/2)
}

func (h *host) dial(ctx context.Context) (*amqp.Connection, error) {
	properties := amqp.NewConnectionProperties()
	properties.SetClientConnectionName("matcher")
	var undo func() bool
	conn, err := amqp.DialConfig(h.broker.address, amqp.Config{
		Vhost: h.name, Heartbeat: heartbeat, Properties: properties,
		Dial: func(network, addr string) (net.Conn, error) {
			dialer := net.Dialer{Timeout: dialTimeout}
			tcp, err := dialer.DialContext(ctx, network, addr)
			if err != nil {
				return nil, err
			}
			undo = context.AfterFunc(ctx, func() { _ = tcp.Close() })
			return impatient{tcp}, tcp.SetDeadline(time.Now().Add(dialTimeout)) // lifted after the handshake
		},
	})
	if undo != nil {
		undo() // from here on the end is orderly
	}
	return conn, err
}

// impatient bounds each write: the library has no limit, and a blocked broker stops reading.
type impatient struct{ net.Conn }

func (c impatient) Write(b []byte) (int, error) {
	if err := c.SetWriteDeadline(time.Now().Add(writeTimeout)); err != nil {
		return 0, err
	}
	return c.Conn.Write(b)
}

// serve offers the connection until it ends.
func (h *host) serve(ctx context.Context, conn *amqp.Connection) (retired bool, lost error) {
	closed := conn.NotifyClose(make(chan *amqp.Error, 1))
	blockings := conn.NotifyBlocked(make(chan amqp.Blocking, 8))
	h.set(conn, false)
	defer h.set(nil, false)
	idle := time.NewTicker(time.Minute)
	defer idle.Stop()
	for {
		select {
		case err := <-closed:
			if err == nil {
				return false, amqp.ErrClosed
			}
			return false, err
		case blocking := <-blockings:
			h.broker.log.WarnContext(ctx, "the broker's wish about messages changed", "blocked", blocking.Active, "reason", blocking.Reason)
			h.set(conn, blocking.Active)
		case <-idle.C:
			if h.broker.retire(h) {
				return true, conn.Close()
			}
		case <-ctx.Done():
			return false, conn.CloseDeadline(time.Now().Add(time.Second))
		}
	}
}

func (h *host) set(conn *amqp.Connection, blocked bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if conn != h.conn {
		h.idle = nil // channels go with their connection
	}
	h.conn, h.blocked = conn, blocked
	close(h.changed)
	h.changed = make(chan struct{})
}

// await returns the connection once there is one that takes messages.
func (h *host) await(ctx context.Context) (*amqp.Connection, error) {
	for {
		h.mu.Lock()
		conn, blocked, changed := h.conn, h.blocked, h.changed
		h.mu.Unlock()
		if conn != nil && !blocked && !conn.IsClosed() {
			return conn, nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return nil, fmt.Errorf("%w: %w", ErrUnavailable, context.Cause(ctx))
		}
	}
}

func wait(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
