//go:build unit || !integration

package safego_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"matcher/internal/shared/safego"
)

func TestLife(t *testing.T) {
	t.Parallel()
	untilEnd := func(ctx context.Context) error { <-ctx.Done(); return errors.New("broken off") }
	t.Run("Stop ends Run and waits for it", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			var life safego.Life
			ended := false
			go func() {
				_ = life.Run(t.Context(), func(ctx context.Context) error {
					<-ctx.Done()
					time.Sleep(time.Hour) //nolint:forbidigo // virtual
					ended = true
					return errors.New("broken off")
				})
			}()
			synctest.Wait()
			require.ErrorContains(t, life.Stop(), "broken off")
			require.True(t, ended)
			require.Error(t, life.Stop(), "the same answer twice")
		})
	})
	t.Run("the end of its context ends it", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		var life safego.Life
		require.ErrorContains(t, life.Run(ctx, untilEnd), "broken off")
	})
	t.Run("it starts once", func(t *testing.T) {
		var life safego.Life
		require.NoError(t, life.Run(t.Context(), func(context.Context) error { return nil }))
		require.ErrorContains(t, life.Run(t.Context(), untilEnd), "second time")
	})
	t.Run("stopped before it starts, it does nothing", func(t *testing.T) {
		var life safego.Life
		require.NoError(t, life.Stop())
		require.NoError(t, life.Run(t.Context(), untilEnd))
	})
}

func TestPause(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		require.NoError(t, safego.Pause(t.Context(), time.Hour, nil))
		require.Equal(t, time.Hour, time.Since(start))
		wake := make(chan struct{}, 1)
		wake <- struct{}{}
		require.NoError(t, safego.Pause(t.Context(), time.Hour, wake))
		ctx, cancel := context.WithCancelCause(t.Context())
		cancel(errors.New("going"))
		require.ErrorContains(t, safego.Pause(ctx, time.Hour, nil), "going")
		require.Equal(t, time.Hour, time.Since(start))
	})
}
