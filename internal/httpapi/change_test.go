//go:build integration

package httpapi_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/auth"
	"matcher/internal/recon"
	"matcher/internal/testkit"
)

// fourEyed is a tenant with a context that asks for a second person, and two configurators.
func fourEyed(t *testing.T) (w world, ann, bob *testkit.Client) {
	t.Helper()
	api := testkit.Server(t)
	tenantID := api.NewTenant("a")
	w = newWorld(t, api, tenantID)
	w.Must("PATCH", "/v1/contexts/"+w.contextID, `{"settings":{"fourEyes":true}}`, nil)
	as := func(subject string) *testkit.Client {
		return api.AsSubject(subject, tenantID, auth.RoleConfigurator)
	}
	return w, as("ann"), as("bob")
}

func propose(t *testing.T, c *testkit.Client, method, path, body string) (change recon.StoredChange) {
	t.Helper()
	answer := c.Call(method, path, body)
	require.Equal(t, http.StatusAccepted, answer.Status, "%s", answer.Body)
	require.NoError(t, json.Unmarshal(answer.Body, &change))
	require.Equal(t, "/v1/changes/"+change.ID, answer.Header.Get("Location"))
	require.Equal(t, recon.ChangeProposed, change.Status)
	return change
}

func TestChange_AnotherPersonAppliesIt(t *testing.T) {
	t.Parallel()
	w, ann, bob := fourEyed(t)
	rules := "/v1/contexts/" + w.contextID + "/rules"
	before := len(items[recon.StoredRule](t, ann, rules))
	change := propose(t, ann, "POST", rules, `{"name":"Exact","type":"EXACT","priority":77}`)
	require.Len(t, items[recon.StoredRule](t, ann, rules), before, "nothing is changed before another person approves")
	approve := "/v1/changes/" + change.ID + "/approve"
	require.Equal(t, recon.CodeFourEyes, ann.Call("POST", approve, `{}`).Problem().Code)
	bob.Must("POST", approve, `{"note":"as agreed"}`, &change)
	require.Equal(t, recon.ChangeApplied, change.Status)
	require.Equal(t, "bob", change.DecidedBy)
	require.Len(t, items[recon.StoredRule](t, ann, rules), before+1)
	require.Equal(t, recon.CodeChangeDecided, bob.Call("POST", approve, `{}`).Problem().Code)
	require.Len(t, items[recon.StoredRule](t, ann, rules), before+1, "once")
	require.Len(t, items[recon.StoredChange](t, ann, "/v1/changes?status=APPLIED"), 1)
}

func TestChange_WhatCannotBeAppliedIsRefusedToItsAuthor(t *testing.T) {
	t.Parallel()
	w, ann, _ := fourEyed(t)
	for _, c := range []struct {
		method, path, body string
		status             int
	}{
		{"POST", "/v1/contexts/" + w.contextID + "/rules", `{"name":"X","type":"EXACT","priority":77,"tolerance":"1"}`, 422},
		{"POST", "/v1/contexts/" + w.contextID + "/rules", `{"name":"X","type":"NONE","priority":77}`, 422},
		{"PUT", "/v1/contexts/" + w.contextID + "/exception-policy", `{"reportingCurrency":"EURO"}`, 422},
		{"PATCH", "/v1/contexts/" + w.contextID, `{"name":""}`, 422},
	} {
		answer := ann.Call(c.method, c.path, c.body)
		require.Equal(t, c.status, answer.Status, "%s: %s", c.path, answer.Body)
	}
	require.Empty(t, items[recon.StoredChange](t, ann, "/v1/changes"))
}

func TestChange_TheSecondPersonCannotApplyWhatHasChangedMeanwhile(t *testing.T) {
	t.Parallel()
	w, ann, bob := fourEyed(t)
	path := "/v1/contexts/" + w.contextID
	answer := ann.Call("GET", path, nil)
	stale := ann.Call("PATCH", path, `{"description":"mine"}`, "If-Match", answer.Header.Get("ETag"))
	require.Equal(t, http.StatusAccepted, stale.Status, "%s", stale.Body)
	var mine recon.StoredChange
	require.NoError(t, json.Unmarshal(stale.Body, &mine))
	theirs := propose(t, bob, "PATCH", path, `{"description":"theirs"}`)
	ann.Must("POST", "/v1/changes/"+theirs.ID+"/approve", `{}`, nil)
	require.Equal(t, http.StatusPreconditionFailed, bob.Call("POST", "/v1/changes/"+mine.ID+"/approve", `{}`).Status)
	var c recon.Context
	ann.Must("GET", path, nil, &c)
	require.Equal(t, "theirs", c.Description)
	bob.Must("POST", "/v1/changes/"+mine.ID+"/refuse", `{"note":"too late"}`, &mine)
	require.Equal(t, recon.ChangeRefused, mine.Status)
}

// Four eyes are not taken off by one person, and bind what runs use without belonging to a context.
func TestChange_FourEyesBindTheirOwnSettingAndTheTenantsCalendars(t *testing.T) {
	t.Parallel()
	w, ann, bob := fourEyed(t)
	path := "/v1/contexts/" + w.contextID
	off := propose(t, ann, "PATCH", path, `{"settings":{"fourEyes":false}}`)
	calendar := propose(t, ann, "POST", "/v1/calendars", `{"id":"bank"}`)
	require.Empty(t, calendar.ContextID)
	bob.Must("POST", "/v1/changes/"+calendar.ID+"/approve", `{}`, nil)
	require.Len(t, items[any](t, ann, "/v1/calendars"), 1)
	bob.Must("POST", "/v1/changes/"+off.ID+"/approve", `{}`, nil)
	require.Equal(t, http.StatusOK, ann.Call("PATCH", path, `{"description":"alone"}`).Status)
}

func TestChange_EachOperationThatConfiguresWaits(t *testing.T) {
	t.Parallel()
	_, ann, _ := fourEyed(t)
	var waiting []string
	for _, op := range describedOperations(t, ann) {
		if op.waits {
			waiting = append(waiting, op.id)
		}
	}
	require.ElementsMatch(t, strings.Fields(`create-rule put-rule delete-rule put-rules reorder-rules update-context
		put-exception-policy put-access create-calendar put-calendar delete-calendar`), waiting)
}
