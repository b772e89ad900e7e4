//go:build integration

package httpapi_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"matcher/internal/auth"
	"matcher/internal/recon"
	"matcher/internal/testkit"
)

// desk is a tenant whose context holds proposals: unkeyed rules only propose.
type desk struct {
	*testkit.Client
	api                    *testkit.APIServer
	tenantID               string
	contextID, left, right string
}

const proposing = `{"name":"same amount","type":"EXACT","priority":10,"keys":[],"amount":{"mode":"TOLERANCE","abs":"0.50"}}`

// newDesk has n pairs that only an unkeyed rule joins, the second and every further one 0.25 apart.
func newDesk(t *testing.T, n int, settings string) desk {
	t.Helper()
	api := testkit.Server(t)
	d := desk{api: api, tenantID: api.NewTenant("acme")}
	d.Client = api.As(d.tenantID, auth.RoleAdmin)
	d.contextID = d.NewContext("Cash")
	if settings != "" {
		d.Must("PATCH", "/v1/contexts/"+d.contextID, `{"settings":`+settings+`}`, nil)
	}
	d.left, d.right = d.NewSource(d.contextID, "ledger", recon.Left), d.NewSource(d.contextID, "bank", recon.Right)
	d.Must("POST", "/v1/contexts/"+d.contextID+"/rules", proposing, nil)
	var l, r strings.Builder
	l.WriteString("id,date,reference,amount,currency\n")
	r.WriteString("id,date,reference,amount,currency\n")
	for i := range n {
		fmt.Fprintf(&l, "L%d,2026-01-05,A%d,%d.00,EUR\n", i, i, 100*(i+1))
		cents := "00"
		if i > 0 {
			cents = "25"
		}
		fmt.Fprintf(&r, "B%d,2026-01-05,Z%d,%d.%s,EUR\n", i, i, 100*(i+1), cents)
	}
	if n > 0 {
		d.Upload(d.left, "l.csv", l.String())
		d.Upload(d.right, "r.csv", r.String())
		d.run(t)
	}
	t.Cleanup(func() { d.requireSound(t) })
	return d
}

func (d desk) run(t *testing.T) recon.Run {
	t.Helper()
	run := d.Run(d.contextID)
	require.Equal(t, recon.RunCompleted, run.Status, run.ErrorMessage)
	return run
}

func (d desk) requireSound(t *testing.T) {
	t.Helper()
	ctx := context.WithoutCancel(t.Context())
	conn, err := pgx.Connect(ctx, d.api.OwnerDSN)
	require.NoError(t, err)
	defer conn.Close(ctx)
	require.Empty(t, testkit.Violations(t, conn, d.tenantID))
}

func (d desk) groups(t *testing.T, status string) []recon.StoredGroup {
	t.Helper()
	return items[recon.StoredGroup](t, d.Client, "/v1/contexts/"+d.contextID+"/groups?limit=200&status="+status)
}

func (d desk) open(t *testing.T) []recon.Exception {
	t.Helper()
	return items[recon.Exception](t, d.Client, "/v1/exceptions?status=UNRESOLVED&limit=200&contextId="+d.contextID)
}

func (d desk) row(t *testing.T, externalID string) recon.StoredTransaction {
	t.Helper()
	return first[recon.StoredTransaction](t, d.Client, "/v1/contexts/"+d.contextID+"/transactions?externalId="+externalID)
}

func (d desk) subject(t *testing.T) string {
	t.Helper()
	var me struct{ Subject string }
	d.Must("GET", "/v1/me", nil, &me)
	return me.Subject
}

func (d desk) events(t *testing.T, key string) (found []recon.Event) {
	t.Helper()
	for _, e := range items[recon.Event](t, d.Client, "/v1/events?limit=200") {
		if e.Key == key {
			found = append(found, e)
		}
	}
	return found
}

