//go:build integration

package httpapi_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/recon"
)

func TestRules(t *testing.T) {
	t.Parallel()
	_, c := setup(t)
	contextID := c.NewContext("Cash")
	path := "/v1/contexts/" + contextID + "/rules"
	var exact, near recon.StoredRule
	createRule := c.Must("POST", path, `{"name":"exact","type":"EXACT","priority":10}`, &exact)
	require.Equal(t, "/v1/rules/"+exact.ID, createRule.Header.Get("Location"))
	c.Must("POST", path, `{"name":"near","type":"TOLERANCE","amount":{"abs":"0.05"}}`, &near)
	require.Equal(t, 20, near.Rule.Priority, "a rule without priority runs last")

	t.Run("a rule that cannot work is refused where it is written", func(t *testing.T) {
		for body, pointer := range map[string]string{
			`{"name":"x","type":"EXACT","priority":30,"keys":[{"left":"reference","right":"reference","op":"EQALS"}]}`: "/keys/0/op",
			`{"name":"x","type":"NONE","priority":30}`:                              "/type",
			`{"name":"x","type":"EXACT","priority":30,"colour":"red"}`:              "/colour",
			`{"name":"x","type":"EXACT","priority":5000}`:                           "/priority",
			`{"name":"exact","type":"EXACT","priority":30}`:                         "/name",
			`{"name":"x","type":"EXACT","priority":10}`:                             "/priority",
			`{"name":"x","type":"EXACT","priority":30,"where":{"left":"amount >"}}`: "/where/left",
			`{"name":"x","type":"EXACT","priority":30,"amount":{"abs":"1.x"}}`:      "/amount/abs",
		} {
			answer := c.Call("POST", path, body)
			require.Equal(t, http.StatusUnprocessableEntity, answer.Status, "%s: %s", body, answer.Body)
			require.Equal(t, "RULE_INVALID", answer.Problem().Code)
			require.Contains(t, answer.Problem().Errors[0].Pointer, pointer, "%s", answer.Body)
		}
	})
	t.Run("a change is a new version, and the old one stays", func(t *testing.T) {
		putRule := c.Must("PUT", "/v1/rules/"+near.ID, `{"name":"near","type":"TOLERANCE","priority":20,"amount":{"abs":"0.10"}}`, &near, "If-Match", `"1"`)
		require.Equal(t, `"2"`, putRule.Header.Get("ETag"))
		require.Equal(t, http.StatusPreconditionFailed, c.Call("PUT", "/v1/rules/"+near.ID, `{"name":"near","type":"EXACT","priority":20}`, "If-Match", `"1"`).Status)
		require.Len(t, items[recon.StoredRule](t, c, "/v1/rules/"+near.ID+"/versions"), 2)
	})
	t.Run("reordering names every rule", func(t *testing.T) {
		reorderRules := func(ids string) int { return c.Call("POST", path+"/reorder", `{"ruleIds":[`+ids+`]}`).Status }
		require.Equal(t, http.StatusUnprocessableEntity, reorderRules(`"`+near.ID+`"`))
		require.Equal(t, http.StatusUnprocessableEntity, reorderRules(`"`+near.ID+`","`+near.ID+`"`))
		require.Equal(t, http.StatusOK, reorderRules(`"`+near.ID+`","`+exact.ID+`"`))
		listRules := items[recon.StoredRule](t, c, path)
		require.Equal(t, near.ID, listRules[0].ID)
		require.Equal(t, 10, listRules[0].Rule.Priority)
		require.Equal(t, 20, listRules[1].Rule.Priority)
	})
	t.Run("a deleted rule keeps its history", func(t *testing.T) {
		require.Equal(t, http.StatusNoContent, c.Call("DELETE", "/v1/rules/"+near.ID, nil).Status)
		require.Equal(t, http.StatusNotFound, c.Call("GET", "/v1/rules/"+near.ID, nil).Status)
		require.Len(t, items[recon.StoredRule](t, c, "/v1/rules/"+near.ID+"/versions"), 3)
		c.Must("POST", path, `{"name":"near","type":"EXACT","priority":10}`, nil)
	})
}
