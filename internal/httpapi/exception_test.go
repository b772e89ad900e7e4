//go:build integration

package httpapi_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/auth"
	"matcher/internal/postgres"
	"matcher/internal/recon"
	"matcher/internal/testkit"
)

const (
	openLedger = "id,date,reference,amount,currency,description,customer\n" +
		"A1,2026-01-05,INV-1,50.00,EUR,Rent of a bicycle,ann\n" +
		"A2,2026-01-06,INV-2,5000.00,EUR,Machine,bea\n" +
		"A3,2026-01-07,INV-3,20000.00,USD,Licence,bea\n" +
		"A4,2026-01-08,INV-4,7000,JPY,Tea,\n" +
		"AZ,2026-02-20,INV-Z,1.11,EUR,A later day,\n"
	openBank = "id,date,reference,amount,currency,description,customer\n" +
		"B1,2026-01-05,X-1,-10.00,EUR,Direct debit,\n" +
		"B2,2026-01-09,X-2,2000000.00,EUR,Sale of a house,\n" +
		"BZ,2026-02-20,X-Z,1.11,EUR,A later day,\n"
	openPolicy = `{"reportingCurrency":"EUR","assignment":[
		{"when":"side == \"RIGHT\" && amount < 0","assignee":"treasury"},
		{"when":"metadata.customer == \"bea\" && severity == \"CRITICAL\"","assignee":"bob"},
		{"when":"reference == \"INV-4\"","assignee":"tea queue"}]`
)

// newOpenDesk is a desk whose rows match nothing, under a policy.
func newOpenDesk(t *testing.T, policy string) desk {
	t.Helper()
	d := newDesk(t, 0, "")
	d.Must("POST", "/v1/fx-rates", `{"rates":[{"from":"USD","to":"EUR","date":"2026-01-05","rate":"0.9"},
		{"from":"USD","to":"EUR","date":"2020-01-05","rate":"0.001"}]}`, nil)
	d.Must("PUT", "/v1/contexts/"+d.contextID+"/exception-policy", policy, nil)
	d.Upload(d.left, "open.csv", openLedger)
	d.Upload(d.right, "open.csv", openBank)
	d.run(t)
	return d
}

// exception is that of the row with an external id.
func (d desk) exception(t *testing.T, externalID string) recon.Exception {
	t.Helper()
	for _, e := range items[recon.Exception](t, d.Client, "/v1/exceptions?limit=200&contextId="+d.contextID) {
		if e.ExternalID == externalID {
			return e
		}
	}
	t.Fatalf("no exception of %s", externalID)
	return recon.Exception{}
}

// names are the external ids of a list.
func (d desk) names(t *testing.T, query string) string {
	t.Helper()
	var names []string
	for _, e := range items[recon.Exception](t, d.Client, "/v1/exceptions?contextId="+d.contextID+"&"+query) {
		names = append(names, e.ExternalID)
	}
	return strings.Join(names, " ")
}

// do does something to the exception of a row.
func (d desk) do(t *testing.T, c *testkit.Client, externalID, verb, body string) testkit.Answer {
	t.Helper()
	return c.Call("POST", "/v1/exceptions/"+d.exception(t, externalID).ID+"/"+verb, body)
}

// The policy that the page shows is one that the service takes.
func TestExceptions_ThePolicyOfThePage(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../docs/open-rows.md")
	require.NoError(t, err)
	_, policy, _ := strings.Cut(string(text), "```json\n")
	policy, _, _ = strings.Cut(policy, "```")
	newOpenDesk(t, policy)
}

