//go:build integration

package httpapi_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"matcher/internal/auth"
	"matcher/internal/httpapi"
	"matcher/internal/recon"
	"matcher/internal/testkit"
)

// described is an operation of /openapi.json.
type described struct {
	method, path, id string
	roles            []string
	hasBody, public  bool
	waits            bool // where four eyes are on
}

// tenants says whether an operation is on a tenant's data, and not on the installation.
func (op described) tenants() bool {
	return strings.HasPrefix(op.path, "/v1/") && !strings.HasPrefix(op.path, "/v1/tenants/")
}

func describedOperations(t *testing.T, c *testkit.Client) (all []described) {
	t.Helper()
	var document struct {
		Paths map[string]map[string]struct {
			OperationID string          `json:"operationId"`
			Roles       []string        `json:"x-roles"`
			RequestBody json.RawMessage `json:"requestBody"`
			Description string          `json:"description"`
		} `json:"paths"`
	}
	c.Must(http.MethodGet, "/openapi.json", nil, &document)
	for path, item := range document.Paths {
		for method, op := range item {
			all = append(all, described{
				method: strings.ToUpper(method), path: path, id: op.OperationID, roles: op.Roles,
				hasBody: op.RequestBody != nil, public: op.Roles == nil,
				waits: strings.Contains(op.Description, "four eyes"),
			})
		}
	}
	require.NotEmpty(t, all)
	slices.SortFunc(all, func(a, b described) int { return strings.Compare(a.path+a.method, b.path+b.method) })
	return all
}

// bodies are good ones for every operation that takes one, so that only the id decides.
var bodies = map[string]string{
	"create-context":       `{"name":"X"}`,
	"update-context":       `{"name":"X"}`,
	"create-source":        `{"name":"X","side":"LEFT"}`,
	"update-source":        `{"name":"X"}`,
	"put-fetch":            `{"kind":"FOLDER"}`,
	"put-access":           `{"members":[]}`,
	"put-expectation":      `{"by":"07:00"}`,
	"put-field-map":        `{"amount":"amount","date":"date","currency":{"constant":"EUR"}}`,
	"preview-import":       "id,date,amount\nX,2026-01-01,1.00\n",
	"create-import":        "id,date,amount\nX,2026-01-01,1.00\n",
	"reprocess-import":     `{"reason":"X"}`,
	"mend-reject":          `{"reason":"X","fields":{"amount":"1.00"}}`,
	"create-rule":          `{"name":"X","type":"EXACT","priority":77}`,
	"put-rule":             `{"name":"X","type":"EXACT","priority":77}`,
	"reorder-rules":        `{"ruleIds":[]}`,
	"put-rules":            `{"rules":[]}`,
	"create-back-test":     `{"rules":[]}`,
	"ignore-transaction":   `{"reason":"X"}`,
	"create-run":           `{}`,
	"create-group":         `{"leftIds":["X"],"rightIds":["X"]}`,
	"confirm-group":        `{"note":"X"}`,
	"reject-group":         `{"reason":"X"}`,
	"unmatch-group":        `{"reason":"X"}`,
	"comment-group":        `{"note":"X"}`,
	"decide-groups":        `{"action":"CONFIRM","groupIds":["X"]}`,
	"put-fx-rates":         `{"rates":[{"from":"EUR","to":"USD","date":"2026-01-05","rate":"1.08","type":"X"}]}`,
	"create-calendar":      `{"id":"X"}`,
	"put-calendar":         `{"id":"X"}`,
	"create-fee-schedule":  `{"name":"X","currency":"EUR","items":[{"name":"X","type":"FLAT","amount":"1.00"}]}`,
	"put-fee-schedule":     `{"name":"X","currency":"EUR","items":[{"name":"X","type":"FLAT","amount":"1.00"}]}`,
	"simulate-fee":         `{"amount":"1.00"}`,
	"create-fee-rule":      `{"name":"X","priority":10,"feeSchedule":"X"}`,
	"put-fee-rule":         `{"name":"X","priority":10,"feeSchedule":"X"}`,
	"clone-context":        `{"name":"X"}`,
	"create-schedule":      `{"name":"X","cron":"@daily"}`,
	"update-schedule":      `{"name":"X"}`,
	"create-adjustment":    `{"reason":"FEE"}`,
	"post-adjustment":      `{"reference":"X"}`,
	"put-setting":          `{"value":1}`,
	"create-tenant":        `{"slug":"x","name":"X"}`,
	"create-key":           `{"name":"X","scopes":["keys"]}`,
	"revoke-token":         `{"jti":"X"}`,
	"change-tenant":        `{"name":"X"}`,
	"put-exception-policy": `{"reportingCurrency":"EUR"}`,
	"assign-exception":     `{"assignee":"X"}`,
	"unassign-exception":   `{}`,
	"comment-exception":    `{"note":"X"}`,
	"edit-comment":         `{"note":"X"}`,
	"snooze-exception":     `{"until":"2026-01-05"}`,
	"resolve-exception":    `{"outcome":"BOOKED","account":"X","note":"X"}`,
	"reopen-exception":     `{"note":"X"}`,
	"change-exceptions":    `{"action":"COMMENT","note":"X","exceptionIds":["X"]}`,
	"approve-change":       `{}`,
	"refuse-change":        `{}`,
	"approve-resolution":   `{}`,
	"refuse-resolution":    `{}`,
}

