package testkit

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// Link is a wire to a server that a test can make slow, cut or deaf.
type Link struct {
	listener net.Listener
	network  string
	address  string
	delay    time.Duration

	deaf atomic.Bool // swallows all that comes and answers nothing

	mu    sync.Mutex
	conns map[net.Conn]struct{}
	onUp  func(sent []byte) (pass bool)
}

// PostgresLink puts a link before the server of a DSN and gives the DSN through it. Each direction takes delay.
func PostgresLink(t testing.TB, dsn string, delay time.Duration) (link *Link, through string) {
	t.Helper()
	config, err := pgx.ParseConfig(dsn)
	if err != nil {
		t.Fatal(err)
	}
	link = &Link{delay: delay, conns: map[net.Conn]struct{}{}}
	link.network, link.address = pgconn.NetworkAddress(config.Host, config.Port)
	var listen net.ListenConfig
	if link.listener, err = listen.Listen(t.Context(), "tcp", "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	go link.accept()
	t.Cleanup(func() { _ = link.listener.Close(); link.Cut() })
	u := url.URL{
		Scheme: "postgres", User: url.User(config.User), Host: link.listener.Addr().String(), Path: "/" + config.Database,
		RawQuery: "sslmode=disable",
	}
	return link, u.String()
}

// Deafen makes the link swallow everything, on connections there are and on new ones, as a firewall does that drops.
func (l *Link) Deafen(deaf bool) { l.deaf.Store(deaf) }

// Cut breaks every connection.
func (l *Link) Cut() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for conn := range l.conns {
		_ = conn.Close()
	}
}

// Watch is asked about all that clients send, which it gets as one write had it; on false the link passes it on and
// breaks that connection before the answer can come back.
func (l *Link) Watch(pass func(sent []byte) bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.onUp = pass
}

func (l *Link) watcher() func([]byte) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.onUp
}

func (l *Link) accept() {
	for {
		client, err := l.listener.Accept()
		if err != nil {
			return
		}
		go l.connect(client)
	}
}

func (l *Link) connect(client net.Conn) {
	var dial net.Dialer
	server, err := dial.DialContext(context.Background(), l.network, l.address)
	if err != nil {
		_ = client.Close()
		return
	}
	l.mu.Lock()
	l.conns[client], l.conns[server] = struct{}{}, struct{}{}
	l.mu.Unlock()
	var mute atomic.Bool // the answer to what was cut never passes
	go l.carry(client, server, func(sent []byte) verdict {
		watch := l.watcher()
		if watch != nil && !watch(sent) {
			mute.Store(true)
			return passLast
		}
		return pass
	})
	go l.carry(server, client, func(answer []byte) verdict {
		switch {
		case !mute.Load():
			return pass
		case bytes.HasSuffix(answer, idle):
			return dropLast
		default:
			return drop
		}
	})
}

// idle is how a server ends its answer when no transaction is open: ReadyForQuery.
var idle = []byte{'Z', 0, 0, 0, 5, 'I'}

// verdict is what becomes of some bytes. After passLast and dropLast the side that they came from is broken, and the
// other one is left to what it makes of them: a server that sees its client gone may not begin with the last message.
type verdict int

const (
	pass verdict = iota
	passLast
	drop
	dropLast
)

// carry passes what it reads on after the delay, without waiting for it to arrive: latency, not bandwidth.
func (l *Link) carry(from, to net.Conn, judge func([]byte) verdict) {
	type packet struct {
		due  time.Time
		data []byte
		is   verdict
	}
	queue := make(chan packet, 1024)
	var broken atomic.Bool
	go func() {
		defer func() {
			if !broken.Load() {
				_ = to.Close()
			}
		}()
		for p := range queue {
			if wait := time.Until(p.due); wait > 0 {
				<-time.After(wait)
			}
			if p.is == pass || p.is == passLast {
				if _, err := to.Write(p.data); err != nil {
					_ = from.Close()
				}
			}
			if p.is == passLast || p.is == dropLast {
				broken.Store(true)
				_ = from.Close()
			}
		}
	}()
	defer close(queue)
	buffer := make([]byte, 64<<10)
	for {
		n, err := from.Read(buffer)
		if n > 0 && !l.deaf.Load() {
			data := append([]byte(nil), buffer[:n]...)
			queue <- packet{due: time.Now().Add(l.delay), data: data, is: judge(data)}
		}
		if err != nil {
			if !errors.Is(err, io.EOF) && !broken.Load() {
				_ = to.Close()
			}
			return
		}
	}
}
