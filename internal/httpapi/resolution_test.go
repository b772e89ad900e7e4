//go:build integration

package httpapi_test

import (
	"fmt"
	"net/http"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/auth"
	"matcher/internal/recon"
	"matcher/internal/testkit"
)

// bridge is the statement's amounts of a reason, as left + items = right has them.
func (d desk) bridge(t *testing.T, currency, label, reason string) string {
	t.Helper()
	var s recon.Statement
	d.Must("GET", "/v1/contexts/"+d.contextID+"/statement", nil, &s)
	for _, c := range s.Currencies {
		for _, item := range c.Items {
			if c.Currency == currency && item.Label == label && item.Reason == reason {
				return item.Amount
			}
		}
	}
	return ""
}

func TestResolutions_EachLeavesATrace(t *testing.T) {
	t.Parallel()
	d := newOpenDesk(t, `{"reportingCurrency":"EUR"}`)
	d.Upload(d.left, "more.csv", "id,date,reference,amount,currency,description,customer\n"+
		"A5,2026-01-10,INV-5,12.00,EUR,Typing mistake,\nA6,2026-01-10,INV-6,-12.00,EUR,Its reversal,\nA7,2026-01-10,INV-7,8.00,EUR,Match me,\n")
	d.Upload(d.right, "more.csv", "id,date,reference,amount,currency\nB7,2026-01-12,Q-7,8.90,EUR\nB8,2026-01-12,Q-8,3.00,EUR\nB9,2026-01-12,Q-9,4.00,EUR\n")
	d.run(t)
	resolve := func(id, body string) recon.Exception {
		t.Helper()
		answer := d.do(t, d.Client, id, "resolve", body)
		require.Equal(t, http.StatusOK, answer.Status, "%s", answer.Body)
		return d.exception(t, id)
	}
	t.Run("MATCHED is a group, with a reason where it differs", func(t *testing.T) {
		other := d.row(t, "B7").ID
		refused := d.do(t, d.Client, "A7", "resolve", `{"outcome":"MATCHED","note":"x","with":["`+other+`"]}`)
		require.Equal(t, "ADJUSTMENT_REASON_MISSING", refused.Problem().Code)
		e := resolve("A7", `{"outcome":"MATCHED","note":"seen","with":["`+other+`"],"adjustmentReason":"FEE"}`)
		require.Equal(t, "RESOLVED MATCHED", e.Status+" "+e.Resolution)
		require.Equal(t, e.GroupID, d.exception(t, "B7").GroupID)
		require.Equal(t, "0.90", d.bridge(t, "EUR", "difference of matched groups", "FEE"))
	})
	t.Run("BOOKED, SUSPENSE and UNAPPLIED stand in the statement until their row is matched", func(t *testing.T) {
		for id, body := range map[string]string{
			"B8": `{"outcome":"BOOKED","account":"7010","note":"interest"}`, "B9": `{"outcome":"SUSPENSE","account":"9990","note":"?"}`,
			"A2": `{"outcome":"UNAPPLIED","party":"bea","note":"no claim"}`,
		} {
			resolve(id, body)
		}
		d.run(t)
		require.Equal(t, "RESOLVED SUSPENSE", d.exception(t, "B9").Status+" "+d.exception(t, "B9").Resolution, "a run leaves it")
		require.Equal(t, "3.00", d.bridge(t, "EUR", "in right only", "BOOKED"))
		require.Equal(t, "4.00", d.bridge(t, "EUR", "in right only", "SUSPENSE"))
		require.Equal(t, "-5000.00", d.bridge(t, "EUR", "in left only", "UNAPPLIED"))
		suspense := items[recon.StoredResolution](t, d.Client, "/v1/contexts/"+d.contextID+"/resolutions?outcome=SUSPENSE&status=STANDING")
		require.Len(t, suspense, 1)
		require.Equal(t, "4.00 2026-01-12", suspense[0].Amount+" "+suspense[0].Date.String(), "it ages from its own date")
		d.Upload(d.left, "booked.csv", "id,date,reference,amount,currency\nJ1,2026-01-12,Q-8,3.00,EUR\n")
		d.run(t)
		booked := d.exception(t, "B8")
		require.Equal(t, recon.StateProposed, d.row(t, "B8").State)
		require.Equal(t, "BOOKED", booked.Resolution, "a proposal ends nothing")
		d.Must("POST", "/v1/groups/"+booked.GroupID+"/confirm", `{}`, nil)
		require.Equal(t, "MATCHED", d.exception(t, "B8").Resolution)
		require.Len(t, items[recon.StoredResolution](t, d.Client, "/v1/contexts/"+d.contextID+"/resolutions?outcome=BOOKED&status=ENDED"), 1)
	})
	t.Run("WRITTEN_OFF is an adjustment of the whole amount", func(t *testing.T) {
		e := resolve("B1", `{"outcome":"WRITTEN_OFF","account":"6300","note":"too small"}`)
		require.Equal(t, "RESOLVED WRITTEN_OFF", e.Status+" "+e.Resolution)
		require.Equal(t, "-10.00", d.bridge(t, "EUR", "difference of matched groups", "WRITE_OFF"))
		require.Equal(t, "10.00", first[recon.Adjustment](t, d.Client, "/v1/groups/"+e.GroupID+"/adjustments").Amount)
	})
	t.Run("CORRECTED is taken back by rows of its own side", func(t *testing.T) {
		refused := d.do(t, d.Client, "A5", "resolve", `{"outcome":"CORRECTED","note":"x","with":["`+d.row(t, "A4").ID+`"]}`)
		require.Equal(t, 422, refused.Status, "%s", refused.Body)
		e := resolve("A5", `{"outcome":"CORRECTED","note":"reversed","with":["`+d.row(t, "A6").ID+`"]}`)
		require.Equal(t, "CORRECTED", e.Resolution)
		require.Equal(t, e.GroupID, d.exception(t, "A6").GroupID)
	})
	t.Run("IGNORED has a reason and the day on which it is looked at again", func(t *testing.T) {
		require.Equal(t, "/reviewOn", d.do(t, d.Client, "A1", "resolve", `{"outcome":"IGNORED","note":"x"}`).Problem().Errors[0].Pointer)
		resolve("A1", `{"outcome":"IGNORED","note":"test payment","reviewOn":"2026-03-31"}`)
		require.Equal(t, "-50.00", d.bridge(t, "EUR", "ignored", "IGNORED"))
		list := "/v1/contexts/" + d.contextID + "/resolutions?outcome=IGNORED&reviewBy="
		require.Len(t, items[recon.StoredResolution](t, d.Client, list+"2026-03-31"), 1)
		require.Empty(t, items[recon.StoredResolution](t, d.Client, list+"2026-03-30"))
	})
	t.Run("reopening takes each trace back", func(t *testing.T) {
		for _, id := range []string{"A7", "B9", "A2", "B1", "A5", "A1"} {
			answer := d.do(t, d.Client, id, "reopen", `{"note":"thought again"}`)
			require.Equal(t, http.StatusOK, answer.Status, "%s: %s", id, answer.Body)
			require.Equal(t, "REOPENED ", d.exception(t, id).Status+" "+d.exception(t, id).Resolution, id)
			require.Equal(t, "EXCEPTION_STATUS", d.do(t, d.Client, id, "reopen", `{"note":"x"}`).Problem().Code)
		}
		require.Empty(t, d.bridge(t, "EUR", "difference of matched groups", "WRITE_OFF"))
		require.Empty(t, items[recon.StoredResolution](t, d.Client, "/v1/contexts/"+d.contextID+"/resolutions?status=STANDING"))
	})
	t.Run("of two people at once one resolves it", func(t *testing.T) {
		path := "/v1/exceptions/" + d.exception(t, "B2").ID + "/resolve"
		var group sync.WaitGroup
		statuses := make([]int, 4)
		for i := range statuses {
			group.Go(func() {
				statuses[i] = d.Call("POST", path, fmt.Sprintf(`{"outcome":"SUSPENSE","account":"999%d","note":"x"}`, i)).Status
			})
		}
		group.Wait()
		require.ElementsMatch(t, []int{200, 409, 409, 409}, statuses)
	})
}

