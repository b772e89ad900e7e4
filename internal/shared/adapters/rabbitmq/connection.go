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

	"matcher/internal/shared/safego"
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

// ErrUnavailable means that the broker is unreachable, blocks publishers, or did not answer: whether a message
// arrived is unknown, so it stays unsent.
var ErrUnavailable = errors.New("the broker is not available")

// Broker keeps a supervised connection to each virtual host in use. It dials in the background and redials after each
// loss, so the process starts and works without a broker.
type Broker struct {
	address string
	vhost   string // the installation's own
	log     *slog.Logger

	mu    sync.Mutex
	hosts map[string]*host

	life       safego.Life
	background context.Context //nolint:containedctx // the life of the connections; nil before Start
	supervised sync.WaitGroup
}

// NewBroker reads an amqp:// or amqps:// address, whose path is the virtual host of tenants that name none. It connects
// to nothing before Start.
func NewBroker(address string, log *slog.Logger) (*Broker, error) {
	uri, err := amqp.ParseURI(address)
	if err != nil {
		// the cause may quote a password
		return nil, errors.New("the broker's address is no amqp:// or amqps:// address")
	}
	return &Broker{address: address, vhost: uri.Vhost, log: log, hosts: map[string]*host{}}, nil
}

// Start keeps the connections until Stop or the end of ctx.
func (b *Broker) Start(ctx context.Context) error {
	return b.life.Run(ctx, func(ctx context.Context) error {
		b.mu.Lock()
		b.background = ctx
		for _, h := range b.hosts {
			b.supervised.Go(func() { h.supervise(ctx) })
		}
		b.mu.Unlock()
		<-ctx.Done()
		b.mu.Lock()   // from here on host begins none
		b.mu.Unlock() //nolint:staticcheck // an empty section on purpose
		b.supervised.Wait()
		return nil
	})
}

// Stop closes every connection. Publishers must have been released.
func (b *Broker) Stop() error { return b.life.Stop() }

// Ready waits until the installation's own virtual host takes messages.
func (b *Broker) Ready(ctx context.Context) error {
	h, err := b.host("")
	if err != nil {
		return err
	}
	_, err = h.await(ctx)
	return err
}

// host returns the connection of a virtual host, or begins one; "" is the installation's own.
func (b *Broker) host(name string) (*host, error) {
	name = cmp.Or(name, b.vhost)
	b.mu.Lock()
	defer b.mu.Unlock()
	if h := b.hosts[name]; h != nil {
		h.lastUsed = time.Now()
		return h, nil
	}
	stopped := b.background != nil && b.background.Err() != nil
	if stopped || len(b.hosts) >= hostsMax {
		return nil, fmt.Errorf("%w: no further virtual host (%d are in use)", ErrUnavailable, len(b.hosts))
	}
	h := &host{broker: b, name: name, lastUsed: time.Now(), changed: make(chan struct{})}
	b.hosts[name] = h
	if ctx := b.background; ctx != nil {
		b.supervised.Go(func() { h.supervise(ctx) })
	}
	return h, nil
}

// retire drops the connection of a tenant's virtual host that has been idle for a while.
func (b *Broker) retire(h *host) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if h.name == b.vhost || time.Since(h.lastUsed) < hostIdle {
		return false
	}
	delete(b.hosts, h.name)
	return true
}

// Hosts returns the virtual hosts in use, sorted.
func (b *Broker) Hosts() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Sorted(maps.Keys(b.hosts))
}

// host is one virtual host and its current connection.
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

// supervise connects, again after every loss, until ctx ends or the host is retired.
func (h *host) supervise(ctx context.Context) {
	log := h.broker.log.With("vhost", h.name)
	for failures := 0; ctx.Err() == nil; {
		conn, err := h.dial(ctx)
		if err != nil {
			if failures++; failures == 1 || failures%60 == 0 {
				log.WarnContext(ctx, "broker unreachable; events wait", "error", err, "attempts", failures)
			}
			if h.broker.retire(h) {
				return
			}
			_ = safego.Pause(ctx, redialPause(failures), nil)
			continue
		}
		failures = 0
		log.InfoContext(ctx, "connected to the broker")
		retired, lost := h.serve(ctx, conn)
		if retired || ctx.Err() != nil {
			return
		}
		log.WarnContext(ctx, "connection to the broker lost", "reason", lost)
	}
}

// redialPause doubles from redialFirst to redialMax, half of it at random: many instances reconnect one by one.
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
			h.broker.log.WarnContext(ctx, "broker flow control changed", "blocked", blocking.Active, "reason",
				blocking.Reason)
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