func TestReview(t *testing.T) {
	t.Parallel()
	d := newDesk(t, 4, "")
	proposed := d.groups(t, "PROPOSED")
	require.Len(t, proposed, 4)
	equal, differing := proposed[0], proposed[1]
	require.Equal(t, "-0.25", differing.Difference)

	t.Run("a confirmed group closes what was open and tells everybody once", func(t *testing.T) {
		var g recon.StoredGroup
		answer := d.Must("POST", "/v1/groups/"+equal.ID+"/confirm", `{"note":"seen the receipt"}`, &g, "If-Match", `"1"`)
		require.Equal(t, `"2"`, answer.Header.Get("ETag"))
		require.Equal(t, recon.GroupConfirmed, g.Status)
		require.Len(t, d.events(t, "matching.match_confirmed"), 1)
		require.Equal(t, recon.StateConfirmed, d.row(t, "L0").State)
		again := d.Call("POST", "/v1/groups/"+equal.ID+"/confirm", `{}`)
		require.Equal(t, http.StatusConflict, again.Status)
		require.Equal(t, "GROUP_STATUS", again.Problem().Code)
		late := d.api.AsSubject("late", d.tenantID, auth.RoleApprover).Call("POST", "/v1/groups/"+equal.ID+"/reject", `{"reason":"no"}`)
		require.Contains(t, late.Problem().Detail, "the group is CONFIRMED, by "+d.subject(t)+": only a group that is PROPOSED")
	})
	t.Run("a list takes what a bulk decision is narrowed by", func(t *testing.T) {
		path := "/v1/contexts/" + d.contextID + "/groups?status=PROPOSED"
		require.Len(t, items[recon.StoredGroup](t, d.Client, path+"&currency=EUR&minScore=1"), 3)
		require.Empty(t, items[recon.StoredGroup](t, d.Client, path+"&currency=USD"))
		require.Empty(t, items[recon.StoredGroup](t, d.Client, path+"&minScore=100"))
	})
	t.Run("a difference needs a reason, and becomes an adjustment", func(t *testing.T) {
		path := "/v1/groups/" + differing.ID
		refused := d.Call("POST", path+"/confirm", `{}`)
		require.Equal(t, http.StatusUnprocessableEntity, refused.Status)
		require.Equal(t, "/adjustmentReason", refused.Problem().Errors[0].Pointer)
		require.Contains(t, refused.Problem().Detail, "-0.25 EUR")
		var g recon.StoredGroup
		d.Must("POST", path+"/confirm", `{"adjustmentReason":"FEE"}`, &g)
		require.Equal(t, recon.AdjustmentFee, g.DifferenceReason)
		made := items[recon.Adjustment](t, d.Client, path+"/adjustments")
		require.Len(t, made, 1)
		require.Equal(t, "-0.25", made[0].Amount)
		require.Len(t, d.events(t, "adjustment.created"), 1)
	})
	t.Run("a retry with the same key does nothing twice", func(t *testing.T) {
		path := "/v1/groups/" + differing.ID + "/comments"
		one := d.Must("POST", path, `{"note":"looked at it"}`, nil, "Idempotency-Key", "k1")
		two := d.Must("POST", path, `{"note":"looked at it"}`, nil, "Idempotency-Key", "k1")
		require.Equal(t, "true", two.Header.Get("Idempotency-Replayed"))
		require.Equal(t, one.Header.Get("ETag"), two.Header.Get("ETag"))
		history := items[recon.GroupDecision](t, d.Client, "/v1/groups/"+differing.ID+"/history")
		require.Len(t, history, 2)
		require.Equal(t, "looked at it", history[1].Note)
	})
	t.Run("a rejected group leaves its rows open at once, and never comes back", func(t *testing.T) {
		require.Empty(t, d.open(t))
		rejected := proposed[2]
		d.Must("POST", "/v1/groups/"+rejected.ID+"/reject", `{"reason":"another customer"}`, nil)
		open := d.open(t)
		require.Len(t, open, 2)
		require.Equal(t, recon.ReasonRejected, open[0].Reason)
		require.Len(t, d.events(t, "exception.opened"), 1)
		require.Equal(t, recon.StateOpen, d.row(t, "L2").State)
	})
	t.Run("a proposal that somebody commented on stays over the next run", func(t *testing.T) {
		kept := proposed[3]
		d.Must("POST", "/v1/groups/"+kept.ID+"/comments", `{"note":"asked the bank"}`, nil)
		d.run(t)
		var g recon.StoredGroup
		d.Must("GET", "/v1/groups/"+kept.ID, nil, &g)
		require.Equal(t, recon.GroupProposed, g.Status)
		require.Equal(t, recon.StateOpen, d.row(t, "L2").State, "what was rejected before is not offered again")
		require.Equal(t, http.StatusPreconditionFailed,
			d.Call("POST", "/v1/groups/"+kept.ID+"/confirm", `{"adjustmentReason":"FEE"}`, "If-Match", `"1"`).Status)
	})
	t.Run("an unmatched group is open again, its unposted adjustment owed no more", func(t *testing.T) {
		path := "/v1/groups/" + differing.ID
		d.Must("POST", path+"/unmatch", `{"reason":"wrong month"}`, nil)
		require.Equal(t, recon.Reversed, items[recon.Adjustment](t, d.Client, path+"/adjustments")[0].PostingStatus)
		require.Equal(t, recon.StateOpen, d.row(t, "B1").State)
		require.Equal(t, recon.ReasonUnmatched, first[recon.Exception](t, d.Client, "/v1/exceptions?status=UNRESOLVED&reason=UNMATCHED").Reason)
		require.Len(t, d.events(t, "matching.match_unmatched"), 1)
		require.Equal(t, http.StatusConflict, d.Call("POST", path+"/reject", `{"reason":"x"}`).Status)
		require.Len(t, items[recon.GroupDecision](t, d.Client, path+"/history"), 3)
	})
	t.Run("every decision is one audit entry", func(t *testing.T) {
		counts := map[string]int{}
		for _, e := range items[recon.AuditEntry](t, d.Client, "/v1/audit?limit=200") {
			counts[e.Action]++
		}
		require.Equal(t, []int{2, 1, 1, 2}, []int{counts["group.confirm"], counts["group.reject"], counts["group.unmatch"], counts["group.comment"]})
	})
}

