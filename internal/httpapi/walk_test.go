//go:build integration

package httpapi_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/auth"
	"matcher/internal/recon"
	"matcher/internal/testkit"
)

// Two small files: one pair agrees, one differs by 0.30, one row stands alone on each side.
const (
	ledger = "id,date,reference,amount,currency,description\n" +
		"L1,2026-01-05,INV-1,100.00,EUR,Invoice one\n" +
		"L2,2026-01-06,INV-2,50.30,EUR,Invoice two\n" +
		"L3,2026-01-07,INV-3,75.00,EUR,Invoice three\n"
	bank = "id,date,reference,amount,currency,description\n" +
		"B1,2026-01-05,INV-1,100.00,EUR,Payment one\n" +
		"B2,2026-01-06,INV-2,50.00,EUR,Payment two\n" +
		"B3,2026-01-09,INV-9,12.34,EUR,Payment nine\n"
	// Two rows for a group by hand, whose difference is an adjustment.
	ledgerLate = "id,date,reference,amount,currency,description\nL8,2026-01-10,INV-8,10.00,EUR,Invoice eight\n"
	bankLate   = "id,date,reference,amount,currency,description\nB8,2026-01-10,INV-8x,9.75,EUR,Payment eight\n"
)

// world is one tenant's reconciliation after a run, with the ids of everything in it.
type world struct {
	*testkit.Client
	contextID, left, right, importID, runID, ruleID, groupID, exceptionID, transactionID string
	openLeft, openRight, adjustmentID, calendarID, feeScheduleID, feeRuleID, scheduleID  string
	backTestID, changeID, commentID, resolutionID                                        string
}

func newWorld(t *testing.T, api *testkit.APIServer, tenantID string) world {
	t.Helper()
	w := world{Client: api.As(tenantID, auth.RoleAdmin)}
	w.contextID = w.NewContext("Cash")
	w.left, w.right = w.NewSource(w.contextID, "ledger", recon.Left), w.NewSource(w.contextID, "bank", recon.Right)
	var rule recon.StoredRule
	w.Must(http.MethodPost, "/v1/contexts/"+w.contextID+"/rules", `{"name":"reference","type":"EXACT","priority":10}`, &rule)
	w.ruleID = rule.ID
	imported := w.Upload(w.left, "ledger.csv", ledger)
	require.EqualValues(t, 3, imported.RowsInserted)
	w.importID = imported.ID
	w.Upload(w.right, "bank.csv", bank)
	run := w.Run(w.contextID)
	require.Equal(t, recon.RunCompleted, run.Status, run.ErrorMessage)
	w.runID = run.ID
	w.groupID = first[recon.StoredGroup](t, w.Client, "/v1/contexts/"+w.contextID+"/groups").ID
	w.exceptionID = first[recon.Exception](t, w.Client, "/v1/exceptions?contextId="+w.contextID).ID
	w.transactionID = first[recon.StoredTransaction](t, w.Client, "/v1/contexts/"+w.contextID+"/transactions").ID
	w.openLeft = first[recon.StoredTransaction](t, w.Client, "/v1/contexts/"+w.contextID+"/transactions?state=OPEN&side=LEFT").ID
	w.openRight = first[recon.StoredTransaction](t, w.Client, "/v1/contexts/"+w.contextID+"/transactions?state=OPEN&side=RIGHT").ID
	return w
}

