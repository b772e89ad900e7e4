//go:build unit || !integration

package jobs

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestPlaces(t *testing.T) {
	down := errors.New("no route")
	var opened, stopped []string
	var fault error
	p := &Places{Most: 2, Log: slog.New(slog.DiscardHandler), Open: func(_ context.Context, place string) (func(context.Context) error, error) {
		if fault != nil {
			return nil, fault
		}
		opened = append(opened, place)
		return func(context.Context) error { stopped = append(stopped, place); return nil }, nil
	}}
	fault = down
	p.Visit(t.Context(), "a")
	require.Empty(t, opened, "a database that is away costs nobody else anything")
	fault = nil
	for _, place := range []string{"a", "a", "b", "c", "a"} {
		p.Visit(t.Context(), place)
	}
	require.Equal(t, []string{"a", "b"}, opened, "each once, and no more than there may be")
	require.NoError(t, p.Stop(t.Context()))
	slices.Sort(stopped)
	require.Equal(t, opened, stopped)
	p.Visit(t.Context(), "a")
	require.Len(t, opened, 2, "nothing starts behind the end")
}
