//go:build integration

package postgres_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/postgres"
	"matcher/internal/recon"
	"matcher/internal/testkit"
)

type answer = func(*postgres.Tx) (int, map[string]string, []byte, error)

func create(ctx context.Context, name string, ran *int) answer {
	return func(tx *postgres.Tx) (int, map[string]string, []byte, error) {
		*ran++
		_, err := tx.Exec(ctx, insertContext, name)
		return 201, map[string]string{"Location": "/" + name}, []byte(name), err
	}
}

func TestT78_Idempotency(t *testing.T) {
	t.Parallel()
	in := testkit.Tenants(t)
	ctx, _ := in.NewTenant(t)
	other, _ := in.NewTenant(t)
	ran := 0

	first, err := in.DB.Idempotent(ctx, postgres.Request{Endpoint: "POST /contexts", Key: "k", BodyHash: []byte("body")}, create(ctx, "one", &ran))
	require.NoError(t, err)
	require.Equal(t, postgres.Stored{Status: 201, Headers: map[string]string{"Location": "/one"}, Body: []byte("one")}, first)

	t.Run("the same again is answered from the store", func(t *testing.T) {
		again, err := in.DB.Idempotent(ctx, postgres.Request{Endpoint: "POST /contexts", Key: "k", BodyHash: []byte("body")}, create(ctx, "one", &ran))
		require.NoError(t, err)
		require.True(t, again.Replayed)
		again.Replayed = false
		require.Equal(t, first, again)
		require.Equal(t, 1, ran)
	})
	t.Run("another body under the key is refused", func(t *testing.T) {
		_, err := in.DB.Idempotent(ctx, postgres.Request{Endpoint: "POST /contexts", Key: "k", BodyHash: []byte("ydob")}, create(ctx, "two", &ran))
		require.Equal(t, "IDEMPOTENCY_KEY_REUSED", recon.CodeOf(err))
		require.Equal(t, recon.KindUnprocessable, recon.KindOf(err))
		require.Equal(t, 1, ran)
	})
	t.Run("another endpoint and another tenant are independent", func(t *testing.T) {
		for _, run := range []func() (postgres.Stored, error){
			func() (postgres.Stored, error) {
				return in.DB.Idempotent(ctx, postgres.Request{Endpoint: "POST /sources", Key: "k", BodyHash: []byte("body")}, create(ctx, "three", &ran))
			},
			func() (postgres.Stored, error) {
				return in.DB.Idempotent(other, postgres.Request{Endpoint: "POST /contexts", Key: "k", BodyHash: []byte("body")}, create(other, "one", &ran))
			},
		} {
			stored, err := run()
			require.NoError(t, err)
			require.False(t, stored.Replayed)
		}
	})
	t.Run("a failure and a refusal roll back and are not stored", func(t *testing.T) {
		_, err := in.DB.Idempotent(ctx, postgres.Request{Endpoint: "POST /contexts", Key: "fails", BodyHash: []byte("b")}, func(tx *postgres.Tx) (int, map[string]string, []byte, error) {
			_, _, _, err := create(ctx, "lost", &ran)(tx)
			return 201, nil, nil, errors.Join(err, errUnwanted)
		})
		require.ErrorIs(t, err, errUnwanted)
		refused, err := in.DB.Idempotent(ctx, postgres.Request{Endpoint: "POST /contexts", Key: "fails", BodyHash: []byte("b")}, func(tx *postgres.Tx) (int, map[string]string, []byte, error) {
			_, _, _, err := create(ctx, "lost", &ran)(tx)
			return 422, nil, []byte("no"), err
		})
		require.NoError(t, err)
		require.Equal(t, 422, refused.Status)
		kept, err := in.DB.Idempotent(ctx, postgres.Request{Endpoint: "POST /contexts", Key: "fails", BodyHash: []byte("b")}, create(ctx, "kept", &ran))
		require.NoError(t, err)
		require.False(t, kept.Replayed)
		require.Equal(t, "kept,one,three", contextNames(t, ctx, in.DB))
	})
	t.Run("an answer expires after thirty days, and goes with the next ones", func(t *testing.T) {
		ctx, tenantID := in.NewTenant(t)
		ask := func(key string) postgres.Stored {
			stored, err := in.DB.Idempotent(ctx, postgres.Request{Endpoint: "POST /contexts", Key: key, BodyHash: []byte("b")},
				func(*postgres.Tx) (int, map[string]string, []byte, error) { return 201, nil, []byte("x"), nil })
			require.NoError(t, err)
			return stored
		}
		age := func(days int) {
			_, err := in.Owner(t).Exec(ctx, `UPDATE "`+tenantID+`".idempotency_keys SET created_at = now() - make_interval(days => $1)`, days)
			require.NoError(t, err)
		}
		ask("a")
		ask("b")
		age(29)
		require.True(t, ask("a").Replayed)
		age(31)
		require.False(t, ask("a").Replayed)
		require.True(t, ask("a").Replayed)
		var left int
		require.NoError(t, in.Owner(t).QueryRow(ctx, `SELECT count(*) FROM "`+tenantID+`".idempotency_keys`).Scan(&left))
		require.Equal(t, 1, left, "the other expired one is gone too")
	})
	t.Run("a key that is no key", func(t *testing.T) {
		for _, key := range []string{"", strings.Repeat("k", 256)} {
			_, err := in.DB.Idempotent(ctx, postgres.Request{Endpoint: "POST /contexts", Key: key, BodyHash: nil}, create(ctx, "lost", &ran))
			require.Equal(t, recon.KindInvalid, recon.KindOf(err))
		}
	})
	t.Run("an empty answer is stored as one", func(t *testing.T) {
		empty := func(*postgres.Tx) (int, map[string]string, []byte, error) { return 204, nil, nil, nil }
		_, err := in.DB.Idempotent(ctx, postgres.Request{Endpoint: "DELETE /x", Key: "k", BodyHash: []byte{}}, empty)
		require.NoError(t, err)
		again, err := in.DB.Idempotent(ctx, postgres.Request{Endpoint: "DELETE /x", Key: "k", BodyHash: []byte{}}, empty)
		require.NoError(t, err)
		require.True(t, again.Replayed)
		require.Equal(t, 204, again.Status)
	})
}

