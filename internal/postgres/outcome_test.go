//go:build integration

package postgres_test

import (
	"bytes"
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"matcher/internal/postgres"
	"matcher/internal/recon"
	tenancy "matcher/internal/shared/infrastructure/tenant/adapters"
	"matcher/internal/testkit"
)

// cutOnce breaks the next connection that says COMMIT: with the word on its way to the server, or before it leaves.
func cutOnce(link *testkit.Link, arrives bool) (cuts *atomic.Int32) {
	cuts = new(atomic.Int32)
	link.Watch(func(sent []byte) bool {
		if !bytes.Contains(sent, []byte("commit\x00")) || !cuts.CompareAndSwap(0, 1) {
			return true
		}
		if !arrives {
			link.Cut()
		}
		return false
	})
	return cuts
}

func TestT62_ACommitThatIsNotAnsweredIsNeverAppliedTwice(t *testing.T) {
	t.Parallel()
	shared := testkit.Tenants(t)
	link, through := testkit.PostgresLink(t, shared.AppDSN, 0)
	in := testkit.OpenInstallation(t, shared.OwnerDSN, func(s *tenancy.ConnectionSettings) { s.DSN = through })
	t.Cleanup(func() { _ = in.Connections.Close(context.Background()) })
	ctx, tenantID := in.NewTenant(t)
	create := func(key, name string) (postgres.Stored, error) {
		return in.DB.Idempotent(ctx, postgres.Request{Endpoint: "POST /v1/contexts", Key: key, BodyHash: []byte(name)}, func(tx *postgres.Tx) (int, map[string]string, []byte, error) {
			_, err := tx.Exec(ctx, insertContext, name)
			tx.Audit("context.create", "context", name, nil)
			return 201, nil, []byte(name), err
		})
	}
	times := func(name string) (n string) {
		require.NoError(t, in.DB.Read(ctx, func(tx *postgres.Tx) (err error) {
			n, err = tx.Text(ctx, `SELECT count(*)::text FROM contexts WHERE name = $1`, name)
			return err
		}))
		return n
	}

	t.Run("with a key: the row that came with the commit is the answer", func(t *testing.T) {
		for i := range 10 {
			name := fmt.Sprint("done ", i)
			cuts := cutOnce(link, true)
			answer, err := create(name, name)
			require.EqualValues(t, 1, cuts.Load())
			require.NoError(t, err)
			require.Equal(t, postgres.Stored{Status: 201, Headers: map[string]string{}, Body: []byte(name)}, answer)
			again, err := create(name, name)
			require.NoError(t, err)
			require.True(t, again.Replayed)
			require.Equal(t, "1", times(name))
		}
	})
	t.Run("with a key: a commit that never arrived is known not to have been", func(t *testing.T) {
		cuts := cutOnce(link, false)
		_, err := create("lost", "lost")
		require.EqualValues(t, 1, cuts.Load())
		require.Equal(t, "TRY_AGAIN", recon.CodeOf(err), "%v", err)
		require.Equal(t, "0", times("lost"))
		answer, err := create("lost", "lost")
		require.NoError(t, err)
		require.False(t, answer.Replayed)
		require.Equal(t, "1", times("lost"))
	})
	t.Run("without a key the caller is told that nobody knows", func(t *testing.T) {
		cutOnce(link, true)
		err := addContext(ctx, in.DB, "unknown")
		require.Equal(t, "OUTCOME_UNKNOWN", recon.CodeOf(err), "%v", err)
		// The server was told to commit and is not waited for: its word comes true a moment later.
		require.Eventually(t, func() bool { return times("unknown") == "1" }, time.Minute, 5*time.Millisecond)
	})
	in.RequireSound(t, tenantID)
}