func TestResolutions_Transfer(t *testing.T) {
	t.Parallel()
	d := newOpenDesk(t, `{}`)
	to := desk{Client: d.Client, api: d.api, tenantID: d.tenantID, contextID: d.NewContext("Other")}
	to.left = to.NewSource(to.contextID, "claims", recon.Left)
	to.Upload(to.left, "c.csv", "id,date,reference,amount,currency\nC1,2026-01-09,K1,2000000.00,EUR\nC2,2026-01-09,K2,5.00,EUR\n")
	to.Upload(to.NewSource(to.contextID, "bank", recon.Right), "b.csv", "id,date,reference,amount,currency\nC9,2026-02-20,K9,9.00,EUR\n")
	to.Upload(to.left, "late.csv", "id,date,reference,amount,currency\nC8,2026-02-20,K8,8.00,EUR\n")
	to.Run(to.contextID)
	ann, bob := d.api.AsSubject("ann", d.tenantID, auth.RoleApprover), d.api.AsSubject("bob", d.tenantID, auth.RoleApprover)
	ask := func(target string) testkit.Answer {
		return d.do(t, ann, "B2", "resolve", `{"outcome":"TRANSFERRED","note":"theirs","targetId":"`+target+`"}`)
	}
	t.Run("only to an open row of another context that makes both nothing", func(t *testing.T) {
		for _, target := range []string{to.exception(t, "C2").ID, d.exception(t, "A1").ID, d.contextID} {
			refused := ask(target)
			require.Equal(t, "RESOLUTION_ROW", refused.Problem().Code, "%s", refused.Body)
		}
	})
	t.Run("the other side may refuse", func(t *testing.T) {
		require.Equal(t, 200, ask(to.exception(t, "C1").ID).Status)
		require.Equal(t, recon.ExceptionWaiting, to.exception(t, "C1").Status)
		bob.Must("POST", "/v1/resolutions/"+to.exception(t, "C1").ResolutionID+"/refuse", `{"note":"not ours"}`, nil)
		require.Equal(t, "OPEN OPEN", d.exception(t, "B2").Status+" "+to.exception(t, "C1").Status)
	})
	t.Run("or accept: both end, linked, and their adjustments add up to nothing", func(t *testing.T) {
		require.Equal(t, 200, ask(to.exception(t, "C1").ID).Status)
		own, other := d.exception(t, "B2").ResolutionID, to.exception(t, "C1").ResolutionID
		require.Equal(t, "RESOLUTION_STATUS", bob.Call("POST", "/v1/resolutions/"+own+"/approve", `{}`).Problem().Code)
		require.Equal(t, "FOUR_EYES", ann.Call("POST", "/v1/resolutions/"+other+"/approve", `{}`).Problem().Code)
		var r recon.StoredResolution
		bob.Must("POST", "/v1/resolutions/"+other+"/approve", `{}`, &r)
		require.Equal(t, own, r.PeerID)
		require.Equal(t, "TRANSFERRED TRANSFERRED", d.exception(t, "B2").Resolution+" "+to.exception(t, "C1").Resolution)
		require.Equal(t, "2000000.00", d.bridge(t, "EUR", "difference of matched groups", "TRANSFER"))
		require.Equal(t, "-2000000.00", to.bridge(t, "EUR", "difference of matched groups", "TRANSFER"))
	})
	t.Run("its reason cannot be given by hand", func(t *testing.T) {
		refused := d.Call("POST", "/v1/groups/"+d.exception(t, "B2").GroupID+"/adjustments", `{"reason":"TRANSFER"}`)
		require.NotEqual(t, 201, refused.Status)
		refused = d.Call("POST", "/v1/contexts/"+d.contextID+"/groups", `{"leftIds":["`+d.row(t, "A1").ID+`","`+d.row(t, "A2").ID+
			`"],"rightIds":[],"adjustmentReason":"TRANSFER"}`)
		require.Equal(t, "/adjustmentReason", refused.Problem().Errors[0].Pointer)
	})
	t.Run("reopening one side reopens the other", func(t *testing.T) {
		require.Equal(t, 200, d.do(t, ann, "B2", "reopen", `{"note":"wrong"}`).Status)
		require.Equal(t, "REOPENED REOPENED", d.exception(t, "B2").Status+" "+to.exception(t, "C1").Status)
	})
}
