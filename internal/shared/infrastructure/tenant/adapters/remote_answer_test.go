//go:build unit || !integration

package adapters

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/shared/ports"
)

func TestRemoteAnswer(t *testing.T) {
	t.Parallel()
	one, two := tenantNumber(1), tenantNumber(2)
	id := `"tenantId":"` + one + `"`
	for body, want := range map[string]ports.TenantConfig{
		`{` + id + `,"status":"ACTIVE","version":7}`:                              {TenantID: one, Status: ports.TenantActive, Version: 7},
		`{"id":"` + one + `","status":"Suspended","tenantSlug":"acme"}`:           {TenantID: one, Status: ports.TenantSuspended, Slug: "acme"},
		`{` + id + `,"status":"purged","new field":[1]}`:                          {TenantID: one, Status: ports.TenantDeleted},
		`{` + id + `,"status":"ACTIVE","database":"big","requestsPerSecond":100}`: {TenantID: one, Status: ports.TenantActive, Database: "big", RequestsPerSecond: 100},
	} {
		config, err := decodeRemoteConfig([]byte(body), one)
		require.NoError(t, err, body)
		require.Equal(t, &want, config)
	}
	for _, body := range []string{
		`{` + id + `}`,
		`{` + id + `,"status":"resting"}`,
		`{"tenantId":"` + two + `","status":"ACTIVE"}`,
		`{` + id + `,"id":"` + two + `","status":"ACTIVE"}`,
		`{"status":"ACTIVE"}`,
		`{` + id + `,"status":"ACTIVE","version":-1}`,
		`{` + id + `,"status":"ACTIVE","connections":-1}`,
		`{` + id + `,"status":"ACTIVE","connections":100000}`,
		`{` + id + `,"status":"ACTIVE","requestsPerSecond":1e99}`,
		`{` + id + `,"status":"ACTIVE","database":"` + strings.Repeat("d", 64) + `"}`,
		`{` + id + `,"status":"ACTIVE","database":"a\u0000b"}`,
		`{` + id + `,"status":"ACTIVE","slug":"` + strings.Repeat("s", 1000) + `"}`,
		`{` + id + `,"status":"ACTIVE"} {}`,
		`[]`, `null`, ``, `hunter2`,
	} {
		config, err := decodeRemoteConfig([]byte(body), one)
		require.Error(t, err, body)
		require.Nil(t, config)
		require.NotContains(t, err.Error(), "hunter2", "the answer is never quoted")
	}
}

func FuzzRemoteAnswer(f *testing.F) {
	one := tenantNumber(1)
	f.Add([]byte(`{"tenantId":"` + one + `","status":"ACTIVE","version":7}`))
	f.Add([]byte(`{"id":"x","status":null}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		config, err := decodeRemoteConfig(body, one)
		if (config == nil) == (err == nil) {
			t.Fatal("a configuration or an error, never both and never neither")
		}
		if err == nil && (config.TenantID != one || config.Status == "" || config.Connections < 0 || config.Version < 0) {
			t.Fatalf("a configuration that cannot be: %+v", config)
		}
	})
}