func TestReview_TwoPeopleAtOnce(t *testing.T) {
	t.Parallel()
	d := newDesk(t, 6, "")
	for _, g := range d.groups(t, "PROPOSED") {
		answers := make([]testkit.Answer, 4)
		var wait sync.WaitGroup
		for i := range answers {
			wait.Go(func() {
				if i%2 == 0 {
					answers[i] = d.Call("POST", "/v1/groups/"+g.ID+"/confirm", `{"adjustmentReason":"FEE"}`)
				} else {
					answers[i] = d.Call("POST", "/v1/groups/"+g.ID+"/reject", `{"reason":"no"}`)
				}
			})
		}
		wait.Wait()
		won := 0
		for _, a := range answers {
			if a.Status == http.StatusOK {
				won++
				continue
			}
			require.Equal(t, http.StatusConflict, a.Status, "%s", a.Body)
		}
		require.Equal(t, 1, won)
		require.Len(t, items[recon.GroupDecision](t, d.Client, "/v1/groups/"+g.ID+"/history"), 1)
	}
}

func TestReview_ManyAtOnce(t *testing.T) {
	t.Parallel()
	d := newDesk(t, 5, "")
	proposed := d.groups(t, "PROPOSED")
	ids := func(groups []recon.StoredGroup) string {
		list := []string{}
		for _, g := range groups {
			list = append(list, g.ID)
		}
		text, _ := json.Marshal(list)
		return string(text)
	}
	d.Must("POST", "/v1/groups/"+proposed[0].ID+"/reject", `{"reason":"no"}`, nil)
	var out struct {
		Done  int
		Items []recon.GroupOutcome
	}
	d.Must("POST", "/v1/groups/bulk", `{"action":"CONFIRM","adjustmentReason":"ROUNDING","groupIds":`+ids(proposed)+`}`, &out)
	require.Equal(t, 4, out.Done)
	require.Equal(t, "GROUP_STATUS", out.Items[0].Code)
	require.Equal(t, recon.GroupRejected, out.Items[0].Status)
	require.Equal(t, recon.GroupConfirmed, out.Items[4].Status)
	require.Len(t, d.groups(t, "CONFIRMED"), 4)
	require.Len(t, items[recon.Adjustment](t, d.Client, "/v1/contexts/"+d.contextID+"/adjustments"), 4)
	require.Len(t, d.events(t, "matching.match_confirmed"), 1, "one message carries them all")

	t.Run("an unknown id has an outcome of its own, and the others keep theirs", func(t *testing.T) {
		const unknown = "6b1b1f36-5a3e-8a5f-9c3e-000000000001"
		for _, id := range []string{unknown, "no id at all"} {
			d.Must("POST", "/v1/groups/bulk", `{"action":"REJECT","note":"x","groupIds":["`+id+`","`+proposed[1].ID+`"]}`, &out)
			require.Equal(t, []string{recon.CodeNotFound, recon.CodeGroupStatus}, []string{out.Items[0].Code, out.Items[1].Code})
			require.Equal(t, id, out.Items[0].GroupID)
		}
	})
	t.Run("an id that is named twice changes nothing", func(t *testing.T) {
		for body, status := range map[string]int{
			`{"action":"UNMATCH","note":"x","groupIds":["` + proposed[1].ID + `","` + proposed[1].ID + `"]}`: 422,
			`{"action":"UNMATCH","groupIds":["` + proposed[1].ID + `"]}`:                                     422,
		} {
			require.Equal(t, status, d.Call("POST", "/v1/groups/bulk", body).Status, body)
		}
		require.Len(t, d.groups(t, "CONFIRMED"), 4)
	})
	t.Run("what was taken apart can be taken apart once", func(t *testing.T) {
		d.Must("POST", "/v1/groups/bulk", `{"action":"UNMATCH","note":"closing was reopened","groupIds":`+ids(proposed)+`}`, &out)
		require.Equal(t, 4, out.Done)
		require.Len(t, d.open(t), 10)
	})
}

