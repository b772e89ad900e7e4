//go:build unit || !integration

package safego_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/shared/safego"
)

type contextKey struct{}

// logger hands every record to the returned channel, so that a test waits for it instead of sleeping.
func logger() (*slog.Logger, <-chan string) {
	lines := make(chan string, 10)
	return slog.New(slog.NewTextHandler(writerFunc(func(p []byte) (int, error) {
		lines <- string(bytes.Clone(p))
		return len(p), nil
	}), nil)), lines
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

func TestSafeGo_APanicBecomesALogLine(t *testing.T) {
	t.Parallel()
	log, lines := logger()
	safego.SafeGoWithContextAndComponent(context.Background(), log, "tenant.listener", func(context.Context) {
		panic(errors.New("boom"))
	})
	line := <-lines
	require.Contains(t, line, "component=tenant.listener")
	require.Contains(t, line, "panic=boom")
	require.Contains(t, line, "safego_test.go", "the stack names where it happened")
}

func TestSafeGo_PassesTheContextOnItsOwnGoroutine(t *testing.T) {
	t.Parallel()
	log, lines := logger()
	proceed, got := make(chan struct{}), make(chan any)
	ctx := context.WithValue(context.Background(), contextKey{}, "carried")
	safego.SafeGoWithContextAndComponent(ctx, log, "x", func(ctx context.Context) {
		<-proceed // would never return on the caller's goroutine
		got <- ctx.Value(contextKey{})
	})
	close(proceed)
	require.Equal(t, "carried", <-got)
	require.Empty(t, lines)
}

func TestRecoverAndLog_TheCallerGoesOn(t *testing.T) {
	t.Parallel()
	log, lines := logger()
	func() {
		defer safego.RecoverAndLogWithContext(context.Background(), log, "worker")
		nothing := map[bool]map[string]int{}[true]
		nothing["a"]++
	}()
	require.Contains(t, <-lines, "assignment to entry in nil map")
	func() { defer safego.RecoverAndLogWithContext(context.Background(), log, "worker") }()
	require.Empty(t, lines, "nothing is logged when nothing happened")
}