func (op described) send(t *testing.T, c *testkit.Client, path string) testkit.Answer {
	t.Helper()
	body, known := bodies[op.id]
	require.Equal(t, op.hasBody, known, "bodies must hold exactly the operations with a body: %s", op.id)
	if !known {
		return c.Call(op.method, path, nil)
	}
	return c.Call(op.method, path, body)
}

func (w world) ids() map[string]string {
	return map[string]string{
		"contextId": w.contextID, "sourceId": w.left, "ruleId": w.ruleID, "importId": w.importID,
		"transactionId": w.transactionID, "runId": w.runID, "groupId": w.groupID, "exceptionId": w.exceptionID, "adjustmentId": w.adjustmentID,
		"calendarId": w.calendarID, "feeScheduleId": w.feeScheduleID, "feeRuleId": w.feeRuleID, "scheduleId": w.scheduleID,
		"changeId": w.changeID, "backTestId": w.backTestID, "row": "1", "commentId": w.commentID, "resolutionId": w.resolutionID,
	}
}

var pathParameter = regexp.MustCompile(`\{(\w+)\}`)

func fill(t *testing.T, path string, id func(name string) string) string {
	t.Helper()
	return pathParameter.ReplaceAllStringFunc(path, func(found string) string {
		value := id(strings.Trim(found, "{}"))
		require.NotEmpty(t, value, "no id for %s in %s", found, path)
		return value
	})
}

var requestIDs = regexp.MustCompile(`"requestId":"[^"]*"`)

func shape(a testkit.Answer) string {
	headers := a.Header.Clone()
	for _, own := range []string{"Date", "X-Request-Id", "Content-Length", "RateLimit-Remaining", "RateLimit-Reset"} {
		headers.Del(own)
	}
	text, _ := json.Marshal(headers)
	return string(text) + string(requestIDs.ReplaceAll(a.Body, nil))
}

func digestOf(t *testing.T, api *testkit.APIServer, tenantID string) map[string]string {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), api.OwnerDSN)
	require.NoError(t, err)
	defer conn.Close(t.Context())
	digest := testkit.Digest(t, conn, "work", "control")
	for table := range digest {
		if !strings.Contains(table, tenantID) {
			delete(digest, table)
		}
	}
	require.NotEmpty(t, digest)
	return digest
}