func TestReview_FourEyes(t *testing.T) {
	t.Parallel()
	d := newDesk(t, 2, `{"fourEyes":true}`)
	for _, g := range d.groups(t, "PROPOSED") {
		d.Must("POST", "/v1/groups/"+g.ID+"/reject", `{"reason":"by hand then"}`, nil)
	}
	body := `{"leftIds":["` + d.row(t, "L0").ID + `"],"rightIds":["` + d.row(t, "B0").ID + `"]}`
	var g recon.StoredGroup
	d.Must("POST", "/v1/contexts/"+d.contextID+"/groups", body, &g)
	require.Equal(t, recon.GroupProposed, g.Status)
	require.Equal(t, recon.HeldByReview, g.HeldBy)
	refused := d.Call("POST", "/v1/groups/"+g.ID+"/confirm", `{}`)
	require.Equal(t, http.StatusForbidden, refused.Status)
	require.Equal(t, "FOUR_EYES", refused.Problem().Code)
	other := d.api.AsSubject("somebody else", d.tenantID, auth.RoleApprover)
	other.Must("POST", "/v1/groups/"+g.ID+"/confirm", `{}`, &g)
	require.Equal(t, recon.GroupConfirmed, g.Status)

	t.Run("who adjusted a group does not confirm it either", func(t *testing.T) {
		body := `{"leftIds":["` + d.row(t, "L1").ID + `"],"rightIds":["` + d.row(t, "B1").ID + `"],"adjustmentReason":"FEE"}`
		var g recon.StoredGroup
		other.Must("POST", "/v1/contexts/"+d.contextID+"/groups", body, &g)
		d.Must("POST", "/v1/groups/"+g.ID+"/adjustments", `{"reason":"DISCOUNT"}`, nil)
		require.Equal(t, "FOUR_EYES", d.Call("POST", "/v1/groups/"+g.ID+"/confirm", `{}`).Problem().Code)
		require.Equal(t, "FOUR_EYES", other.Call("POST", "/v1/groups/"+g.ID+"/confirm", `{}`).Problem().Code)
		d.api.AsSubject("a third", d.tenantID, auth.RoleApprover).Must("POST", "/v1/groups/"+g.ID+"/confirm", `{}`, nil)
	})
}

