//go:build integration

package testkit

import (
	"bytes"
	"context"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
)

func TestPostgresLink(t *testing.T) {
	t.Parallel()
	link, through := PostgresLink(t, Database(t), 20*time.Millisecond)
	ping := func(conn *pgx.Conn, most time.Duration) (time.Duration, error) {
		ctx, cancel := context.WithTimeout(t.Context(), most)
		defer cancel()
		start := time.Now()
		_, err := conn.Exec(ctx, `SELECT 1`)
		return time.Since(start), err
	}
	conn := Dial(t, through)
	took, err := ping(conn, time.Minute)
	require.NoError(t, err)
	require.GreaterOrEqual(t, took, 40*time.Millisecond, "there and back")

	link.Watch(func(sent []byte) bool { return !bytes.Contains(sent, []byte("SELECT 1")) })
	_, err = ping(conn, 2*time.Second)
	require.Error(t, err, "its answer was cut off")
	link.Watch(nil)

	conn = Dial(t, through)
	link.Cut()
	_, err = ping(conn, 2*time.Second)
	require.Error(t, err)

	conn = Dial(t, through)
	link.Deafen(true)
	_, err = ping(conn, 2*time.Second)
	require.ErrorIs(t, err, context.DeadlineExceeded)
}
