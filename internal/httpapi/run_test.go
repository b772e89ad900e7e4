//go:build integration

package httpapi_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"matcher/internal/recon"
	"matcher/internal/testkit"
)

func TestRuns(t *testing.T) {
	t.Parallel()
	api := testkit.Server(t)
	w := newWorld(t, api, api.NewTenant("acme"))
	path := "/v1/contexts/" + w.contextID + "/runs"
	t.Run("a run is accepted, watched and read", func(t *testing.T) {
		createRun := w.Must("POST", path, `{"mode":"DRY_RUN"}`, nil)
		require.Equal(t, http.StatusAccepted, createRun.Status)
		watched := w.Must("GET", createRun.Header.Get("Location")+"/progress", nil, nil)
		require.Equal(t, "text/event-stream", watched.Header.Get("Content-Type"))
		require.Contains(t, string(watched.Body), "event: done\ndata: {")
		require.Len(t, items[recon.Run](t, w.Client, path), 2)
	})
	t.Run("a run is done again and found to be what is stored", func(t *testing.T) {
		var replayRun recon.Replay
		w.Must("POST", "/v1/runs/"+w.runID+"/replay", nil, &replayRun)
		require.True(t, replayRun.Identical, "%+v", replayRun)
		var run recon.Run
		w.Must("GET", "/v1/runs/"+w.runID, nil, &run)
		require.Equal(t, run.ResultHash, replayRun.ResultHash)
		require.Equal(t, run.GroupsHash, replayRun.GroupsHash)
		backTest := w.BackTest(w.contextID, `{}`)
		require.Equal(t, "RUN_NOT_REPLAYABLE", w.Call("POST", "/v1/runs/"+backTest.ID+"/replay", nil).Problem().Code)
	})
	t.Run("one that has ended cannot be cancelled", func(t *testing.T) {
		cancelRun := w.Call("POST", "/v1/runs/"+w.runID+"/cancel", nil)
		require.Equal(t, http.StatusConflict, cancelRun.Status)
	})
	t.Run("impossible periods are refused", func(t *testing.T) {
		require.Equal(t, "INVALID_VALUE", w.Call("POST", path, `{"from":"2026-02-01","to":"2026-01-01"}`).Problem().Code)
		refused := w.Call("POST", path, `{"asOf":"31.12.2026"}`).Problem()
		require.Equal(t, "DATE_UNREADABLE", refused.Code)
		require.Equal(t, "/asOf", refused.Errors[0].Pointer)
		require.Equal(t, http.StatusUnprocessableEntity, w.Call("POST", path, `{"mode":"MAYBE"}`).Status)
	})
	t.Run("groups are listed of the run and of the context, with their rows", func(t *testing.T) {
		listRunGroups := items[recon.StoredGroup](t, w.Client, "/v1/runs/"+w.runID+"/groups")
		require.Len(t, listRunGroups, 1)
		getGroup := first[recon.StoredGroup](t, w.Client, "/v1/contexts/"+w.contextID+"/groups?status=CONFIRMED")
		require.Equal(t, getGroup, first[recon.StoredGroup](t, w.Client, "/v1/contexts/"+w.contextID+"/groups?ruleId="+w.ruleID))
		require.Empty(t, items[recon.StoredGroup](t, w.Client, "/v1/contexts/"+w.contextID+"/groups?ruleId="+w.contextID))
		require.Empty(t, items[recon.StoredGroup](t, w.Client, "/v1/runs/"+w.runID+"/groups?heldBy=NO_KEY"))
		require.Equal(t, listRunGroups[0].ID, getGroup.ID)
		listGroupItems := items[recon.GroupItem](t, w.Client, "/v1/groups/"+w.groupID+"/items")
		require.Len(t, listGroupItems, 2)
	})
	t.Run("exceptions are narrowed and read", func(t *testing.T) {
		listExceptions := items[recon.Exception](t, w.Client, "/v1/exceptions?side=LEFT&contextId="+w.contextID)
		require.Len(t, listExceptions, 2)
		var getException recon.Exception
		w.Must("GET", "/v1/exceptions/"+listExceptions[0].ID, nil, &getException)
		require.Equal(t, listExceptions[0], getException)
		require.NotEmpty(t, getException.Reason)
	})
	t.Run("the bridge balances", func(t *testing.T) {
		var getStatement recon.Statement
		w.Must("GET", "/v1/contexts/"+w.contextID+"/statement", nil, &getStatement)
		require.Len(t, getStatement.Currencies, 1)
		euro := getStatement.Currencies[0]
		require.Equal(t, []string{"225.30", "162.34"}, []string{euro.Left, euro.Right})
		sum := minor(t, euro.Left)
		for _, item := range euro.Items {
			sum += minor(t, item.Amount)
		}
		require.Equal(t, minor(t, euro.Right), sum)
	})
	t.Run("a stranger's run cannot be watched", func(t *testing.T) {
		require.Equal(t, http.StatusNotFound, w.Call("GET", "/v1/runs/"+uuid.NewString()+"/progress", nil).Status)
	})
}

func minor(t *testing.T, text string) recon.Minor {
	t.Helper()
	amount, err := recon.ParseMinor(strings.TrimPrefix(text, "+"), 2)
	require.NoError(t, err)
	return amount
}