func TestMatchByHand(t *testing.T) {
	t.Parallel()
	d := newDesk(t, 0, "")
	d.Upload(d.left, "more.csv", "id,date,amount,currency\nP1,2026-01-05,60.00,EUR\nP2,2026-01-05,40.00,EUR\nP3,2026-01-05,-60.00,EUR\nP4,2026-01-05,60.00,EUR\nP5,2026-01-05,7.00,USD\n")
	d.Upload(d.right, "more.csv", "id,date,amount,currency\nQ1,2026-01-05,99.50,EUR\nQ2,2026-01-05,7.00,EUR\n")
	d.run(t)
	path := "/v1/contexts/" + d.contextID + "/groups"
	rows := func(left, right []string, more string) string {
		list := func(names []string) string {
			out := []string{}
			for _, name := range names {
				out = append(out, d.row(t, name).ID)
			}
			text, _ := json.Marshal(out)
			return string(text)
		}
		return `{"leftIds":` + list(left) + `,"rightIds":` + list(right) + more + `}`
	}
	t.Run("what does not balance is refused with the difference", func(t *testing.T) {
		refused := d.Call("POST", path, rows([]string{"P1", "P2"}, []string{"Q1"}, ""))
		require.Equal(t, http.StatusUnprocessableEntity, refused.Status, "%s", refused.Body)
		require.Equal(t, "ADJUSTMENT_REASON_MISSING", refused.Problem().Code)
		require.Contains(t, refused.Problem().Detail, "0.50 EUR")
	})
	t.Run("rows of two currencies, of the wrong side or one alone are no group", func(t *testing.T) {
		for body, pointer := range map[string]string{
			rows([]string{"P1"}, []string{"P2"}, ""):                            "/rightIds/0",
			rows([]string{"P5"}, []string{"Q2"}, ""):                            "/rightIds/0",
			rows([]string{"P1", "P1"}, []string{}, ""):                          "/leftIds/1",
			rows([]string{"P1"}, []string{}, ""):                                "/leftIds",
			`{"leftIds":["` + d.contextID + `"],"rightIds":["` + d.left + `"]}`: "/leftIds/0",
		} {
			refused := d.Call("POST", path, body)
			require.Equal(t, http.StatusUnprocessableEntity, refused.Status, "%s", refused.Body)
			require.Equal(t, pointer, refused.Problem().Errors[0].Pointer, "%s", refused.Body)
		}
	})
	t.Run("a difference with a reason is an adjustment", func(t *testing.T) {
		var g recon.StoredGroup
		made := d.Must("POST", path, rows([]string{"P1", "P2"}, []string{"Q1"}, `,"adjustmentReason":"FEE","note":"bank fee"`), &g)
		require.Equal(t, http.StatusCreated, made.Status)
		require.Equal(t, "/v1/groups/"+g.ID, made.Header.Get("Location"))
		require.Equal(t, recon.GroupConfirmed, g.Status)
		require.Equal(t, "manual", g.RuleName)
		require.Equal(t, "bank fee", items[recon.GroupDecision](t, d.Client, "/v1/groups/"+g.ID+"/history")[0].Note)
		require.Equal(t, "0.50", first[recon.Adjustment](t, d.Client, "/v1/groups/"+g.ID+"/adjustments").Amount)
	})
	t.Run("a row that is taken is not taken again", func(t *testing.T) {
		refused := d.Call("POST", path, rows([]string{"P1", "P3"}, []string{}, ""))
		require.Equal(t, http.StatusConflict, refused.Status)
		require.Equal(t, "/leftIds/0", refused.Problem().Errors[0].Pointer)
	})
	t.Run("a reversal inside one side balances by itself", func(t *testing.T) {
		var g recon.StoredGroup
		d.Must("POST", path, rows([]string{"P3", "P4"}, []string{}, ""), &g)
		require.Equal(t, 0, g.RightCount)
		require.Equal(t, "0.00", g.Difference)
	})
	t.Run("an analyst proposes, and an approver decides", func(t *testing.T) {
		analyst := d.api.As(d.tenantID, auth.RoleAnalyst)
		d.Upload(d.right, "usd.csv", "id,date,amount,currency\nQ5,2026-01-20,7.00,USD\n")
		body := rows([]string{"P5"}, []string{"Q5"}, "")
		require.Equal(t, http.StatusForbidden, analyst.Call("POST", path, strings.Replace(body, `{`, `{"status":"CONFIRMED",`, 1)).Status)
		var g recon.StoredGroup
		analyst.Must("POST", path, body, &g)
		require.Equal(t, recon.GroupProposed, g.Status)
		require.Equal(t, http.StatusForbidden, analyst.Call("POST", "/v1/groups/"+g.ID+"/confirm", `{}`).Status)
		d.run(t)
		d.Must("POST", "/v1/groups/"+g.ID+"/confirm", `{}`, &g)
		require.Equal(t, recon.GroupConfirmed, g.Status)
	})
	t.Run("the statement still ties", func(t *testing.T) {
		d.Must("GET", "/v1/contexts/"+d.contextID+"/statement", nil, nil)
	})
}

