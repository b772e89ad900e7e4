//go:build integration

package httpapi_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/recon"
)

func TestSources(t *testing.T) {
	t.Parallel()
	_, c := setup(t)
	contextID := c.NewContext("Cash")
	var bank recon.Source
	createSource := c.Must("POST", "/v1/contexts/"+contextID+"/sources", `{"name":"bank","side":"RIGHT","timeZone":"Europe/Berlin","negate":true}`, &bank)
	require.Equal(t, "/v1/sources/"+bank.ID, createSource.Header.Get("Location"))
	require.Equal(t, "Europe/Berlin", bank.TimeZone)
	t.Run("a change keeps what it does not name", func(t *testing.T) {
		updateSource := c.Must("PATCH", "/v1/sources/"+bank.ID, `{"currency":"EUR"}`, &bank, "If-Match", `"1"`)
		require.Equal(t, `"2"`, updateSource.Header.Get("ETag"))
		require.True(t, bank.Negate)
	})
	t.Run("how many refused rows a file may have is set, kept and bounded", func(t *testing.T) {
		c.Must("PATCH", "/v1/sources/"+bank.ID, `{"maxRejected":0}`, &bank)
		require.NotNil(t, bank.MaxRejected)
		require.Zero(t, *bank.MaxRejected)
		c.Must("PATCH", "/v1/sources/"+bank.ID, `{"negate":true}`, &bank)
		require.NotNil(t, bank.MaxRejected)
		var made recon.Source
		c.Must("POST", "/v1/contexts/"+contextID+"/sources", `{"name":"strict","side":"LEFT","maxRejected":7}`, &made)
		require.EqualValues(t, 7, *made.MaxRejected)
		c.Must("DELETE", "/v1/sources/"+made.ID, nil, nil)
		answer := c.Call("PATCH", "/v1/sources/"+bank.ID, `{"maxRejected":-1}`)
		require.Equal(t, http.StatusUnprocessableEntity, answer.Status)
		require.Equal(t, "/maxRejected", answer.Problem().Errors[0].Pointer)
		var reset recon.Source
		c.Must("PATCH", "/v1/sources/"+bank.ID, `{"maxRejected":null}`, &reset)
		require.Nil(t, reset.MaxRejected, "the default")
	})
	t.Run("what cannot be true is refused by pointer", func(t *testing.T) {
		answer := c.Call("POST", "/v1/contexts/"+contextID+"/sources", `{"name":"x","side":"LEFT","currency":"eur","timeZone":"Mars/Base"}`)
		require.Equal(t, http.StatusUnprocessableEntity, answer.Status)
		require.Equal(t, "/currency", answer.Problem().Errors[0].Pointer)
		require.Equal(t, "/timeZone", answer.Problem().Errors[1].Pointer)
		require.Equal(t, "/side", c.Call("POST", "/v1/contexts/"+contextID+"/sources", `{"name":"x","side":"MIDDLE"}`).Problem().Errors[0].Pointer)
	})
	t.Run("one that took a file stays, an empty one goes", func(t *testing.T) {
		full, empty := c.NewSource(contextID, "full", recon.Left), c.NewSource(contextID, "empty", recon.Left)
		c.Upload(full, "ledger.csv", ledger)
		require.Equal(t, "IN_USE", c.Call("DELETE", "/v1/sources/"+full, nil).Problem().Code)
		deleteSource := c.Call("DELETE", "/v1/sources/"+empty, nil)
		require.Equal(t, http.StatusNoContent, deleteSource.Status)
		require.Equal(t, http.StatusNotFound, c.Call("GET", "/v1/sources/"+empty, nil).Status)
		require.Len(t, items[recon.Source](t, c, "/v1/contexts/"+contextID+"/sources"), 2)
	})
}
