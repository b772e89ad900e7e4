//go:build unit || !integration

package httpapi

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/stretchr/testify/require"

	"matcher/internal/auth"
	"matcher/internal/postgres"
	"matcher/internal/recon"
)

// T79, without a server: however much one tenant asks for, there is a place for the next.
func TestT79_SharesLeaveAPlaceForTheNextTenant(t *testing.T) {
	t.Parallel()
	tenants := []string{"aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa", "bbbbbbbb-bbbb-4bbb-8bbb-bbbbbbbbbbbb", "cccccccc-cccc-4ccc-8ccc-cccccccccccc"}
	s := newShares("slots", 32, time.Second)
	flood := func(tenant string) (taken int, giveBack []func(), refused error) {
		ctx := auth.WithTenant(t.Context(), tenant)
		for range 100 {
			back, err := s.take(ctx, 1)
			if err != nil {
				return taken, giveBack, err
			}
			taken, giveBack = taken+1, append(giveBack, back)
		}
		return taken, giveBack, nil
	}
	want := []int{16, 8, 4}
	var backs []func()
	for i, tenant := range tenants {
		taken, back, refused := flood(tenant)
		require.Equal(t, want[i], taken, tenant)
		require.Equal(t, recon.KindRateLimited, recon.KindOf(refused), "the one who is over its share")
		backs = append(backs, back...)
	}
	for _, back := range backs {
		back()
	}
	require.Empty(t, s.held)
	taken, _, _ := flood(tenants[2])
	require.Equal(t, 16, taken, "what is idle can be used")

	full := newShares("slots", 1, time.Second)
	_, err := full.take(auth.WithTenant(t.Context(), tenants[0]), 1)
	require.NoError(t, err)
	_, err = full.take(auth.WithTenant(t.Context(), tenants[1]), 1)
	require.Equal(t, recon.KindUnavailable, recon.KindOf(err))
}

// deadlines is a connection that remembers until when it may be read.
type deadlines struct {
	*httptest.ResponseRecorder
	last time.Time
}

func (d *deadlines) SetReadDeadline(at time.Time) error {
	d.last = at
	return nil
}

// A megabyte may not take an hour, and not even five minutes; a tenant that holds sixteen places is asked for sixteen
// times as much on each.
func TestT79_TheMinimumRateGrowsWithTheUploadsOfATenant(t *testing.T) {
	t.Parallel()
	for siblings, want := range map[int64]time.Duration{1: 30*time.Second + 256*time.Second, 16: 30*time.Second + 16*time.Second} {
		conn := &deadlines{ResponseRecorder: httptest.NewRecorder()}
		body := &pacedBody{
			from: strings.NewReader(strings.Repeat("x", 1<<20)), conn: http.NewResponseController(conn),
			siblings: func() int64 { return siblings },
		}
		for n := 1; n > 0; {
			n, _ = body.Read(make([]byte, 4<<10))
		}
		require.Equal(t, want, conn.last.Sub(body.start))
	}
}

// Requests of a tenant beyond its lanes wait for its own, and not for another tenant's.
func TestLanes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := lanes{width: 2, of: map[string]*lane{}}
		many := auth.WithTenant(t.Context(), "aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa")
		one := auth.WithTenant(t.Context(), "bbbbbbbb-bbbb-4bbb-8bbb-bbbbbbbbbbbb")
		var worked []func()
		for range 5 {
			go func() {
				if leave, err := l.enter(many); err == nil {
					worked = append(worked, leave)
				}
			}()
		}
		synctest.Wait()
		require.Len(t, worked, 2)
		leave, err := l.enter(one)
		require.NoError(t, err)
		leave()
		short, cancel := context.WithTimeout(many, time.Second)
		defer cancel()
		_, err = l.enter(short)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		for n := 2; n < 5; n++ {
			worked[n-2]()
			synctest.Wait()
			require.Len(t, worked, n+1)
		}
		worked[3]()
		worked[4]()
		require.Empty(t, l.of, "nothing is kept of tenants that ask for nothing")
	})
}

// A request waits for a lane of its tenant, for as long as a request may take.
func TestARequestTakesALane(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := &API{
			Config: Config{Limits: func() Limits { return Limits{Request: time.Minute, BodyBytes: 1 << 10} }},
			lanes:  lanes{width: 1, of: map[string]*lane{}},
		}
		ctx := auth.WithTenant(t.Context(), "aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa")
		leave, err := a.lanes.enter(ctx)
		require.NoError(t, err)
		defer leave()
		e := within(snapshot, func(context.Context, *postgres.Tx, *struct{}) (none, error) { return none{}, nil })
		in := newInput(newDocument("").schemas, e.in, &huma.Operation{})
		request := httptest.NewRequestWithContext(ctx, http.MethodGet, "/x", http.NoBody)
		require.ErrorIs(t, e.serve(in)(a, httptest.NewRecorder(), request), context.DeadlineExceeded)
	})
}
