//go:build integration

package httpapi_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"matcher/internal/auth"
	"matcher/internal/postgres"
	"matcher/internal/recon"
	"matcher/internal/testkit"
)

// ofTenant are the path parameters of what belongs to a tenant and to none of its contexts.
var ofTenant = []string{"calendarId", "feeScheduleId"}

func TestAccess_WhoIsNotListedFindsNothingOfAContext(t *testing.T) {
	t.Parallel()
	api := testkit.Server(t)
	tenantID := api.NewTenant("a")
	w := newFullWorld(t, api, tenantID)
	access := "/v1/contexts/" + w.contextID + "/access"
	w.Must("PUT", access, `{"members":[{"subject":"ann"}]}`, nil)
	before := digestOf(t, api, tenantID)
	bob := api.AsSubject("bob", tenantID, auth.RoleAdmin)
	cells := 0
	for _, op := range describedOperations(t, bob) {
		if !op.tenants() || !strings.Contains(op.path, "{") || strings.HasSuffix(op.path, "/access") {
			continue
		}
		param := pathParameter.FindStringSubmatch(op.path)[1]
		require.Equal(t, !strings.Contains(strings.Join(ofTenant, " "), param), postgres.BelongsToContext(param), op.path)
		if !postgres.BelongsToContext(param) {
			continue
		}
		hidden := op.send(t, bob, fill(t, op.path, func(name string) string { return w.ids()[name] }))
		unknown := op.send(t, bob, fill(t, op.path, func(string) string { return uuid.NewString() }))
		require.Equal(t, http.StatusNotFound, hidden.Status, "%s: %s", op.id, hidden.Body)
		require.Equal(t, shape(unknown), shape(hidden), op.id)
		cells++
	}
	require.Greater(t, cells, 60)
	for _, path := range []string{"/v1/events", "/v1/audit"} {
		require.Equal(t, recon.CodeAccessLimited, bob.Call("GET", path, nil).Problem().Code, path)
	}
	for _, path := range []string{"/v1/contexts", "/v1/exceptions", "/v1/fetches", "/v1/expectations"} {
		require.Empty(t, items[any](t, bob, path), path)
	}
	for _, query := range []string{"contextId=" + w.contextID, "sourceId=" + w.left} {
		require.Equal(t, http.StatusNotFound, bob.Call("GET", "/v1/exceptions?"+query, nil).Status, query)
	}
	require.Equal(t, before, digestOf(t, api, tenantID))
}

func TestAccess_BulkCommandsTakeHiddenIDsForUnknownOnes(t *testing.T) {
	t.Parallel()
	api := testkit.Server(t)
	tenantID := api.NewTenant("a")
	w := newFullWorld(t, api, tenantID)
	w.Must("PUT", "/v1/contexts/"+w.contextID+"/access", `{"members":[{"subject":"ann"}]}`, nil)
	before := digestOf(t, api, tenantID)
	bob := api.AsSubject("bob", tenantID, auth.RoleAdmin)
	for _, c := range []struct{ path, body string }{
		{"/v1/groups/bulk", `{"action":"UNMATCH","note":"X","groupIds":["` + w.groupID + `"]}`},
		{"/v1/exceptions/bulk", `{"action":"COMMENT","note":"X","exceptionIds":["` + w.exceptionID + `"]}`},
	} {
		answer := bob.Call("POST", c.path, c.body)
		require.Equal(t, http.StatusOK, answer.Status, "%s", answer.Body)
		require.Contains(t, string(answer.Body), recon.CodeNotFound)
	}
	for _, c := range []struct{ path, body string }{
		{"/v1/groups/bulk", `{"action":"CONFIRM","count":1,"filter":{"contextId":"` + w.contextID + `"}}`},
		{"/v1/exceptions/bulk", `{"action":"COMMENT","note":"X","count":3,"filter":{"contextId":"` + w.contextID + `"}}`},
	} {
		require.Equal(t, http.StatusNotFound, bob.Call("POST", c.path, c.body).Status, c.path)
	}
	require.Equal(t, before, digestOf(t, api, tenantID))
}

