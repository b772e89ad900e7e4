//go:build unit || !integration

package adapters_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	tenancy "matcher/internal/shared/infrastructure/tenant/adapters"
)

func TestRemoteAnswer(t *testing.T) {
	t.Parallel()
	id := `"tenantId":"` + idOf(1) + `"`
	for body, want := range map[string]string{
		`{` + id + `,"status":"ACTIVE","version":7}`:     "ACTIVE v7",
		`{"id":"` + idOf(1) + `","status":"Suspended"}`:  "SUSPENDED v0",
		`{` + id + `,"status":"purged","new field":[1]}`: "DELETED v0",
		`{` + id + `}`:                                                                "UNAVAILABLE",
		`{` + id + `,"status":"resting"}`:                                             "UNAVAILABLE",
		`{"tenantId":"` + idOf(2) + `","status":"ACTIVE"}`:                            "UNAVAILABLE",
		`{` + id + `,"id":"` + idOf(2) + `","status":"ACTIVE"}`:                       "UNAVAILABLE",
		`{"status":"ACTIVE"}`:                                                         "UNAVAILABLE",
		`{` + id + `,"status":"ACTIVE","version":-1}`:                                 "UNAVAILABLE",
		`{` + id + `,"status":"ACTIVE","connections":-1}`:                             "UNAVAILABLE",
		`{` + id + `,"status":"ACTIVE","connections":100000}`:                         "UNAVAILABLE",
		`{` + id + `,"status":"ACTIVE","requestsPerSecond":1e99}`:                     "UNAVAILABLE",
		`{` + id + `,"status":"ACTIVE","database":"` + strings.Repeat("d", 64) + `"}`: "UNAVAILABLE",
		`{` + id + `,"status":"ACTIVE","database":"a\u0000b"}`:                        "UNAVAILABLE",
		`{` + id + `,"status":"ACTIVE","slug":"` + strings.Repeat("s", 1000) + `"}`:   "UNAVAILABLE",
		`{` + id + `,"status":"ACTIVE"} {}`:                                           "UNAVAILABLE",
		`[` + id[11:] + `]`:                                                           "UNAVAILABLE",
		`null`:                                                                        "UNAVAILABLE",
	} {
		r := newRemote(t, newManager(t, text(body)))
		require.Equal(t, want, outcome(r.GetTenantConfig(t.Context(), idOf(1))), body)
	}
}

func FuzzRemoteAnswer(f *testing.F) {
	f.Add([]byte(`{"tenantId":"` + idOf(1) + `","status":"ACTIVE","version":7}`))
	f.Add([]byte(`{"id":"x","status":null}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		config, err := tenancy.DecodeRemoteConfig(body, idOf(1))
		if (config == nil) == (err == nil) {
			t.Fatal("a configuration or an error, never both and never neither")
		}
		if err != nil {
			return
		}
		if config.TenantID != idOf(1) || config.Status == "" || config.Connections < 0 || config.Version < 0 {
			t.Fatalf("a configuration that cannot be: %+v", config)
		}
	})
}