func TestT01_AForeignIDIsTheSame404AsAnUnknownOne(t *testing.T) {
	t.Parallel()
	api := testkit.Server(t)
	tenantA := api.NewTenant("a")
	a, b := newFullWorld(t, api, tenantA), newFullWorld(t, api, api.NewTenant("b"))
	before := digestOf(t, api, tenantA)
	cells := 0
	for _, op := range describedOperations(t, b.Client) {
		if !strings.Contains(op.path, "{") || !op.tenants() {
			continue
		}
		foreign := op.send(t, b.Client, fill(t, op.path, func(name string) string { return a.ids()[name] }))
		unknown := op.send(t, b.Client, fill(t, op.path, func(string) string { return uuid.NewString() }))
		require.Equal(t, http.StatusNotFound, foreign.Status, "%s: %s", op.id, foreign.Body)
		require.Equal(t, "NOT_FOUND", foreign.Problem().Code, op.id)
		require.Equal(t, shape(unknown), shape(foreign), op.id)
		cells++
	}
	require.Greater(t, cells, 25)
	require.Equal(t, before, digestOf(t, api, tenantA))
}

func TestT02_EveryRouteIsDescribedAndOtherVerbsAreRefused(t *testing.T) {
	t.Parallel()
	api := testkit.Server(t)
	c := api.As(api.NewTenant("a"), auth.RoleAdmin)
	verbs := map[string][]string{}
	var routes []string
	for _, op := range describedOperations(t, c) {
		routes = append(routes, op.method+" "+op.path)
		verbs[op.path] = append(verbs[op.path], op.method)
	}
	require.ElementsMatch(t, routes, api.App.Handler().(*httpapi.API).Routes())
	for path, listed := range verbs {
		target := fill(t, path, func(string) string { return uuid.NewString() })
		for _, verb := range []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND"} {
			if slices.Contains(listed, verb) {
				continue
			}
			answer := c.Call(verb, target, nil)
			if verb == "HEAD" && slices.Contains(listed, "GET") {
				require.Equal(t, c.Call("GET", target, nil).Status, answer.Status, "HEAD %s", path)
				require.Empty(t, answer.Body)
				continue
			}
			if shadowed(verbs, path, verb) { // "bulk" is read as an id there, and no id is called that
				require.Equal(t, http.StatusNotFound, answer.Status, "%s %s", verb, path)
				continue
			}
			require.Equal(t, http.StatusMethodNotAllowed, answer.Status, "%s %s", verb, path)
			require.NotEmpty(t, answer.Header.Get("Allow"))
			if verb != "HEAD" {
				require.Equal(t, "METHOD_NOT_ALLOWED", answer.Problem().Code)
			}
		}
	}
	nowhere := c.Call("GET", "/v1/nowhere", nil)
	require.Equal(t, http.StatusNotFound, nowhere.Status)
	require.Equal(t, "application/problem+json", nowhere.Header.Get("Content-Type"))
}

// shadowed says whether the verb on a path is that of a sibling with an id in the last place.
func shadowed(verbs map[string][]string, path, verb string) bool {
	parent := path[:strings.LastIndexByte(path, '/')+1]
	for other, listed := range verbs {
		id, sibling := strings.CutPrefix(other, parent+"{")
		if sibling && other != path && strings.IndexByte(id, '/') < 0 && (slices.Contains(listed, verb) || verb == "HEAD" && slices.Contains(listed, "GET")) {
			return true
		}
	}
	return false
}

