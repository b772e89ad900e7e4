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
	ping := func(conn *pgx.Conn) (time.Duration, error) {
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		defer cancel()
		start := time.Now()
		_, err := conn.Exec(ctx, `SELECT 1`)
		return time.Since(start), err
	}
	conn := Dial(t, through)
	took, err := ping(conn)
	require.NoError(t, err)
	require.GreaterOrEqual(t, took, 40*time.Millisecond, "there and back")

	link.Watch(func(sent []byte) bool { return !bytes.Contains(sent, []byte("SELECT 1")) })
	_, err = ping(conn)
	require.Error(t, err, "its answer was cut off")
	link.Watch(nil)

	conn = Dial(t, through)
	link.Cut()
	_, err = ping(conn)
	require.Error(t, err)

	conn = Dial(t, through)
	link.Deafen(true)
	_, err = ping(conn)
	require.ErrorIs(t, err, context.DeadlineExceeded)
}
