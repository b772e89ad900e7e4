//go:build integration

package httpapi_test

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/auth"
	"matcher/internal/recon"
	"matcher/internal/testkit"
)

func setup(t *testing.T) (*testkit.APIServer, *testkit.Client) {
	t.Helper()
	api := testkit.Server(t)
	return api, api.As(api.NewTenant("acme"), auth.RoleAdmin)
}

func TestContexts(t *testing.T) {
	t.Parallel()
	_, c := setup(t)
	var cash recon.Context
	createContext := c.Must("POST", "/v1/contexts", `{"name":"Cash","settings":{"maxWriteOff":{"EUR":"5.00"}}}`, &cash)
	t.Run("a create answers 201 with where it is and its version", func(t *testing.T) {
		require.Equal(t, http.StatusCreated, createContext.Status)
		require.Equal(t, "/v1/contexts/"+cash.ID, createContext.Header.Get("Location"))
		require.Equal(t, `"1"`, createContext.Header.Get("ETag"))
		require.Equal(t, recon.ContextActive, cash.Status)
	})
	t.Run("a change needs the version that is stored", func(t *testing.T) {
		updateContext := c.Must("PATCH", "/v1/contexts/"+cash.ID, `{"description":"All bank accounts"}`, &cash, "If-Match", `"1"`)
		require.Equal(t, `"2"`, updateContext.Header.Get("ETag"))
		require.Equal(t, "5.00", cash.Settings.MaxWriteOff["EUR"])
		stale := c.Call("PATCH", "/v1/contexts/"+cash.ID, `{"name":"X"}`, "If-Match", `"1"`)
		require.Equal(t, http.StatusPreconditionFailed, stale.Status)
		require.Equal(t, "STALE_VERSION", stale.Problem().Code)
		require.Equal(t, http.StatusBadRequest, c.Call("PATCH", "/v1/contexts/"+cash.ID, `{"name":"X"}`, "If-Match", `2`).Status)
	})
	t.Run("what a body lacks is pointed at", func(t *testing.T) {
		path := "/v1/contexts/" + cash.ID
		for _, asked := range []struct {
			path, body string
			want       []string
		}{
			{"/v1/contexts", `{}`, []string{"/name"}},
			{path + "/sources", `{}`, []string{"/name", "/side"}},
			{"/v1/fx-rates", `{"rates":[{"from":"EUR","to":"USD","rate":"1.1"}]}`, []string{"/rates/0/date"}},
			{path + "/rules", `{"type":"EXACT","priority":1}`, []string{"/name"}},
			{path + "/schedules", `{}`, []string{"/cron", "/name"}},
		} {
			var pointers []string
			for _, e := range c.Call("POST", asked.path, asked.body).Problem().Errors {
				pointers = append(pointers, e.Pointer)
			}
			slices.Sort(pointers)
			require.Equal(t, asked.want, pointers, asked.path)
		}
	})
	t.Run("a name is unique", func(t *testing.T) {
		require.Equal(t, http.StatusConflict, c.Call("POST", "/v1/contexts", `{"name":"Cash"}`).Status)
	})
	t.Run("an archived context is read only until it is activated", func(t *testing.T) {
		c.Must("POST", "/v1/contexts/"+cash.ID+"/archive", nil, nil)
		refused := c.Call("POST", "/v1/contexts/"+cash.ID+"/sources", `{"name":"bank","side":"RIGHT"}`)
		require.Equal(t, "CONTEXT_INACTIVE", refused.Problem().Code)
		c.Must("POST", "/v1/contexts/"+cash.ID+"/activate", nil, nil)
		c.Must("POST", "/v1/contexts/"+cash.ID+"/pause", nil, nil)
		require.Equal(t, "CONTEXT_INACTIVE", c.Call("POST", "/v1/contexts/"+cash.ID+"/runs", `{}`).Problem().Code)
	})
	t.Run("a list comes in pages", func(t *testing.T) {
		for i := range 4 {
			c.NewContext(fmt.Sprintf("Context %d", i))
		}
		var names []string
		for cursor := ""; ; {
			var p page[recon.Context]
			c.Must("GET", "/v1/contexts?limit=2&cursor="+cursor, nil, &p)
			for _, item := range p.Items {
				names = append(names, item.Name)
			}
			if cursor = p.NextCursor; cursor == "" {
				break
			}
		}
		require.Equal(t, "Cash Context 0 Context 1 Context 2 Context 3", strings.Join(names, " "))
		require.Len(t, items[recon.Context](t, c, "/v1/contexts?name=Cash"), 1)
		require.Equal(t, "BAD_CURSOR", c.Call("GET", "/v1/contexts?cursor=!", nil).Problem().Code)
		require.Equal(t, http.StatusUnprocessableEntity, c.Call("GET", "/v1/contexts?limit=201", nil).Status)
	})
	t.Run("every wrong value is named at once, and none is repeated", func(t *testing.T) {
		answer := c.Call("POST", "/v1/contexts", `{"name":"  ","settings":{"maxWriteOff":{"EUR":"x-secret-x","XQX":"1"}}}`)
		require.Equal(t, http.StatusUnprocessableEntity, answer.Status)
		require.Len(t, answer.Problem().Errors, 3, "%s", answer.Body)
		long := c.Call("POST", "/v1/contexts", `{"name":"`+strings.Repeat("s3cret", 60)+`"}`)
		require.Equal(t, "/name", long.Problem().Errors[0].Pointer)
		require.NotContains(t, string(long.Body), "s3cret")
	})
	t.Run("what is no JSON is a 4xx", func(t *testing.T) {
		require.Equal(t, http.StatusBadRequest, c.Call("POST", "/v1/contexts", `{"name":`).Status)
		require.Equal(t, http.StatusUnsupportedMediaType, c.Call("POST", "/v1/contexts", `name=X`, "Content-Type", "application/x-www-form-urlencoded").Status)
		require.Equal(t, http.StatusRequestEntityTooLarge, c.Call("POST", "/v1/contexts", `{"name":"`+strings.Repeat("a", 2<<20)+`"}`).Status)
	})
	t.Run("text that cannot be stored is a 4xx wherever it stands", func(t *testing.T) {
		for _, path := range []string{"/v1/contexts?name=%00", "/v1/contexts?name=%ff", "/v1/contexts/%00", "/v1/contexts?name=%zz"} {
			require.Equal(t, http.StatusBadRequest, c.Call("GET", path, nil).Status, path)
		}
		for _, body := range []string{`{"name":"a\u0000b"}`, `{"name":"x","description":"a\u0000b"}`, "{\"name\":\"\xff\"}"} {
			require.Equal(t, http.StatusBadRequest, c.Call("POST", "/v1/contexts", body).Status, body)
		}
		require.Equal(t, http.StatusBadRequest, c.Call("POST", "/v1/contexts", `{"name":"x"}`, "Idempotency-Key", "\xff").Status)
		require.Equal(t, http.StatusNotFound, c.Call("GET", "//v1/contexts", nil).Status)
	})
	t.Run("what looks like SQL is a name like any other", func(t *testing.T) {
		const name = `'; DROP TABLE contexts; --" \\ %s ${jndi}`
		var stored recon.Context
		c.Must("POST", "/v1/contexts", map[string]string{"name": name}, &stored)
		require.Equal(t, name, stored.Name)
		require.Len(t, items[recon.Context](t, c, "/v1/contexts?name="+url.QueryEscape(name)), 1)
	})
}