func TestT03_ForeignIDsInBodiesAndQueriesChangeNothing(t *testing.T) {
	t.Parallel()
	api := testkit.Server(t)
	tenantA, tenantB := api.NewTenant("a"), api.NewTenant("b")
	a, b := newFullWorld(t, api, tenantA), newFullWorld(t, api, tenantB)
	beforeA, beforeB := digestOf(t, api, tenantA), digestOf(t, api, tenantB)
	for _, c := range []struct{ method, path, body string }{
		{"POST", "/v1/contexts/" + b.contextID + "/rules/reorder", `{"ruleIds":["` + a.ruleID + `"]}`},
		{"POST", "/v1/contexts/" + b.contextID + "/back-tests", `{"ruleIds":["` + a.ruleID + `"]}`},
		{"POST", "/v1/contexts/" + b.contextID + "/back-tests", `{"deleteRuleId":"` + a.ruleID + `"}`},
		{"POST", "/v1/contexts/" + b.contextID + "/back-tests", `{"ruleId":"` + a.ruleID + `","rule":{"name":"X","type":"EXACT","priority":77}}`},
		{"GET", "/v1/exceptions?contextId=" + a.contextID, ""},
		{"POST", "/v1/groups/bulk", `{"action":"UNMATCH","note":"X","groupIds":["` + a.groupID + `"]}`},
		{"POST", "/v1/contexts/" + b.contextID + "/groups", `{"leftIds":["` + b.openLeft + `"],"rightIds":["` + a.openRight + `"],"adjustmentReason":"FEE"}`},
		{"POST", "/v1/contexts/" + b.contextID + "/groups", `{"leftIds":["` + a.openLeft + `"],"rightIds":["` + b.openRight + `"],"adjustmentReason":"FEE"}`},
		{"GET", "/v1/contexts/" + b.contextID + "/groups?runId=" + a.runID, ""},
		{"GET", "/v1/contexts/" + b.contextID + "/transactions?sourceId=" + a.left, ""},
	} {
		answer := b.Call(c.method, c.path, []byte(c.body))
		if c.path == "/v1/groups/bulk" { // one outcome an id
			require.Contains(t, string(answer.Body), recon.CodeNotFound)
			continue
		}
		require.Contains(t, []int{http.StatusNotFound, http.StatusUnprocessableEntity}, answer.Status, "%s: %s", c.path, answer.Body)
	}
	require.Equal(t, beforeA, digestOf(t, api, tenantA))
	require.Equal(t, beforeB, digestOf(t, api, tenantB))
}

func TestT05_NothingOfATenantAppearsInAnothersLists(t *testing.T) {
	t.Parallel()
	const canary = "kanarienvogel7f3a"
	api := testkit.Server(t)
	a, b := api.As(api.NewTenant("a"), auth.RoleAdmin), newFullWorld(t, api, api.NewTenant("b"))
	contextID := a.NewContext(canary + " context")
	source := a.NewSource(contextID, canary+" source", recon.Left)
	a.Upload(source, canary+".csv", "id,date,reference,amount,currency,description,"+canary+"\n"+
		canary+",2026-01-05,"+canary+",100.00,EUR,"+canary+","+canary+"\n")
	a.Upload(a.NewSource(contextID, canary+" account", recon.Right), canary+".sta", mt940(canary, canary, "10,00", "15,00", "5,00"))
	a.Must("PUT", "/v1/sources/"+source+"/fetch", `{"kind":"FOLDER","folder":"`+canary+`"}`, nil)
	a.Must("PUT", "/v1/sources/"+source+"/expectation", `{"by":"07:00"}`, nil)
	a.Must("POST", "/v1/contexts/"+contextID+"/rules", `{"name":"`+canary+`","type":"EXACT","priority":10}`, nil)
	a.Must("POST", "/v1/fx-rates", `{"rates":[{"from":"EUR","to":"USD","date":"2026-01-05","rate":"1.08","type":"`+canary+`","source":"`+canary+`"}]}`, nil)
	a.Must("POST", "/v1/calendars", `{"id":"`+canary+`"}`, nil)
	a.Must("POST", "/v1/fee-schedules", `{"name":"`+canary+`","currency":"EUR","items":[{"name":"`+canary+`","type":"FLAT","amount":"1.00"}]}`, nil)
	a.Must("POST", "/v1/contexts/"+contextID+"/fee-rules", `{"name":"`+canary+`","priority":10,"feeSchedule":"`+canary+`"}`, nil)
	a.Must("POST", "/v1/contexts/"+contextID+"/schedules", `{"name":"`+canary+`","cron":"@yearly"}`, nil)
	a.Run(contextID)
	a.BackTest(contextID, `{}`)
	require.NotEmpty(t, items[recon.Exception](t, a, "/v1/exceptions?contextId="+contextID))
	lists := 0
	for _, op := range describedOperations(t, b.Client) {
		if op.method != "GET" || !op.public && !op.tenants() {
			continue
		}
		answer := b.Call("GET", fill(t, op.path, func(name string) string { return b.ids()[name] }), nil)
		require.Less(t, answer.Status, 500, op.id)
		require.NotContains(t, string(answer.Body), canary, op.id)
		for name, values := range answer.Header {
			require.NotContains(t, name+strings.Join(values, ""), canary, op.id)
		}
		lists++
	}
	require.Greater(t, lists, 20)
	require.Len(t, items[recon.Context](t, b.Client, "/v1/contexts"), 1)
	require.Len(t, items[recon.Exception](t, b.Client, "/v1/exceptions"), 3)
}

