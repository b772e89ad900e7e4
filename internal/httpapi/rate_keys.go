package httpapi

import (
	"context"
	"strings"

	"github.com/redis/go-redis/v9"
)

// ownKeys removes the prefix that the library puts before its keys, so that those which its script touches are the
// tenant's like all others: tenant:{tenantID}:…. It wraps only what the library calls: all of redis.UniversalClient
// would be 1,500 functions to compile.
type ownKeys struct {
	redis.Scripter
	client redis.UniversalClient
}

const libraryPrefix = "rate:"

func (o ownKeys) Eval(ctx context.Context, script string, keys []string, args ...any) *redis.Cmd {
	return o.Scripter.Eval(ctx, script, scoped(keys), args...)
}

func (o ownKeys) EvalSha(ctx context.Context, hash string, keys []string, args ...any) *redis.Cmd {
	return o.Scripter.EvalSha(ctx, hash, scoped(keys), args...)
}

func (o ownKeys) Del(ctx context.Context, keys ...string) *redis.IntCmd {
	return o.client.Del(ctx, scoped(keys)...)
}

func scoped(keys []string) []string {
	own := make([]string, len(keys))
	for i, key := range keys {
		own[i] = strings.TrimPrefix(key, libraryPrefix)
	}
	return own
}
