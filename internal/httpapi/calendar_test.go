//go:build integration

package httpapi_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/postgres"
	"matcher/internal/recon"
)

func TestCalendars(t *testing.T) {
	t.Parallel()
	_, c := setup(t)
	contextID := c.NewContext("Cash")
	var target postgres.StoredCalendar
	made := c.Must("POST", "/v1/calendars", `{"id":"TARGET","holidays":["2026-05-01"]}`, &target)
	require.Equal(t, "/v1/calendars/"+target.ID, made.Header.Get("Location"))
	rules := "/v1/contexts/" + contextID + "/rules"
	lag := func(calendar string) string {
		return `{"name":"lag","type":"DATE_LAG","date":{"unit":"BUSINESS","calendar":"` + calendar + `"}}`
	}
	t.Run("a rule names one that is there", func(t *testing.T) {
		refused := c.Call("POST", rules, lag("TARGTE"))
		require.Equal(t, http.StatusUnprocessableEntity, refused.Status)
		require.Equal(t, "/date/calendar", refused.Problem().Errors[0].Pointer)
		c.Must("POST", rules, lag("TARGET"), nil)
	})
	t.Run("and it stays as long as the rule does", func(t *testing.T) {
		path := "/v1/calendars/" + target.ID
		require.Equal(t, "IN_USE", c.Call("DELETE", path, nil).Problem().Code)
		require.Equal(t, "IN_USE", c.Call("PUT", path, `{"id":"OTHER"}`).Problem().Code)
		changed := c.Must("PUT", path, `{"id":"TARGET","holidays":["2026-05-01","2026-12-25"]}`, &target, "If-Match", `"1"`)
		require.Equal(t, `"2"`, changed.Header.Get("ETag"))
		require.Equal(t, http.StatusPreconditionFailed, c.Call("PUT", path, `{"id":"TARGET"}`, "If-Match", `"1"`).Status)
		c.Must("DELETE", "/v1/rules/"+first[recon.StoredRule](t, c, rules).ID, nil, nil)
		c.Must("DELETE", path, nil, nil)
		require.Equal(t, http.StatusNotFound, c.Call("GET", path, nil).Status)
	})
	t.Run("one that cannot be is refused by pointer", func(t *testing.T) {
		for body, pointer := range map[string]string{
			`{"id":""}`: "/id", `{"id":"X","weekend":["FUNDAY"]}`: "/weekend/0", `{"id":"X","holidays":["2026-05-01","2026-05-01"]}`: "/holidays/1",
		} {
			require.Equal(t, pointer, c.Call("POST", "/v1/calendars", body).Problem().Errors[0].Pointer, body)
		}
		c.Must("POST", "/v1/calendars", `{"id":"X"}`, nil)
		require.Equal(t, "NAME_TAKEN", c.Call("POST", "/v1/calendars", `{"id":"X"}`).Problem().Code)
		c.Must("POST", "/v1/calendars", `{"id":"Y"}`, nil)
		var p page[postgres.StoredCalendar]
		c.Must("GET", "/v1/calendars?limit=1", nil, &p)
		require.Equal(t, "X", p.Items[0].Value.ID)
		require.Equal(t, "Y", first[postgres.StoredCalendar](t, c, "/v1/calendars?cursor="+p.NextCursor).Value.ID)
	})
	t.Run("a run keeps those that its rules name", func(t *testing.T) {
		c.Must("POST", rules, lag("Y"), nil)
		run := c.Run(contextID)
		require.Equal(t, recon.RunCompleted, run.Status, run.ErrorMessage)
	})
}
