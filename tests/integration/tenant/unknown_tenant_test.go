//go:build integration

package tenant

import (
	"net/http"
	"runtime"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"matcher/internal/auth"
	"matcher/internal/testkit"
)

// A token may be valid and name a tenant that is nobody: it is a 404, and nothing is made for it anywhere.
func TestT26_UnknownTenantsLeaveNothingBehind(t *testing.T) {
	server := testkit.Server(t)
	known := server.As(server.NewTenant("known"), auth.RoleAdmin)
	known.NewContext("c")
	owner, err := pgx.Connect(t.Context(), server.OwnerDSN)
	require.NoError(t, err)
	defer owner.Close(t.Context())
	made := func() (n [3]int) {
		require.NoError(t, owner.QueryRow(t.Context(), `
			SELECT (SELECT count(*) FROM pg_namespace), (SELECT count(*) FROM pg_roles), (SELECT count(*) FROM control.tenants)`).
			Scan(&n[0], &n[1], &n[2]))
		return n
	}
	series := func() []string {
		var names []string
		for line := range strings.Lines(string(known.Must(http.MethodGet, "/metrics", nil, nil).Body)) {
			if strings.HasPrefix(line, "tenant_") || strings.HasPrefix(line, "matcher_") {
				names = append(names, line[:strings.LastIndexByte(line, ' ')])
			}
		}
		return names
	}
	knock := func(n int) {
		for range n {
			answer := server.As(uuid.NewString(), auth.RoleAdmin).Call(http.MethodGet, "/v1/contexts", nil)
			require.Equal(t, http.StatusNotFound, answer.Status, "%s", answer.Body)
		}
	}
	knock(50)
	series() // what the first refusals and the first look at the metrics add for ever is there now
	objects, shown, heap := made(), series(), heapBytes()
	knock(1000)
	require.Equal(t, objects, made())
	require.Equal(t, shown, series())
	grown := int64(heapBytes()) - int64(heap)
	require.Less(t, grown, int64(4<<20), "known to be nobody takes some 100 bytes for a few seconds")
	require.Contains(t, shown, `tenant_connection_pools{state="open"}`)
	known.NewContext("d")
	t.Logf("1,000 unknown tenants: %+d KiB of heap, %d series before and after", grown>>10, len(shown))
}

func heapBytes() uint64 {
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return stats.HeapAlloc
}
