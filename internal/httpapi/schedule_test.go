//go:build integration

package httpapi_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"matcher/internal/recon"
)

func TestSchedules(t *testing.T) {
	t.Parallel()
	_, c := setup(t)
	path := "/v1/contexts/" + c.NewContext("Cash") + "/schedules"
	var nightly recon.Schedule
	made := c.Must("POST", path, `{"name":"nightly","cron":"30 3 * * *","timeZone":"Europe/Berlin"}`, &nightly)
	require.Equal(t, "/v1/schedules/"+nightly.ID, made.Header.Get("Location"))
	require.NotNil(t, nightly.NextAt)
	require.True(t, nightly.NextAt.After(time.Now()))
	require.Equal(t, 30, nightly.NextAt.Minute())

	t.Run("one that names no time is refused by pointer", func(t *testing.T) {
		for body, pointer := range map[string]string{
			`{"name":"x","cron":"every night"}`:                      "/cron",
			`{"name":"x","cron":"0 0 30 2 *"}`:                       "/cron",
			`{"name":"x","cron":"@daily","timeZone":"Mars/Olympus"}`: "/timeZone",
			`{"name":" ","cron":"@daily"}`:                           "/name",
		} {
			require.Equal(t, pointer, c.Call("POST", path, body).Problem().Errors[0].Pointer, body)
		}
		require.Equal(t, "NAME_TAKEN", c.Call("POST", path, `{"name":"nightly","cron":"@daily"}`).Problem().Code)
	})
	t.Run("one that is not enabled has no next time", func(t *testing.T) {
		at := "/v1/schedules/" + nightly.ID
		var off, on recon.Schedule
		updateSchedule := c.Must("PATCH", at, `{"enabled":false}`, &off, "If-Match", `"1"`)
		require.Equal(t, `"2"`, updateSchedule.Header.Get("ETag"))
		require.Nil(t, off.NextAt)
		require.Equal(t, 412, c.Call("PATCH", at, `{"enabled":true}`, "If-Match", `"1"`).Status)
		c.Must("PATCH", at, `{"enabled":true,"cron":"@hourly"}`, &on)
		require.Equal(t, 0, on.NextAt.Minute())
		require.Equal(t, "/cron", c.Call("PATCH", at, `{"cron":"x"}`).Problem().Errors[0].Pointer)
		c.Must("GET", at, nil, &off)
		require.Equal(t, on, off)
	})
	t.Run("it goes", func(t *testing.T) {
		require.Len(t, items[recon.Schedule](t, c, path), 1)
		c.Must("DELETE", "/v1/schedules/"+nightly.ID, nil, nil)
		require.Equal(t, 404, c.Call("GET", "/v1/schedules/"+nightly.ID, nil).Status)
	})
}