func TestAccess_RolesCountContextByContext(t *testing.T) {
	t.Parallel()
	api := testkit.Server(t)
	tenantID := api.NewTenant("a")
	w := newFullWorld(t, api, tenantID)
	path := "/v1/contexts/" + w.contextID
	admin := api.AsSubject("root", tenantID, auth.RoleAdmin)
	var stored recon.StoredAccess
	admin.Must("PUT", path+"/access", `{"members":[{"subject":"ann","roles":["preparer"]},{"subject":"bob","roles":["approver"]}]}`, &stored)
	require.Len(t, stored.Members, 2)
	require.Equal(t, http.StatusPreconditionFailed,
		admin.Call("PUT", path+"/access", `{"members":[]}`, "If-Match", `"1"`).Status, "the list that was read is no longer the stored one")
	ann := api.AsSubject("ann", tenantID, auth.RolePreparer, auth.RoleApprover)
	bob := api.AsSubject("bob", tenantID, auth.RolePreparer)
	unmatch := func(c *testkit.Client) int {
		return c.Call("POST", "/v1/groups/"+w.groupID+"/unmatch", `{"reason":"X"}`).Status
	}
	require.Equal(t, http.StatusForbidden, unmatch(ann), "she approves elsewhere, and prepares here")
	require.Equal(t, http.StatusForbidden, unmatch(bob), "a list adds no right to those of the token")
	bulk := `{"action":"UNMATCH","note":"X","groupIds":["` + w.groupID + `"]}`
	require.Equal(t, http.StatusForbidden, ann.Call("POST", "/v1/groups/bulk", bulk).Status)
	require.Equal(t, http.StatusOK, ann.Call("GET", path, nil).Status)
	require.Equal(t, http.StatusCreated, ann.Call("POST", path+"/groups",
		`{"leftIds":["`+w.openLeft+`"],"rightIds":["`+w.openRight+`"],"adjustmentReason":"FEE"}`).Status)
	require.Equal(t, http.StatusNotFound, admin.Call("GET", path, nil).Status, "who lists others is not listed by that")
	admin.Must("PUT", path+"/access", `{"members":[]}`, nil)
	require.Equal(t, http.StatusOK, unmatch(ann), "without a list the token's roles count again")
	require.NotEmpty(t, items[recon.AuditEntry](t, admin, "/v1/audit?action=access.replace"))
}

func TestAccess_AStoredAnswerAndACloneAreForThoseListed(t *testing.T) {
	t.Parallel()
	api := testkit.Server(t)
	tenantID := api.NewTenant("a")
	w := newFullWorld(t, api, tenantID)
	access := func(body string) { w.Must("PUT", "/v1/contexts/"+w.contextID+"/access", body, nil) }
	bob := api.AsSubject("bob", tenantID, auth.RoleAdmin)
	comment := func() int {
		return bob.Call("POST", "/v1/groups/"+w.groupID+"/comments", `{"note":"X"}`, "Idempotency-Key", "k").Status
	}
	require.Equal(t, http.StatusCreated, comment())
	access(`{"members":[{"subject":"ann"}]}`)
	require.Equal(t, http.StatusNotFound, comment(), "what was answered before is no longer for him")
	var clone recon.Context
	ann := api.AsSubject("ann", tenantID, auth.RoleAdmin)
	ann.Must("POST", "/v1/contexts/"+w.contextID+"/clone", `{"name":"copy"}`, &clone)
	require.Equal(t, http.StatusOK, ann.Call("GET", "/v1/contexts/"+clone.ID, nil).Status)
	require.Equal(t, http.StatusNotFound, bob.Call("GET", "/v1/contexts/"+clone.ID, nil).Status)
}

func TestAccess_AListNamesEachOnceAndKnownRoles(t *testing.T) {
	t.Parallel()
	api := testkit.Server(t)
	w := newWorld(t, api, api.NewTenant("a"))
	for body, pointer := range map[string]string{
		`{"members":[{"subject":"ann"},{"subject":"ann"}]}`:   "/members/1/subject",
		`{"members":[{"subject":"ann","roles":["owner"]}]}`:   "/members/0/roles/0",
		`{"members":[{"subject":"ann","roles":["admin"]}]}`:   "/members/0/roles/0",
		`{"members":[{"subject":""}]}`:                        "/members/0/subject",
		`{"members":[{"subject":"ann","role":["approver"]}]}`: "/members/0",
	} {
		answer := w.Call("PUT", "/v1/contexts/"+w.contextID+"/access", body)
		require.Equal(t, http.StatusUnprocessableEntity, answer.Status, "%s: %s", body, answer.Body)
		require.Contains(t, string(answer.Body), pointer, body)
	}
}
