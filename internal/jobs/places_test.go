//go:build unit || !integration

package jobs

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"matcher/internal/shared/safego"
)

// recorded is a service that notes when it starts and stops; fails ends it by itself.
type recorded struct {
	name  string
	note  func(string)
	fails chan error
	life  safego.Life
}

func (r *recorded) Start(ctx context.Context) error {
	return r.life.Run(ctx, func(ctx context.Context) error {
		r.note("+" + r.name)
		select {
		case err := <-r.fails:
			return err
		case <-ctx.Done():
			return nil
		}
	})
}

func (r *recorded) Stop() error {
	r.note("-" + r.name)
	return r.life.Stop()
}

func TestPlaces(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var (
			mu    sync.Mutex
			notes []string
			fault = errors.New("no route")
			fails = make(chan error)
		)
		take := func() (taken []string) {
			synctest.Wait()
			mu.Lock()
			defer mu.Unlock()
			taken, notes = notes, nil
			return taken
		}
		note := func(what string) {
			mu.Lock()
			defer mu.Unlock()
			notes = append(notes, what)
		}
		p := NewPlaces(2, slog.New(slog.DiscardHandler), func(_ context.Context, place string) ([]Service, error) {
			if fault != nil {
				return nil, fault
			}
			return []Service{&recorded{name: place + "1", note: note, fails: fails}, &recorded{name: place + "2", note: note, fails: fails}}, nil
		})
		ended := make(chan error, 1)
		go func() { ended <- p.Start(t.Context()) }()
		p.Visit("a")
		require.Empty(t, take(), "a database that is away costs no other anything")

		fault = nil
		for _, place := range []string{"a", "a", "b", "c", "a"} {
			p.Visit(place)
		}
		require.ElementsMatch(t, []string{"+a1", "+a2", "+b1", "+b2"}, take(), "each once, and no more than there may be")

		fails <- errors.New("connection lost")
		ends := take()
		slices.Sort(ends)
		require.Len(t, ends, 2, "the other services of its place end with one")
		gone := ends[0][1:2]
		require.Equal(t, []string{"-" + gone + "1", "-" + gone + "2"}, ends)
		p.Visit(gone)
		require.ElementsMatch(t, []string{"+" + gone + "1", "+" + gone + "2"}, take(), "the next visit opens it again")

		require.NoError(t, p.Stop())
		require.NoError(t, <-ended)
		order := take()
		require.Len(t, order, 4)
		for _, place := range []string{"a", "b"} {
			require.Less(t, slices.Index(order, "-"+place+"2"), slices.Index(order, "-"+place+"1"), "in reverse")
		}
		p.Visit("c")
		require.Empty(t, take(), "nothing starts behind the end")
	})
}
