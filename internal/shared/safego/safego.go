// Package safego runs what outlives a call: how it starts, pauses and stops, and how a panic in it becomes one log line
// with its stack instead of the end of the process.
package safego

import (
	"context"
	"fmt"
	"log/slog"
	"runtime/debug"
)

// SafeGoWithContextAndComponent runs fn on a goroutine of its own. It does not restart fn: a service that must go on
// after a panic loops inside, around a function that defers RecoverAndLogWithContext.
func SafeGoWithContextAndComponent(ctx context.Context, log *slog.Logger, component string, fn func(context.Context)) {
	go func() {
		defer RecoverAndLogWithContext(ctx, log, component)
		fn(ctx)
	}()
}

// RecoverAndLogWithContext logs a panic and ends it. It must itself be deferred: recover works only in the deferred
// function.
//
//	defer safego.RecoverAndLogWithContext(ctx, log, "tenant.listener")
func RecoverAndLogWithContext(ctx context.Context, log *slog.Logger, component string) {
	recovered := recover()
	if recovered == nil {
		return
	}
	log.ErrorContext(ctx, "recovered from a panic",
		"component", component,
		"panic", fmt.Sprint(recovered),
		"stack", string(debug.Stack()))
}
