package httpapi

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"log/slog"
	"math"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-redis/redis_rate/v10"
	"github.com/redis/go-redis/v9"
	"golang.org/x/time/rate"

	"matcher/internal/auth"
	"matcher/internal/recon"
)

// Rate is how many requests may come a second, and how many of them at once. No requests a second is no limit.
type Rate struct{ PerSecond, Burst int }

const (
	// redisBudget is what one decision may wait for Redis; a local one takes under a microsecond.
	redisBudget = 75 * time.Millisecond
	// redisPause is how long a Redis that failed is left alone; then one request tries it.
	redisPause = time.Second
	// maxLocalLimits bounds each of the two generations of limiters of this process: some 200 bytes a limiter.
	maxLocalLimits = 25_000
)

// limiter decides in Redis, where all instances count together, and by itself while Redis cannot: then each instance
// grants the whole rate, so an outage lets more through and never locks a caller out.
type limiter struct {
	redis   *redis_rate.Limiter // nil: this process is alone
	local   localLimits
	log     *slog.Logger
	figures *limitFigures
	// retryAt is when Redis may be tried again, in Unix nanoseconds; 0 while it answers.
	retryAt atomic.Int64
}

func newLimiter(client redis.UniversalClient, log *slog.Logger, figures *limitFigures) *limiter {
	l := &limiter{
		local: localLimits{young: map[string]*rate.Limiter{}}, log: log, figures: figures,
	}
	if client != nil {
		l.redis = redis_rate.NewLimiter(ownKeys{client, client})
		figures.redisUp.Set(1)
	}
	return l
}

// verdict is one decision. Remaining is how many more may come at once.
type verdict struct {
	allowed    bool
	remaining  int
	retryAfter time.Duration
	resetAfter time.Duration
}

// allow counts a request under the key. scope is "tenant" or "subject", for the figures.
func (l *limiter) allow(ctx context.Context, scope, key string, limit Rate) verdict {
	v, shared := l.ask(ctx, key, limit)
	if !shared {
		v = l.decide(key, limit, time.Now())
	}
	l.figures.count(scope, shared, v.allowed)
	return v
}

// ask is Redis's decision; false when it has to be made here.
func (l *limiter) ask(ctx context.Context, key string, limit Rate) (v verdict, ok bool) {
	probing := false
	if l.redis == nil {
		return v, false
	}
	if at := l.retryAt.Load(); at != 0 {
		now := time.Now()
		if probing = now.UnixNano() >= at && l.retryAt.CompareAndSwap(at, now.Add(redisPause).UnixNano()); !probing {
			return v, false
		}
	}
	// A caller that disconnects is no failure of Redis.
	within, cancel := context.WithTimeout(context.WithoutCancel(ctx), redisBudget)
	defer cancel()
	perSecond := redis_rate.Limit{Rate: limit.PerSecond, Burst: limit.Burst, Period: time.Second}
	result, err := l.redis.Allow(within, key, perSecond)
	if err != nil {
		l.lost(ctx, err)
		return v, false
	}
	if probing {
		l.retryAt.Store(0)
		l.figures.redisUp.Set(1)
		l.log.InfoContext(ctx, "Redis is back: instances share rate limits")
	}
	return verdict{result.Allowed > 0, result.Remaining, result.RetryAfter, result.ResetAfter}, true
}

func (l *limiter) lost(ctx context.Context, err error) {
	if l.retryAt.Swap(time.Now().Add(redisPause).UnixNano()) == 0 {
		l.figures.redisUp.Set(0)
		l.log.WarnContext(ctx, "Redis failed: each instance limits rates by itself", "error", err)
	}
}

// decide is this process's own decision.
func (l *limiter) decide(key string, limit Rate, now time.Time) verdict {
	perSecond := rate.Limit(limit.PerSecond)
	own := l.local.get(key, limit)
	if own.Limit() != perSecond || own.Burst() != limit.Burst {
		own.SetLimitAt(now, perSecond)
		own.SetBurstAt(now, limit.Burst)
	}
	reserved := own.ReserveN(now, 1)
	wait := reserved.DelayFrom(now)
	v := verdict{allowed: wait == 0, retryAfter: wait}
	if wait > 0 {
		reserved.CancelAt(now)
	}
	tokens := max(own.TokensAt(now), 0)
	v.remaining = int(tokens)
	v.resetAfter = time.Duration((float64(limit.Burst) - tokens) / float64(limit.PerSecond) * float64(time.Second))
	return v
}

// localLimits keeps the limiters in use: those asked for since the last change of generation, and those of the one
// before. A busy key stays; an idle one starts full, which it is again after a burst of two seconds.
type localLimits struct {
	mu         sync.Mutex
	young, old map[string]*rate.Limiter
}

func (l *localLimits) get(key string, limit Rate) *rate.Limiter {
	l.mu.Lock()
	defer l.mu.Unlock()
	own := l.young[key]
	if own != nil {
		return own
	}
	if own = l.old[key]; own == nil {
		own = rate.NewLimiter(rate.Limit(limit.PerSecond), limit.Burst)
	}
	if len(l.young) >= maxLocalLimits {
		l.old, l.young = l.young, map[string]*rate.Limiter{}
	}
	l.young[key] = own
	return own
}

// limited counts a request for its tenant first, then for its caller, and refuses it above either rate. The answer's
// headers are about the tighter of the two.
func (a *API) limited(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		requestOf(r.Context()).tenant = auth.LookupTenantID(r.Context())
		if err := a.count(r.Context(), w.Header()); err != nil {
			a.refuse(w, r, err)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func (a *API) count(ctx context.Context, header http.Header) error {
	limits := a.Limits()
	principal, _ := auth.PrincipalFrom(ctx)
	subject := sha256.Sum256([]byte(principal.Subject)) // no address of a person in a key
	tightest := math.MaxInt
	for _, limit := range []struct {
		scope string
		rate  Rate
		key   []string
	}{
		{"tenant", a.tenantRate(ctx, limits.Tenant), []string{"rate", "tenant"}},
		{"subject", limits.Subject, []string{"rate", "subject", hex.EncodeToString(subject[:16])}},
	} {
		if limit.rate.PerSecond <= 0 {
			continue
		}
		key, err := auth.ScopedRedisSegments(ctx, limit.key...)
		if err != nil {
			return err
		}
		v := a.limiter.allow(ctx, limit.scope, key, limit.rate)
		if !v.allowed || v.remaining < tightest {
			tightest = v.remaining
			// A full allowance is a burst; so many remain of it, and in Reset seconds it is full again.
			header.Set("RateLimit-Limit", strconv.Itoa(limit.rate.Burst))
			header.Set("RateLimit-Remaining", strconv.Itoa(v.remaining))
			header.Set("RateLimit-Reset", strconv.Itoa(int(math.Ceil(v.resetAfter.Seconds()))))
		}
		if !v.allowed {
			return recon.RateLimited(max(v.retryAfter, time.Second),
				"this %s sends more than %d requests a second", limit.scope, limit.rate.PerSecond)
		}
	}
	return nil
}

// tenantRate returns the tenant's own rate if its configuration has one. A tenant without a configuration is refused by
// the store.
func (a *API) tenantRate(ctx context.Context, usual Rate) Rate {
	config, err := a.Tenants.GetTenantConfig(ctx, auth.LookupTenantID(ctx))
	if err != nil || config.RequestsPerSecond <= 0 {
		return usual
	}
	return Rate{PerSecond: config.RequestsPerSecond, Burst: burstFactor * config.RequestsPerSecond}
}

// burstFactor is two seconds' worth, as the defaults have it.
const burstFactor = 2
