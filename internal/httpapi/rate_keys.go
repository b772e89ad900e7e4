package httpapi

import (
	"context"
	"strings"

	"github.com/redis/go-redis/v9"
)

// ownKeys takes away the prefix that the library puts before its keys, so that those which its script touches are the
// tenant's like all others: tenant:{tenantID}:….
type ownKeys struct{ redis.UniversalClient }

const libraryPrefix = "rate:"

func (o ownKeys) Eval(ctx context.Context, script string, keys []string, args ...any) *redis.Cmd {
	return o.UniversalClient.Eval(ctx, script, scoped(keys), args...)
}

func (o ownKeys) EvalSha(ctx context.Context, hash string, keys []string, args ...any) *redis.Cmd {
	return o.UniversalClient.EvalSha(ctx, hash, scoped(keys), args...)
}

func scoped(keys []string) []string {
	own := make([]string, len(keys))
	for i, key := range keys {
		own[i] = strings.TrimPrefix(key, libraryPrefix)
	}
	return own
}
