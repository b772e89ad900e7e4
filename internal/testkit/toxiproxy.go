package testkit

import (
	"context"
	"strings"
	"testing"

	"github.com/Shopify/toxiproxy/v2"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"
)

// Toxic is a proxy in this process between a client and a server: it goes away and comes back, swallows, delays and cuts.
type Toxic struct {
	proxy *toxiproxy.Proxy
	t     testing.TB
}

// NewToxic puts one before a host:port; it ends with the test.
func NewToxic(t testing.TB, upstream string) *Toxic {
	t.Helper()
	server := toxiproxy.NewServer(toxiproxy.NewMetricsContainer(prometheus.NewRegistry()), zerolog.Nop())
	toxic := &Toxic{proxy: toxiproxy.NewProxy(server, "test", "127.0.0.1:0", upstream), t: t}
	toxic.Mend()
	t.Cleanup(toxic.Cut)
	return toxic
}

// Addr is where clients connect; it stays the same.
func (x *Toxic) Addr() string { return x.proxy.Listen }

// Cut breaks every connection and refuses new ones, until Mend.
func (x *Toxic) Cut() { x.proxy.Stop() }

// Mend listens again.
func (x *Toxic) Mend() {
	x.t.Helper()
	if err := x.proxy.Start(); err != nil {
		x.t.Fatalf("starting the proxy: %v", err)
	}
}

// Stall keeps connections open and passes nothing on, in either direction, until the returned function is called.
func (x *Toxic) Stall() (end func()) {
	x.t.Helper()
	return x.add(`{"name":"up","type":"timeout","stream":"upstream","attributes":{"timeout":0}}`,
		`{"name":"down","type":"timeout","stream":"downstream","attributes":{"timeout":0}}`)
}

// Slow delays every answer, until the returned function is called.
func (x *Toxic) Slow(milliseconds string) (end func()) {
	x.t.Helper()
	return x.add(`{"name":"slow","type":"latency","stream":"downstream","attributes":{"latency":` + milliseconds + `}}`)
}

func (x *Toxic) add(toxics ...string) (end func()) {
	x.t.Helper()
	var names []string
	for _, text := range toxics {
		added, err := x.proxy.Toxics.AddToxicJson(strings.NewReader(text))
		if err != nil {
			x.t.Fatalf("adding a toxic: %v", err)
		}
		names = append(names, added.Name)
	}
	return func() {
		for _, name := range names {
			_ = x.proxy.Toxics.RemoveToxic(context.Background(), name)
		}
	}
}
