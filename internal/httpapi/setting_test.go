//go:build integration

package httpapi_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"matcher/internal/auth"
	"matcher/internal/httpapi"
	"matcher/internal/testkit"
)

const settingPath = "/system/matcher/"

func TestSettings(t *testing.T) {
	t.Parallel()
	api := testkit.Server(t)
	c := api.As("", auth.RolePlatformAdmin)
	t.Run("all are listed with type, default and source, the tenancy's eleven among them", func(t *testing.T) {
		var all struct{ Items []httpapi.Setting }
		c.Must("GET", "/system/matcher", nil, &all)
		require.Len(t, all.Items, 18)
		tenancy := 0
		for _, view := range all.Items {
			if strings.HasPrefix(view.Key, "tenancy.") {
				tenancy++
			}
		}
		require.Equal(t, 11, tenancy)
	})
	t.Run("a change is in force at once, versioned, and in the history with who made it", func(t *testing.T) {
		var view httpapi.Setting
		answer := c.Must("GET", settingPath+"limits.body_bytes", nil, &view)
		require.Equal(t, `"1"`, answer.Header.Get("ETag"))
		answer = c.Must("PUT", settingPath+"limits.body_bytes", `{"value":2048}`, &view, "If-Match", `"1"`)
		require.Equal(t, `"2"`, answer.Header.Get("ETag"))
		require.Equal(t, "stored", view.Source)
		tenant := api.As(api.NewTenant("big"), auth.RoleAdmin)
		tooLarge := tenant.Call("POST", "/v1/contexts", `{"name":"x","description":"`+strings.Repeat("y", 2048)+`"}`)
		require.Equal(t, http.StatusRequestEntityTooLarge, tooLarge.Status)
		require.Equal(t, "BODY_TOO_LARGE", tooLarge.Problem().Code)
		c.Must("PUT", settingPath+"limits.body_bytes", `{"value":null}`, &view, "If-Match", `"2"`)
		require.Equal(t, "default", view.Source)
		require.Equal(t, http.StatusUnprocessableEntity, // its description is too long, but it is read
			tenant.Call("POST", "/v1/contexts", `{"name":"x","description":"`+strings.Repeat("y", 2048)+`"}`).Status)
		var history struct {
			Items []struct {
				Version   int
				Value     any
				Reset     bool
				ChangedBy string
				RequestID string
			}
		}
		c.Must("GET", settingPath+"limits.body_bytes/history", nil, &history)
		require.Len(t, history.Items, 2)
		require.True(t, history.Items[0].Reset)
		require.InDelta(t, 2048, history.Items[1].Value, 0)
		require.Equal(t, testkit.Subject, history.Items[1].ChangedBy)
		require.NotEmpty(t, history.Items[1].RequestID)
	})
	t.Run("two people cannot overwrite each other unseen", func(t *testing.T) {
		c.Must("PUT", settingPath+"limits.tenant_burst", `{"value":9999}`, nil, "If-Match", `"1"`)
		for _, old := range []string{`"1"`, `"7"`} {
			require.Equal(t, http.StatusPreconditionFailed,
				c.Call("PUT", settingPath+"limits.tenant_burst", `{"value":8888}`, "If-Match", old).Status)
		}
		require.Equal(t, http.StatusPreconditionFailed,
			c.Call("PUT", settingPath+"limits.subject_burst", `{"value":8888}`, "If-Match", `"2"`).Status, "nothing was ever stored")
	})
	t.Run("what cannot be is refused", func(t *testing.T) {
		for key, body := range map[string]string{
			"limits.body_bytes": `{"value":-1}`, "limits.tenant_requests_per_second": `{"value":"many"}`, "limits.subject_requests_per_second": `{}`,
			"tenancy.multi_tenant_url": `{"value":"http://tenants.example.com"}`, "limits.import_bytes": `{"value":1,"other":2}`,
		} {
			require.Equal(t, http.StatusUnprocessableEntity, c.Call("PUT", settingPath+key, body).Status, key)
		}
		require.Equal(t, http.StatusNotFound, c.Call("GET", settingPath+"limits.nothing", nil).Status)
		require.Equal(t, http.StatusNotFound, c.Call("GET", settingPath+"limits.nothing/history", nil).Status)
		for _, key := range []string{"tenancy.default_tenant_id", "tenancy.default_tenant_slug", "tenancy.multi_tenant_enabled"} {
			c.Must("GET", settingPath+key, nil, nil)
			answer := c.Call("PUT", settingPath+key, `{"value":true}`)
			require.Equal(t, http.StatusConflict, answer.Status)
			require.Equal(t, "BOOT_ONLY", answer.Problem().Code)
		}
	})
	t.Run("a secret is never shown", func(t *testing.T) {
		const secret = "hunter2-hunter2"
		put := c.Must("PUT", settingPath+"tenancy.multi_tenant_service_api_key", `{"value":"`+secret+`"}`, nil)
		require.NotContains(t, string(put.Body), secret)
		for _, path := range []string{"/system/matcher", settingPath + "tenancy.multi_tenant_service_api_key", settingPath + "tenancy.multi_tenant_service_api_key" + "/history"} {
			answer := c.Must("GET", path, nil, nil)
			require.NotContains(t, string(answer.Body), secret, path)
		}
	})
	t.Run("a tenant's administrator has no part in it", func(t *testing.T) {
		tenant := api.As(api.NewTenant("nosy"), auth.RoleAdmin)
		require.Equal(t, http.StatusForbidden, tenant.Call("GET", "/system/matcher", nil).Status)
		require.Equal(t, http.StatusForbidden, tenant.Call("PUT", settingPath+"limits.tenant_requests_per_second", `{"value":1}`).Status)
	})
}

func TestSettings_ReachEveryInstanceWithinTwoSeconds(t *testing.T) {
	t.Parallel()
	here := testkit.Server(t)
	there := testkit.ServerOn(t, here.OwnerDSN)
	c, other := here.As("", auth.RolePlatformAdmin), there.As("", auth.RolePlatformAdmin)
	c.Must("PUT", settingPath+"limits.import_bytes", `{"value":4096}`, nil)
	value := func() any {
		var view httpapi.Setting
		other.Must("GET", settingPath+"limits.import_bytes", nil, &view)
		return view.Value
	}
	require.Eventually(t, func() bool { return value() == 4096.0 }, time.Minute, 20*time.Millisecond)

	t.Run("what somebody broke in the database changes nothing, and shows", func(t *testing.T) {
		conn, err := pgx.Connect(t.Context(), here.OwnerDSN)
		require.NoError(t, err)
		defer conn.Close(t.Context())
		_, err = conn.Exec(t.Context(), `UPDATE control.settings SET value = '"everything"', version = version + 1 WHERE key = $1`, "limits.import_bytes")
		require.NoError(t, err)
		var view httpapi.Setting
		require.Eventually(t, func() bool {
			other.Must("GET", settingPath+"limits.import_bytes", nil, &view)
			return view.Fault != ""
		}, time.Minute, 20*time.Millisecond)
		require.InDelta(t, 4096, view.Value, 0)
	})
}