func TestT78_Idempotency_InFlightIsAConflictAndNotAWait(t *testing.T) {
	t.Parallel()
	in := testkit.Tenants(t)
	ctx, _ := in.NewTenant(t)
	working, finish := make(chan struct{}), make(chan struct{})
	done := make(chan error, 1)
	ran := 0
	go func() {
		_, err := in.DB.Idempotent(ctx, postgres.Request{Endpoint: "e", Key: "k", BodyHash: []byte("b")}, func(tx *postgres.Tx) (int, map[string]string, []byte, error) {
			close(working)
			<-finish
			return create(ctx, "one", &ran)(tx)
		})
		done <- err
	}()
	<-working
	_, err := in.DB.Idempotent(ctx, postgres.Request{Endpoint: "e", Key: "k", BodyHash: []byte("b")}, create(ctx, "two", &ran))
	require.Equal(t, "IDEMPOTENCY_IN_FLIGHT", recon.CodeOf(err))
	close(finish)
	require.NoError(t, <-done)
	again, err := in.DB.Idempotent(ctx, postgres.Request{Endpoint: "e", Key: "k", BodyHash: []byte("b")}, create(ctx, "two", &ran))
	require.NoError(t, err)
	require.True(t, again.Replayed)
}

func TestT78_Idempotency_ManyAtOnce_OneEffect(t *testing.T) {
	t.Parallel()
	in := testkit.Tenants(t)
	ctx, _ := in.NewTenant(t)
	var all sync.WaitGroup
	for range 32 {
		all.Go(func() {
			for {
				ran := 0
				_, err := in.DB.Idempotent(ctx, postgres.Request{Endpoint: "e", Key: "k", BodyHash: []byte("b")}, create(ctx, "one", &ran))
				if recon.CodeOf(err) == "IDEMPOTENCY_IN_FLIGHT" {
					continue
				}
				if err != nil {
					t.Error(err)
				}
				return
			}
		})
	}
	all.Wait()
	require.Equal(t, "one", contextNames(t, ctx, in.DB))
}
