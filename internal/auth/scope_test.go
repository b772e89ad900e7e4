//go:build unit || !integration

package auth

import (
	"context"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestScopedKeys_NeedATenant(t *testing.T) {
	t.Parallel()
	for _, ctx := range []context.Context{context.Background(), WithTenant(context.Background(), "*"), WithTenant(context.Background(), "a:b")} {
		_, err := ScopedRedisSegments(ctx, "rate")
		require.ErrorIs(t, err, ErrNoTenant)
		_, err = ScopedObjectStorageKey(ctx, "imports")
		require.ErrorIs(t, err, ErrNoTenant)
	}
}

func TestScopedRedisSegments(t *testing.T) {
	t.Parallel()
	ctx := WithTenant(context.Background(), tenantA)
	for _, tc := range []struct {
		segments []string
		want     string
	}{
		{[]string{"rate", "user-1"}, "rate:user-1"},
		{[]string{"a:b"}, "a%3Ab"},
		{[]string{"a", "b"}, "a:b"},
		{[]string{"a%3Ab"}, "a%253Ab"},
		{[]string{"x*?[a]{t}\\"}, "x%2A%3F%5Ba%5D%7Bt%7D%5C"},
		{[]string{"auth0|é\n\x00"}, "auth0%7C%C3%A9%0A%00"},
	} {
		key, err := ScopedRedisSegments(ctx, tc.segments...)
		require.NoError(t, err)
		require.Equal(t, "tenant:"+tenantA+":"+tc.want, key)
	}
	for _, bad := range [][]string{{}, {""}, {"a", ""}, {strings.Repeat("a", maxRedisSegmentBytes+1)}} {
		_, err := ScopedRedisSegments(ctx, bad...)
		require.ErrorIs(t, err, ErrBadSegment)
	}
}

// redisKey is the grammar every key of ours matches, whatever went into it.
var redisKey = regexp.MustCompile(`\Atenant:[0-9a-f-]{36}(:[A-Za-z0-9._%-]+)+\z`)

func TestScopedRedisSegments_DifferentInputsAreDifferentKeys(t *testing.T) {
	t.Parallel()
	segment := rapid.StringOfN(rapid.SampledFrom([]rune("a:%*?[]{}3A.\x00é")), 1, 6, -1)
	inputs := rapid.SliceOfN(segment, 1, 4)
	tenants := rapid.SampledFrom([]string{tenantA, tenantB})
	rapid.Check(t, func(t *rapid.T) {
		tenant1, tenant2 := tenants.Draw(t, "tenant1"), tenants.Draw(t, "tenant2")
		in1, in2 := inputs.Draw(t, "in1"), inputs.Draw(t, "in2")
		key1, err := ScopedRedisSegments(WithTenant(context.Background(), tenant1), in1...)
		require.NoError(t, err)
		key2, err := ScopedRedisSegments(WithTenant(context.Background(), tenant2), in2...)
		require.NoError(t, err)
		require.Regexp(t, redisKey, key1)
		require.Equal(t, tenant1 == tenant2 && slices.Equal(in1, in2), key1 == key2, "%q and %q", key1, key2)
	})
}

func TestScopedObjectStorageKey(t *testing.T) {
	t.Parallel()
	ctx := WithTenant(context.Background(), tenantA)
	key, err := ScopedObjectStorageKey(ctx, "exports", "2026-03", "report.v1.csv")
	require.NoError(t, err)
	require.Equal(t, tenantA+"/exports/2026-03/report.v1.csv", key)
	for _, bad := range []string{
		"", ".", "..", "/", "a/b", "/etc/passwd", "../" + tenantB, `..\x`, `\`, "\x00", "a\x00b", "a\nb", "\x7f", "\xff",
		"%2e%2e", "%2E%2e%2f", "..%00", "%252e", strings.Repeat("a", maxObjectSegmentBytes+1), strings.Repeat("a", 1024),
	} {
		_, err := ScopedObjectStorageKey(ctx, "imports", bad)
		require.ErrorIs(t, err, ErrBadSegment, "%q", bad)
		if len(bad) > 1 && !strings.HasPrefix(bad, ".") {
			require.NotContains(t, err.Error(), bad)
		}
	}
	_, err = ScopedObjectStorageKey(ctx)
	require.ErrorIs(t, err, ErrBadSegment)
	long := strings.Repeat("a", maxObjectSegmentBytes)
	_, err = ScopedObjectStorageKey(ctx, long, long, long, long)
	require.ErrorIs(t, err, ErrBadSegment, "each segment fits, the key does not")
}

func FuzzScopedObjectStorageKey(f *testing.F) {
	f.Add("imports", "..")
	f.Add("a/../..", "%2e")
	ctx := WithTenant(context.Background(), tenantA)
	f.Fuzz(func(t *testing.T, a, b string) {
		key, err := ScopedObjectStorageKey(ctx, a, b)
		if err != nil {
			return
		}
		if path.Clean(key) != key || !strings.HasPrefix(key, tenantA+"/") || strings.Count(key, "/") != 2 {
			t.Fatalf("%q, %q became %q", a, b, key)
		}
	})
}