func TestExceptions_PolicyAndLists(t *testing.T) {
	t.Parallel()
	d := newOpenDesk(t, openPolicy+`,"graceDays":{"PENDING":3}}`)
	t.Run("a policy gives severity, due day and assignee", func(t *testing.T) {
		for id, want := range map[string]string{ // one step up each, since they are old
			"A1": "MEDIUM ", "A2": "HIGH ", "A3": "CRITICAL bob", "A4": "HIGH tea queue", "B1": "HIGH treasury", "B2": "CRITICAL ",
		} {
			e := d.exception(t, id)
			require.Equal(t, want, e.Severity.String()+" "+e.Assignee, id)
			require.Equal(t, recon.ExceptionOpen, e.Status)
		}
		require.Equal(t, "no rate between JPY and EUR is known", d.exception(t, "A4").SeverityNote)
		calendar := recon.Calendar{}
		opened := recon.DayOf(d.exception(t, "A1").OpenedAt.UTC())
		for id, days := range map[string]int{"A1": 5, "A2": 2, "B1": 1, "B2": 1} {
			require.Equal(t, calendar.After(opened, days), d.exception(t, id).Due, id)
		}
	})
	t.Run("lists are sorted by what is asked, page by page", func(t *testing.T) {
		require.Equal(t, "B2 A3 A2 A4 A1 B1", d.names(t, "sort=-amount"))
		require.Equal(t, "B2 A4 A3 A2 B1 A1", d.names(t, "sort=age"))
		require.Equal(t, "B2 A3 B1 A4 A2 A1", d.names(t, "sort=-severity"))
		var p page[recon.Exception]
		for sort, want := range map[string]string{"": "A1 A2 A3 A4 B1 B2 ", "&sort=-amount": "B2 A3 A2 A4 A1 B1 "} {
			path, seen := "/v1/exceptions?limit=2&contextId="+d.contextID+sort, ""
			for cursor := ""; ; cursor = "&cursor=" + p.NextCursor {
				p = page[recon.Exception]{}
				d.Must("GET", path+cursor, nil, &p)
				for _, e := range p.Items {
					seen += e.ExternalID + " "
				}
				if p.NextCursor == "" {
					break
				}
			}
			require.Equal(t, want, seen)
		}
		path := "/v1/exceptions?limit=2&sort=-amount&contextId=" + d.contextID
		d.Must("GET", path, nil, &p)
		other := d.Call("GET", strings.Replace(path, "-amount", "age", 1)+"&cursor="+p.NextCursor, nil)
		require.Equal(t, "BAD_CURSOR", other.Problem().Code)
		require.Equal(t, 400, d.Call("GET", "/v1/exceptions?sort=age", nil).Status, "an order is of one context")
	})
	t.Run("and narrowed to what is asked", func(t *testing.T) {
		for query, want := range map[string]string{
			"severity=CRITICAL": "A3 B2", "assignee=bob": "A3", "unassigned=true": "A1 A2 B2", "side=RIGHT&sort=amount": "B1 B2",
			"currency=EUR&minAmount=50&maxAmount=5000.00": "A1 A2", "from=2026-01-06&to=2026-01-07": "A2 A3",
			"text=" + url.QueryEscape("bicycle"): "A1", "text=bea": "A2 A3", "text=inv-4": "A4", "text=" + url.QueryEscape("%"): "",
			"sourceId=" + d.right: "B1 B2", "status=RESOLVED": "", "dueBy=2026-01-31": "",
		} {
			require.Equal(t, want, d.names(t, query), query)
		}
		require.Equal(t, "AMOUNT_UNREADABLE", d.Call("GET", "/v1/exceptions?currency=EUR&minAmount=x", nil).Problem().Code)
	})
	t.Run("a summary counts and sums them by currency", func(t *testing.T) {
		var s recon.ExceptionSummary
		d.Must("GET", "/v1/contexts/"+d.contextID+"/exceptions/summary?status=UNRESOLVED", nil, &s)
		require.EqualValues(t, 6, s.Count)
		require.Equal(t, []recon.ExceptionTotal{
			{Currency: "EUR", Count: 4, Amount: "2005040.00"},
			{Currency: "JPY", Count: 1, Amount: "7000"},
			{Currency: "USD", Count: 1, Amount: "20000.00"},
		}, s.Currencies)
		require.Contains(t, s.Facets, recon.ExceptionFacet{
			Facet: "severity", Value: "HIGH", ExceptionTotal: recon.ExceptionTotal{Currency: "EUR", Count: 2, Amount: "4990.00"},
		})
		require.Contains(t, s.Facets, recon.ExceptionFacet{
			Facet: "source", Value: "bank", ExceptionTotal: recon.ExceptionTotal{Currency: "EUR", Count: 2, Amount: "1999990.00"},
		})
	})
	t.Run("a policy that cannot be is refused by pointer", func(t *testing.T) {
		for body, pointer := range map[string]string{
			`{"reportingCurrency":"XYZ"}`: "/reportingCurrency", `{"severity":["100","50","1000"]}`: "/severity/1",
			`{"dueDays":[1]}`: "/dueDays", `{"graceDays":{"RAIN":1}}`: "/graceDays/RAIN", `{"calendar":"nowhere"}`: "/calendar",
			`{"assignment":[{"when":"weather > 3","assignee":"x"}]}`: "/assignment/0/when",
			`{"limits":[{"reasons":["RAIN"]}]}`:                      "/limits/0/reasons/0", `{"party":"colour"}`: "/party",
		} {
			refused := d.Call("PUT", "/v1/contexts/"+d.contextID+"/exception-policy", body)
			require.Equal(t, 422, refused.Status, body)
			require.Equal(t, pointer, refused.Problem().Errors[0].Pointer, body)
		}
		require.Equal(t, 412, d.Call("PUT", "/v1/contexts/"+d.contextID+"/exception-policy", `{}`, "If-Match", `"7"`).Status)
	})
	t.Run("a clone has the same policy, and the calendar that it names stays", func(t *testing.T) {
		policy := func(contextID string) (p postgres.StoredPolicy) {
			d.Must("GET", "/v1/contexts/"+contextID+"/exception-policy", nil, &p)
			return p
		}
		var days postgres.StoredCalendar
		d.Must("POST", "/v1/calendars", `{"id":"days"}`, &days)
		var own, clone recon.Context
		d.Must("POST", "/v1/contexts", `{"name":"own"}`, &own)
		d.Must("PUT", "/v1/contexts/"+own.ID+"/exception-policy", `{"calendar":"days","dueDays":[4,3,2,1]}`, nil)
		require.Equal(t, "IN_USE", d.Call("DELETE", "/v1/calendars/"+days.ID, nil).Problem().Code)
		d.Must("POST", "/v1/contexts/"+own.ID+"/clone", `{"name":"clone"}`, &clone)
		require.Equal(t, policy(own.ID).ExceptionPolicy, policy(clone.ID).ExceptionPolicy)
		require.Equal(t, 1, policy(clone.ID).Version)
	})
	t.Run("another run keeps what people did, and the age", func(t *testing.T) {
		before := d.exception(t, "A1")
		d.do(t, d.Client, "A1", "assign", `{"assignee":"ann"}`)
		d.run(t)
		after := d.exception(t, "A1")
		require.Equal(t, "ann IN_PROGRESS", after.Assignee+" "+after.Status)
		require.Equal(t, before.OpenedAt, after.OpenedAt)
		require.Equal(t, before.Due, after.Due)
	})
}

