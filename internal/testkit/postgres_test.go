//go:build integration

package testkit

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
)

func TestDatabase(t *testing.T) {
	t.Run("each test has an empty one for itself, in parallel", func(t *testing.T) {
		for i := range 8 {
			t.Run(fmt.Sprint(i), func(t *testing.T) {
				t.Parallel()
				conn := connect(t, Database(t))
				_, err := conn.Exec(t.Context(), "CREATE TABLE only_mine (id bigint)")
				require.NoError(t, err)
			})
		}
	})

	t.Run("it is gone when its test has ended, sessions or not", func(t *testing.T) {
		var dsn string
		t.Run("inner", func(t *testing.T) {
			dsn = Database(t)
			conn, err := pgx.Connect(context.Background(), dsn)
			require.NoError(t, err)
			require.NoError(t, conn.Ping(t.Context()))
		})
		_, err := pgx.Connect(t.Context(), dsn)
		require.ErrorContains(t, err, "does not exist")
	})

	t.Run("the owner may do what provisioning does", func(t *testing.T) {
		var super bool
		var connections string
		conn := connect(t, Database(t))
		require.NoError(t, conn.QueryRow(t.Context(),
			"SELECT rolsuper, current_setting('max_connections') FROM pg_roles WHERE rolname = current_user").Scan(&super, &connections))
		require.True(t, super)
		require.Equal(t, "200", connections)
	})
}

// leave is set in the child of TestDatabase_LeavesNothingBehind.
const leave = "TESTKIT_CHILD_PRINTS_FOLDER"

func TestDatabase_LeavesNothingBehind(t *testing.T) {
	if os.Getenv(leave) != "" {
		var dir string
		conn := connect(t, Database(t))
		require.NoError(t, conn.QueryRow(t.Context(), "SHOW data_directory").Scan(&dir))
		fmt.Fprintf(os.Stdout, "folder=%s\n", dir)
		if os.Getenv(leave) == "panic" {
			os.Exit(3) // no cleanup, no deferred call
		}
		return
	}
	t.Parallel()
	for _, how := range []string{"return", "panic"} {
		t.Run("after "+how, func(t *testing.T) {
			t.Parallel()
			cmd := exec.Command(os.Args[0], "-test.run=^TestDatabase_LeavesNothingBehind$")
			cmd.Env = append(os.Environ(), leave+"="+how, postgresURL+"=")
			out, _ := cmd.CombinedOutput()
			_, rest, found := strings.Cut(string(out), "folder=")
			require.True(t, found, "%s", out)
			dir, _, _ := strings.Cut(rest, "/cluster\n")
			require.Eventually(t, func() bool {
				_, err := os.Stat(dir)
				return os.IsNotExist(err)
			}, time.Minute, 20*time.Millisecond, "%s is still there", dir)
		})
	}
}

func TestPostgresServer(t *testing.T) {
	t.Parallel()
	s := PostgresServer(t)
	conn := connect(t, s.DSN("postgres", ""))
	require.NoError(t, conn.Ping(t.Context()))
	require.NoError(t, s.Stop(t.Context()))
	require.Error(t, conn.Ping(t.Context()))
}

func connect(t *testing.T, dsn string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), dsn)
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}