func TestReview_BulkByFilter(t *testing.T) {
	t.Parallel()
	d := newDesk(t, 5, "")
	conn, err := pgx.Connect(t.Context(), d.api.OwnerDSN)
	require.NoError(t, err)
	defer conn.Close(t.Context())
	_, err = conn.Exec(t.Context(), `UPDATE "`+d.tenantID+`".match_groups SET held_by = 'DUPLICATE' WHERE left_amount = 50000`)
	require.NoError(t, err)
	bulk := func(rest string) testkit.Answer {
		return d.Call("POST", "/v1/groups/bulk", `{"action":"CONFIRM","adjustmentReason":"ROUNDING","filter":{"contextId":"`+d.contextID+`"`+rest)
	}
	changed := bulk(`},"count":4}`)
	require.Equal(t, "COUNT_CHANGED", changed.Problem().Code)
	require.Contains(t, changed.Problem().Detail, "5 groups, not the 4")
	require.Equal(t, "/count", bulk(`}}`).Problem().Errors[0].Pointer)
	require.Equal(t, "COUNT_CHANGED", bulk(`,"currency":"USD"},"count":5}`).Problem().Code)
	var out struct {
		Done  int
		Items []recon.GroupOutcome
	}
	require.NoError(t, json.Unmarshal(bulk(`},"count":5}`).Body, &out))
	require.Equal(t, 4, out.Done)
	var held []string
	for _, o := range out.Items {
		if o.Code != "" {
			held = append(held, o.Code+" "+o.Status.String())
		}
	}
	require.Equal(t, []string{"GROUP_HELD PROPOSED"}, held)
	d.Must("POST", "/v1/groups/"+d.groups(t, "PROPOSED")[0].ID+"/confirm", `{"adjustmentReason":"ROUNDING"}`, nil)
}
