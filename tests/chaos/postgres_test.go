//go:build chaos

// Package chaos breaks what a service stands on and looks what is left of the data.
package chaos

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"matcher/internal/pgserver"
	"matcher/internal/postgres"
	"matcher/internal/recon"
	"matcher/internal/testkit"
)

const (
	kills = 5
	// recovery is how soon after the database is ready every tenant writes again.
	recovery = 10 * time.Second
)

func TestT60_ImmediateStopsUnderLoad(t *testing.T) {
	var config pgserver.Config
	server := testkit.PostgresServer(t, func(c *pgserver.Config) {
		// Durable, or what was answered need not be there.
		c.Settings = map[string]string{"shared_buffers": "128MB"}
		config = *c
	})
	in := testkit.InstallInto(t, server.DSN("postgres", ""))
	const tenants, writers = 2, 3
	var ids [tenants]string
	var contexts [tenants]context.Context
	for i := range tenants {
		ctx, id := in.NewTenant(t)
		ids[i], contexts[i] = id, context.WithoutCancel(ctx)
	}
	load := &writing{db: in.DB, contexts: contexts[:]}
	load.start(writers)
	var worst time.Duration
	for range kills {
		load.await(t, 20, recovery)
		require.NoError(t, syscall.Kill(server.PID(), syscall.SIGQUIT)) // what pg_ctl stop -m immediate sends
		<-server.Done()
		var err error
		server, err = pgserver.Start(context.Background(), config)
		require.NoError(t, err)
		ready := time.Now()
		load.await(t, 1, recovery)
		worst = max(worst, time.Since(ready))
	}
	t.Cleanup(func() { _ = server.Stop(context.Background()) })
	load.stop()
	for i, id := range ids {
		in.RequireSound(t, id)
		load.requireExact(t, i)
	}
	t.Logf("%d immediate stops: %d writes answered, %d refused, %d resolved or unknown; writing again within %v of ready",
		kills, load.answered.Load(), load.refused.Load(), load.unknown.Load(), worst.Round(time.Millisecond))
}

// writing does idempotent writes of several tenants until it is stopped, each again with its key until it is answered.
type writing struct {
	db       *postgres.DB
	contexts []context.Context

	answered, refused, unknown atomic.Int64
	done                       [2]atomic.Int64
	ended                      atomic.Bool
	all                        sync.WaitGroup
}

func (w *writing) start(writers int) {
	for tenant, ctx := range w.contexts {
		for writer := range writers {
			w.all.Go(func() {
				for n := 0; !w.ended.Load(); n++ {
					w.untilAnswered(ctx, tenant, fmt.Sprintf("%d-%d", writer, n))
				}
			})
		}
	}
}

func (w *writing) untilAnswered(ctx context.Context, tenant int, key string) {
	pause := time.NewTicker(20 * time.Millisecond)
	defer pause.Stop()
	for {
		_, err := w.db.Idempotent(ctx, postgres.Request{Endpoint: "POST /v1/contexts", Key: key, BodyHash: []byte(key)}, func(tx *postgres.Tx) (int, map[string]string, []byte, error) {
			_, err := tx.CreateContext(ctx, recon.Context{Name: key})
			return 201, nil, nil, err
		})
		switch {
		case err == nil:
			w.answered.Add(1)
			w.done[tenant].Add(1)
			return
		case recon.CodeOf(err) == "OUTCOME_UNKNOWN" || recon.CodeOf(err) == "TRY_AGAIN":
			w.unknown.Add(1)
		default:
			w.refused.Add(1)
		}
		<-pause.C
	}
}

// await waits until every tenant has had n more writes answered.
func (w *writing) await(t *testing.T, n int64, limit time.Duration) {
	t.Helper()
	var before [2]int64
	for i := range before {
		before[i] = w.done[i].Load()
	}
	require.Eventually(t, func() bool {
		for i := range before {
			if w.done[i].Load() < before[i]+n {
				return false
			}
		}
		return true
	}, limit, time.Millisecond)
}

func (w *writing) stop() {
	w.ended.Store(true)
	w.all.Wait()
}

// requireExact: each write that was answered is there once, and nothing else is.
func (w *writing) requireExact(t *testing.T, tenant int) {
	t.Helper()
	var stored int64
	ctx := w.contexts[tenant]
	require.NoError(t, w.db.Read(ctx, func(tx *postgres.Tx) error {
		for after := ""; ; {
			page, next, err := tx.Contexts(ctx, postgres.ContextFilter{}, postgres.Page{Limit: 200, After: after})
			stored += int64(len(page))
			if err != nil || next == "" {
				return err
			}
			after = next
		}
	}))
	require.Equal(t, w.done[tenant].Load(), stored)
}
