//go:build integration

package httpapi_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/postgres"
	"matcher/internal/recon"
)

func TestExpectations(t *testing.T) {
	t.Parallel()
	_, c := setup(t)
	source := c.NewSource(c.NewContext("Cash"), "bank", recon.Right)
	at := "/v1/sources/" + source + "/expectation"
	require.Equal(t, "/calendar", c.Call("PUT", at, `{"by":"07:00","calendar":"TARGET"}`).Problem().Errors[0].Pointer)
	require.Equal(t, "/by", c.Call("PUT", at, `{"by":"7 am"}`).Problem().Errors[0].Pointer)
	var target postgres.StoredCalendar
	c.Must("POST", "/v1/calendars", `{"id":"TARGET"}`, &target)
	var stored recon.StoredExpectation
	c.Must("PUT", at, `{"by":"07:00","timeZone":"UTC","calendar":"TARGET"}`, &stored)
	require.Equal(t, "bank", stored.Source)
	require.Equal(t, 7, stored.NextAt.Hour())
	require.Equal(t, stored, first[recon.StoredExpectation](t, c, "/v1/expectations"))
	require.Empty(t, items[recon.StoredExpectation](t, c, "/v1/expectations?missing=true"))
	require.Equal(t, "IN_USE", c.Call("DELETE", "/v1/calendars/"+target.ID, nil).Problem().Code)
	require.Equal(t, 412, c.Call("PUT", at, `{"by":"08:00"}`, "If-Match", `"2"`).Status)
	c.Must("PUT", at, `{"by":"08:00"}`, &stored, "If-Match", `"1"`)
	c.Must("DELETE", "/v1/calendars/"+target.ID, nil, nil)
	c.Must("DELETE", at, nil, nil)
	require.Equal(t, 404, c.Call("GET", at, nil).Status)
	c.Must("DELETE", "/v1/sources/"+source, nil, nil)
}