func TestExceptions_Grace(t *testing.T) {
	t.Parallel()
	d := newOpenDesk(t, `{"graceDays":{"NO_CANDIDATE":366}}`)
	require.Empty(t, d.names(t, "limit=200"), "rows of this year are within their days of grace")
	d.Must("GET", "/v1/contexts/"+d.contextID+"/statement", nil, nil)
	d.Must("PUT", "/v1/contexts/"+d.contextID+"/exception-policy", `{}`, nil)
	d.run(t)
	require.Equal(t, "A1 A2 A3 A4 B1 B2", d.names(t, "limit=200"))
}

func TestExceptions_Commands(t *testing.T) {
	t.Parallel()
	d := newOpenDesk(t, `{"dueDays":[300,200,100,50]}`)
	analyst := d.api.AsSubject("ann", d.tenantID, auth.RoleAnalyst)
	soon := func(days int) string {
		return (recon.DayOf(d.exception(t, "A1").OpenedAt.UTC()) + recon.Day(days)).String()
	}
	t.Run("a comment is edited by its author, and what it was stays", func(t *testing.T) {
		var comment recon.ExceptionEvent
		path := "/v1/exceptions/" + d.exception(t, "A1").ID
		made := analyst.Must("POST", path+"/comments", `{"note":"asked the bank"}`, &comment)
		require.Equal(t, http.StatusCreated, made.Status)
		require.Equal(t, "NOT_YOURS", d.Call("PATCH", "/v1/comments/"+comment.ID, `{"note":"x"}`).Problem().Code)
		analyst.Must("PATCH", "/v1/comments/"+comment.ID, `{"note":"asked the bank twice"}`, &comment)
		require.Equal(t, "asked the bank twice", comment.Note)
		require.Equal(t, 1, comment.Edits)
		require.Equal(t, 1, d.exception(t, "A1").Comments)
		require.Len(t, items[recon.ExceptionEvent](t, d.Client, path+"/history"), 2, "the comment and its edit")
	})
	t.Run("snooze hides from the queue only, and never past the due day", func(t *testing.T) {
		require.Equal(t, http.StatusOK, d.do(t, analyst, "A2", "snooze", `{"until":"`+soon(20)+`"}`).Status)
		require.Equal(t, recon.ExceptionWaiting, d.exception(t, "A2").Status)
		require.NotContains(t, d.names(t, "queue=true"), "A2")
		require.Contains(t, d.names(t, "status=UNRESOLVED"), "A2")
		for _, until := range []string{soon(0), soon(400), soon(365)} {
			refused := d.do(t, analyst, "A2", "snooze", `{"until":"`+until+`"}`)
			require.Equal(t, 422, refused.Status, until)
			require.Equal(t, "/until", refused.Problem().Errors[0].Pointer)
		}
	})
	t.Run("many at once, by ids or by filter with the count that was seen", func(t *testing.T) {
		bulk := func(body string) testkit.Answer { return analyst.Call("POST", "/v1/exceptions/bulk", body) }
		filter := `"filter":{"contextId":"` + d.contextID + `","side":"LEFT","status":"UNRESOLVED"}`
		require.Equal(t, "COUNT_CHANGED", bulk(`{"action":"ASSIGN","assignee":"team",`+filter+`,"count":3}`).Problem().Code)
		require.Equal(t, 422, bulk(`{"action":"ASSIGN","assignee":"team",`+filter+`}`).Status, "a count is needed")
		var out struct {
			Done  int
			Items []recon.ExceptionOutcome
		}
		answer := bulk(`{"action":"ASSIGN","assignee":"team",` + filter + `,"count":4}`)
		require.NoError(t, json.Unmarshal(answer.Body, &out), "%s", answer.Body)
		require.Equal(t, 4, out.Done)
		require.Equal(t, "A1 A2 A3 A4", d.names(t, "assignee=team"))
		answer = bulk(`{"action":"UNASSIGN","exceptionIds":["` + d.exception(t, "A1").ID + `","` + d.contextID + `"]}`)
		require.NoError(t, json.Unmarshal(answer.Body, &out))
		require.Equal(t, 1, out.Done)
		require.Equal(t, recon.CodeNotFound, out.Items[1].Code)
		require.Equal(t, "OPEN", d.exception(t, "A1").Status)
		refused := bulk(`{"action":"REOPEN","note":"x","exceptionIds":["` + d.exception(t, "A1").ID + `"]}`)
		require.Equal(t, http.StatusForbidden, refused.Status, "an analyst reopens nothing")
	})
	t.Run("each is in the audit log", func(t *testing.T) {
		actions := map[string]bool{}
		for _, entry := range items[recon.AuditEntry](t, d.Client, "/v1/audit?limit=200") {
			actions[entry.Action] = true
		}
		for _, action := range []string{"comment", "edit", "snooze", "assign", "unassign"} {
			require.True(t, actions["exception."+action], action)
		}
	})
}
