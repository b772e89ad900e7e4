//go:build integration

package testkit

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestPostgresReplica_FollowsPausesAndTakesOver(t *testing.T) {
	t.Parallel()
	primary := PostgresServer(t)
	replica := PostgresReplica(t, primary)
	exists := func() (there bool) {
		query(t, replica.DSN("postgres", ""), `SELECT to_regclass('public.seen') IS NOT NULL`, &there)
		return there
	}
	replica.Pause(t)
	conn := Dial(t, primary.DSN("postgres", ""))
	_, err := conn.Exec(t.Context(), `CREATE TABLE public.seen ()`)
	require.NoError(t, err)
	require.False(t, exists(), "paused")
	replica.Resume(t)
	replica.CatchUp(t)
	require.True(t, exists())
	replica.Promote(t)
	_, err = Dial(t, replica.DSN("postgres", "")).Exec(t.Context(), `DROP TABLE public.seen`)
	require.NoError(t, err, "it takes writes now")
}
