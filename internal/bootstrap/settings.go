package bootstrap

import (
	"context"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"

	"matcher/internal/httpapi"
	tenancy "matcher/internal/shared/infrastructure/tenant/adapters"
	"matcher/internal/shared/safego"
	"matcher/internal/systemplane"
)

// bootValues are the settings as the environment gives them: what is in force until somebody stores another value.
func bootValues(cfg Config) map[string]any {
	t, l := cfg.Tenancy, cfg.Limits
	return map[string]any{
		systemplane.DefaultTenantID:       t.DefaultTenantID,
		systemplane.DefaultTenantSlug:     t.DefaultTenantSlug,
		systemplane.MultiTenantEnabled:    t.MultiTenantEnabled,
		systemplane.ManagerURL:            t.MultiTenantURL,
		systemplane.ManagerEnvironment:    t.MultiTenantEnvironment,
		systemplane.ManagerAPIKey:         t.MultiTenantServiceAPIKey,
		systemplane.BreakerThreshold:      int64(t.MultiTenantCircuitBreakerThreshold),
		systemplane.BreakerTimeoutSeconds: int64(t.MultiTenantCircuitBreakerTimeoutSec),
		systemplane.MaxTenantPools:        int64(t.MultiTenantMaxTenantPools),
		systemplane.PoolIdleSeconds:       int64(t.MultiTenantIdleTimeoutSec),
		systemplane.ConfigTTLSeconds:      int64(t.MultiTenantConfigCacheTTLSec),
		systemplane.BodyBytes:             l.BodyBytes,
		systemplane.ImportBytes:           l.ImportBytes,
		systemplane.RequestTimeoutSeconds: int64(l.RequestTimeoutSec),
		systemplane.TenantRate:            int64(l.TenantRPS),
		systemplane.TenantBurst:           int64(l.TenantBurst),
		systemplane.SubjectRate:           int64(l.SubjectRPS),
		systemplane.SubjectBurst:          int64(l.SubjectBurst),
	}
}

// openSettings brings what is stored into force and keeps it so.
func (a *App) openSettings(ctx context.Context) (err error) {
	a.settingStore = tenancy.NewSettings(a.provider.control)
	if a.settings, err = systemplane.New(a.settingStore, bootValues(a.cfg), a.log); err != nil {
		return err
	}
	a.provider.follow(a.settings, a.cfg) // before the first values come, so that those are applied too
	if err := a.settings.Refresh(ctx); err != nil {
		return fmt.Errorf("reading the settings: %w", err)
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	ended := make(chan struct{})
	safego.SafeGoWithContextAndComponent(ctx, a.log, "settings", func(ctx context.Context) {
		defer close(ended)
		a.settings.Run(ctx)
	})
	a.onClose(func(context.Context) error {
		cancel()
		<-ended
		return nil
	})
	return nil
}

// limits are the bounds of a request that are in force.
func (a *App) limits() httpapi.Limits {
	s := a.settings.Current()
	return httpapi.Limits{
		BodyBytes: s.Int(systemplane.BodyBytes), ImportBytes: s.Int(systemplane.ImportBytes),
		Request: s.Seconds(systemplane.RequestTimeoutSeconds),
		Tenant:  httpapi.Rate{PerSecond: int(s.Int(systemplane.TenantRate)), Burst: int(s.Int(systemplane.TenantBurst))},
		Subject: httpapi.Rate{PerSecond: int(s.Int(systemplane.SubjectRate)), Burst: int(s.Int(systemplane.SubjectBurst))},
	}
}

// limiterTimeout bounds a single step of the limiter's talk with Redis; it is hopeless long before a caller notices.
const limiterTimeout = 75 * time.Millisecond

// openLimiterRedis is a client that gives up at once: a late decision about a rate is worth nothing. It dials nothing
// yet, and is nil where no Redis is named.
func (a *App) openLimiterRedis() (redis.UniversalClient, error) {
	if a.cfg.Redis.URL == "" {
		return nil, nil //nolint:nilnil // none is a way to run
	}
	options, err := redis.ParseURL(a.cfg.Redis.URL)
	if err != nil {
		return nil, fmt.Errorf("REDIS_URL cannot be used") //nolint:err113 // the cause quotes a password
	}
	options.MaxRetries, options.ContextTimeoutEnabled = -1, true
	options.DialTimeout, options.ReadTimeout, options.WriteTimeout = limiterTimeout, limiterTimeout, limiterTimeout
	client := redis.NewClient(options)
	a.onClose(func(context.Context) error { return client.Close() })
	return client, nil
}