// newFullWorld is newWorld with one more of everything that reviewing and configuring make.
func newFullWorld(t *testing.T, api *testkit.APIServer, tenantID string) world {
	t.Helper()
	w := newWorld(t, api, tenantID)
	w.adjustmentID = w.adjusted(t)
	w.commentID = w.make("/v1/exceptions/"+w.exceptionID+"/comments", `{"note":"asked the bank"}`)
	var resolved recon.Exception
	w.Must(http.MethodPost, "/v1/exceptions/"+w.exceptionID+"/resolve", `{"outcome":"SUSPENSE","account":"9990","note":"whose?"}`, &resolved)
	w.resolutionID = resolved.ResolutionID
	for path, of := range map[string]struct {
		body string
		id   *string
	}{
		"/v1/calendars":     {`{"id":"target"}`, &w.calendarID},
		"/v1/fee-schedules": {`{"name":"cards","currency":"EUR","items":[{"name":"flat","type":"FLAT","amount":"0.10"}]}`, &w.feeScheduleID},
		"/v1/contexts/" + w.contextID + "/schedules": {`{"name":"nightly","cron":"@yearly"}`, &w.scheduleID},
	} {
		*of.id = w.make(path, of.body)
	}
	w.Must(http.MethodPut, "/v1/sources/"+w.left+"/fetch", `{"kind":"S3","bucket":"files","credentials":{"accessKey":"a","secretKey":"s"}}`, nil)
	w.Must(http.MethodPut, "/v1/sources/"+w.left+"/expectation", `{"by":"07:00"}`, nil)
	w.backTestID = w.BackTest(w.contextID, `{"rules":[]}`).ID
	w.feeRuleID = w.make("/v1/contexts/"+w.contextID+"/fee-rules", `{"name":"cards","priority":10,"feeSchedule":"cards"}`)
	w.changeID = w.proposed(api.AsSubject("second", tenantID, auth.RoleAdmin))
	return w
}

// proposed is a change that waits, made while four eyes were on; second takes them off again.
func (w world) proposed(second *testkit.Client) string {
	path := "/v1/contexts/" + w.contextID
	w.Must(http.MethodPatch, path, `{"settings":{"fourEyes":true}}`, nil)
	var asked, off recon.StoredChange
	w.Must(http.MethodPatch, path, `{"description":"asked for"}`, &asked)
	w.Must(http.MethodPatch, path, `{"settings":{}}`, &off)
	second.Must(http.MethodPost, "/v1/changes/"+off.ID+"/approve", `{}`, nil)
	return asked.ID
}

// make creates something and gives its id.
func (w world) make(path, body string) string {
	var made struct{ ID string }
	w.Must(http.MethodPost, path, body, &made)
	return made.ID
}

// adjusted is the adjustment of two late rows that are matched by hand.
func (w world) adjusted(t *testing.T) string {
	t.Helper()
	w.Upload(w.left, "late.csv", ledgerLate)
	w.Upload(w.right, "late.csv", bankLate)
	late := func(externalID string) string {
		return first[recon.StoredTransaction](t, w.Client, "/v1/contexts/"+w.contextID+"/transactions?externalId="+externalID).ID
	}
	var group recon.StoredGroup
	w.Must(http.MethodPost, "/v1/contexts/"+w.contextID+"/groups",
		`{"leftIds":["`+late("L8")+`"],"rightIds":["`+late("B8")+`"],"adjustmentReason":"FEE"}`, &group)
	return first[recon.Adjustment](t, w.Client, "/v1/groups/"+group.ID+"/adjustments").ID
}

// page is a list as it comes over the wire.
type page[T any] struct {
	Items      []T    `json:"items"`
	NextCursor string `json:"nextCursor"`
}

func items[T any](t *testing.T, c *testkit.Client, path string) []T {
	t.Helper()
	var p page[T]
	c.Must(http.MethodGet, path, nil, &p)
	return p.Items
}

func first[T any](t *testing.T, c *testkit.Client, path string) T {
	t.Helper()
	all := items[T](t, c, path)
	require.NotEmpty(t, all, path)
	return all[0]
}

func TestWalk(t *testing.T) {
	t.Parallel()
	api := testkit.Server(t)
	w := newWorld(t, api, api.NewTenant("acme"))
	groups := items[recon.StoredGroup](t, w.Client, "/v1/contexts/"+w.contextID+"/groups")
	require.Len(t, groups, 1)
	require.Equal(t, recon.GroupConfirmed, groups[0].Status)
	open := items[recon.Exception](t, w.Client, "/v1/exceptions?contextId="+w.contextID)
	require.Len(t, open, 3)
}