func TestT22_ATokenWithoutTenantNeverReachesTheDefaultTenant(t *testing.T) {
	t.Parallel()
	api := testkit.Server(t)
	defaultTenant := api.Config.Tenancy.DefaultTenantID
	before := digestOf(t, api, defaultTenant)
	nobody := api.As("", auth.RoleAdmin)
	for _, op := range describedOperations(t, nobody) {
		if op.public || !op.tenants() {
			continue
		}
		answer := op.send(t, nobody, fill(t, op.path, func(string) string { return uuid.NewString() }))
		require.Equal(t, http.StatusUnauthorized, answer.Status, op.id)
		require.Equal(t, "TENANT_CLAIM_MISSING", answer.Problem().Code, op.id)
		require.Equal(t, "Bearer", answer.Header.Get("WWW-Authenticate"))
	}
	require.Equal(t, before, digestOf(t, api, defaultTenant))
}

func TestT25_AHugeAuthorizationHeaderIsRefused(t *testing.T) {
	t.Parallel()
	api := testkit.Server(t)
	c := api.As(api.NewTenant("a"))
	c.Token = strings.Repeat(".", 100<<10)
	require.Contains(t, []int{http.StatusUnauthorized, http.StatusRequestHeaderFieldsTooLarge}, c.Call("GET", "/v1/me", nil).Status)
}

func TestT30_TheRoleTableHoldsForEveryOperation(t *testing.T) {
	t.Parallel()
	api := testkit.Server(t)
	tenantID := api.NewTenant("a")
	anyone := api.As(tenantID)
	for _, op := range describedOperations(t, anyone) {
		if op.public {
			require.Equal(t, http.StatusOK, anyone.Call("GET", op.path, nil).Status, op.id)
			continue
		}
		path := fill(t, op.path, func(string) string { return uuid.NewString() })
		require.Equal(t, http.StatusForbidden, op.send(t, anyone, path).Status, op.id)
		for _, role := range auth.Roles[:len(auth.Roles)-1] {
			answer := op.send(t, api.As(tenantID, role), path)
			if slices.Contains(op.roles, string(role)) {
				require.NotContains(t, []int{401, 403}, answer.Status, "%s as %s", op.id, role)
			} else {
				require.Equal(t, http.StatusForbidden, answer.Status, "%s as %s", op.id, role)
			}
		}
	}
}

func TestT30_FieldsThatAreNotTheCallersAreRefused(t *testing.T) {
	t.Parallel()
	api := testkit.Server(t)
	c := api.As(api.NewTenant("a"), auth.RoleAdmin)
	for _, body := range []string{`{"name":"X","tenantId":"Y"}`, `{"name":"X","status":"ARCHIVED"}`, `{"name":"X","createdBy":"Y"}`, `{"name":"X","id":"Y"}`} {
		answer := c.Call("POST", "/v1/contexts", body)
		require.Equal(t, http.StatusUnprocessableEntity, answer.Status, body)
		require.NotEmpty(t, answer.Problem().Errors, "%s", answer.Body)
	}
}

