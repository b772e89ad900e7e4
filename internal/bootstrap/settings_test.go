//go:build unit || !integration

package bootstrap

import (
	"context"
	"log/slog"
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/systemplane"
)

// nothing is a store in which nobody ever stored anything.
type nothing struct{}

func (nothing) Revision(context.Context) (int64, error)            { return 0, nil }
func (nothing) Load(context.Context) ([]systemplane.Stored, error) { return nil, nil }
func (nothing) Put(context.Context, systemplane.Change) error      { return nil }

func TestBootValues(t *testing.T) {
	plane := func(environ ...string) (*App, *systemplane.Plane) {
		cfg, err := LoadConfig(environ)
		require.NoError(t, err)
		p, err := systemplane.New(nothing{}, bootValues(cfg), slog.New(slog.DiscardHandler))
		require.NoError(t, err)
		return &App{cfg: cfg, settings: p}, p
	}
	t.Run("the environment's defaults are the keys' own", func(t *testing.T) {
		_, p := plane()
		for _, view := range p.Views() {
			require.Equal(t, systemplane.FromDefault, view.Source, view.Key)
		}
	})
	t.Run("what the environment sets is in force", func(t *testing.T) {
		a, p := plane("MATCHER_TENANT_RPS=7", "MATCHER_SUBJECT_RPS=0", "MULTI_TENANT_SERVICE_API_KEY=hunter2")
		view, _ := p.View(systemplane.TenantRate)
		require.Equal(t, systemplane.FromEnvironment, view.Source)
		require.Equal(t, 7, a.limits().Tenant.PerSecond)
		require.Equal(t, 4000, a.limits().Tenant.Burst)
		require.Zero(t, a.limits().Subject.PerSecond)
		require.Equal(t, int64(1<<20), a.limits().BodyBytes)
	})
	t.Run("what was changed goes before what was set", func(t *testing.T) {
		a, p := plane("MULTI_TENANT_MAX_TENANT_POOLS=9", "MULTI_TENANT_TIMEOUT=4")
		got := tenancyInForce(a.cfg.Tenancy, p.Current())
		require.Equal(t, a.cfg.Tenancy, got, "nothing was changed")
	})
}

func TestOpenLimiterRedis(t *testing.T) {
	client, err := (&App{}).openLimiterRedis()
	require.NoError(t, err)
	require.Nil(t, client, "each instance counts by itself then")
	a := &App{cfg: Config{Redis: RedisConfig{URL: "redis://:hunter2@127.0.0.1:1/0"}}}
	client, err = a.openLimiterRedis()
	require.NoError(t, err)
	require.NotNil(t, client)
	require.Error(t, client.Ping(t.Context()).Err())
	require.NoError(t, a.stops[0](t.Context()))
	a.cfg.Redis.URL = "redis://:hunter2@127.0.0.1:1/x y"
	_, err = a.openLimiterRedis()
	require.Error(t, err)
	require.NotContains(t, err.Error(), "hunter2")
}
