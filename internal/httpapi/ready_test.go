//go:build integration

package httpapi_test

import (
	"math"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"matcher/internal/httpapi"
	"matcher/internal/recon"
	tenancy "matcher/internal/shared/infrastructure/tenant/adapters"
	"matcher/internal/testkit"
)

func TestReadiness(t *testing.T) {
	t.Parallel()
	pool, err := pgxpool.New(t.Context(), testkit.Database(t))
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	database := tenancy.NewSettings(pool).Now
	shifted := func(by time.Duration) func() time.Time { return func() time.Time { return time.Now().Add(by) } }
	for name, c := range map[string]struct {
		now  func() time.Time
		free int64 // that the disk must have
		code string
	}{
		"all is well":                       {now: time.Now},
		"an hour ahead of the database":     {now: shifted(time.Hour), code: recon.CodeClockSkewed},
		"an hour behind the database":       {now: shifted(-time.Hour), code: recon.CodeClockSkewed},
		"less room on the disk than needed": {now: time.Now, free: math.MaxInt64, code: recon.CodeDiskFull},
	} {
		t.Run(name, func(t *testing.T) {
			err := httpapi.Readiness{Database: database, Spool: t.TempDir(), Now: c.now, MinFreeBytes: c.free}.Check(t.Context())
			require.Equal(t, c.code, recon.CodeOf(err))
			require.Equal(t, c.code == "", err == nil)
		})
	}
	t.Run("a folder that is gone, and a database that is", func(t *testing.T) {
		require.Error(t, httpapi.Readiness{Database: database, Spool: "/no/such/folder", Now: time.Now}.Check(t.Context()))
		pool.Close()
		require.Error(t, httpapi.Readiness{Database: database, Now: time.Now}.Check(t.Context()))
	})
}