func TestMultiTenant_BackwardCompatibility(t *testing.T) {
	t.Parallel()
	api := testkit.Server(t, testkit.SingleTenant)
	defaultTenant := api.Config.Tenancy.DefaultTenantID
	t.Run("a token without claim is the default tenant", func(t *testing.T) {
		w := newWorld(t, api, "")
		var me struct{ TenantID string }
		w.Must("GET", "/v1/me", nil, &me)
		require.Equal(t, defaultTenant, me.TenantID)
	})
	t.Run("a claim that equals it is welcome", func(t *testing.T) {
		require.Len(t, items[recon.Context](t, api.As(defaultTenant, auth.RoleViewer), "/v1/contexts"), 1)
	})
	t.Run("another claim is refused", func(t *testing.T) {
		require.Equal(t, http.StatusForbidden, api.As(uuid.NewString(), auth.RoleAdmin).Call("GET", "/v1/contexts", nil).Status)
	})
	t.Run("everything lies in the tenant's own schema and nothing in public", func(t *testing.T) {
		conn, err := pgx.Connect(t.Context(), api.OwnerDSN)
		require.NoError(t, err)
		defer conn.Close(t.Context())
		require.Empty(t, testkit.TableNames(t, conn, "public"))
		require.NotEmpty(t, testkit.TableNames(t, conn, defaultTenant))
	})
}

func TestTheTenantComesFromTheTokenAlone(t *testing.T) {
	t.Parallel()
	api := testkit.Server(t)
	a, b := newWorld(t, api, api.NewTenant("a")), api.As(api.NewTenant("b"), auth.RoleAdmin)
	var me struct{ TenantID string }
	a.Must("GET", "/v1/me", nil, &me)
	for _, header := range []string{"X-Tenant-ID", "tenantId", "Baggage", "Cookie"} {
		answer := b.Call("GET", "/v1/contexts", nil, header, "tenantId="+me.TenantID)
		require.Equal(t, http.StatusOK, answer.Status)
		require.False(t, bytes.Contains(answer.Body, []byte(a.contextID)), header)
	}
	require.Equal(t, http.StatusUnprocessableEntity, b.Call("GET", "/v1/contexts?tenantId="+me.TenantID, nil).Status)
}

func TestT30_WhoConfiguresDecidesOnNoMoney(t *testing.T) {
	t.Parallel()
	api := testkit.Server(t)
	tenantID := api.NewTenant("a")
	w := newFullWorld(t, api, tenantID)
	as := func(roles ...auth.Role) *testkit.Client { return api.AsSubject("ann", tenantID, roles...) }
	ignore, context := "/v1/transactions/"+w.openLeft+"/ignore", "/v1/contexts/"+w.contextID
	require.Equal(t, http.StatusForbidden, as(auth.RoleConfigurator).Call("POST", ignore, `{"reason":"X"}`).Status)
	require.Equal(t, http.StatusForbidden, as(auth.RoleApprover).Call("PATCH", context, `{"name":"X"}`).Status)
	as(auth.RoleConfigurator).Must("PATCH", context, `{"name":"Renamed"}`, nil)
	t.Run("the earlier name of a preparer stays valid", func(t *testing.T) {
		as(auth.RoleAnalyst).Must("POST", ignore, `{"reason":"X"}`, nil)
	})
	t.Run("an auditor reads, whatever else the token grants", func(t *testing.T) {
		auditor := as(auth.RoleAdmin, auth.RoleAuditor)
		auditor.Must("GET", context, nil, nil)
		require.Equal(t, "ROLE_REQUIRED", auditor.Call("PATCH", context, `{"name":"X"}`).Problem().Code)
	})
}
