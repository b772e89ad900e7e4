//go:build integration

package httpapi_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/auth"
	"matcher/internal/recon"
)

func TestLimits_TwoPeople(t *testing.T) {
	t.Parallel()
	d := newOpenDesk(t, `{"party":"metadata.customer","limits":[
		{"reasons":["WRITE_OFF"],"roles":["approver"],"max":{"EUR":"100.00"},"twoPeopleAbove":{"EUR":"40.00"}},
		{"reasons":["IGNORED"],"perMonth":{"EUR":"60.00"}}]}`)
	d.Upload(d.left, "parts.csv", "id,date,reference,amount,currency,customer\n"+
		"P1,2026-01-10,Z1,35.00,EUR,ann\nP2,2026-01-10,Z2,35.00,EUR,ann\nP3,2026-01-10,Z3,35.00,EUR,ann\nP4,2026-01-10,Z4,36.00,EUR,carl\n")
	d.run(t)
	ann, bob := d.api.AsSubject("ann", d.tenantID, auth.RoleApprover), d.api.AsSubject("bob", d.tenantID, auth.RoleApprover)
	analyst := d.api.AsSubject("cid", d.tenantID, auth.RoleAnalyst)
	writeOff := `{"outcome":"WRITTEN_OFF","note":"gone"}`
	pending := func(externalID string) string {
		e := d.exception(t, externalID)
		require.Equal(t, recon.ExceptionWaiting, e.Status)
		return "/v1/resolutions/" + e.ResolutionID
	}
	t.Run("a third part of an amount does not pass below the line", func(t *testing.T) {
		require.Equal(t, 200, d.do(t, ann, "P1", "resolve", writeOff).Status)
		require.Equal(t, recon.ExceptionResolved, d.exception(t, "P1").Status)
		require.Equal(t, 200, d.do(t, ann, "P2", "resolve", writeOff).Status, "proposed, since two parts are above the line")
		require.Equal(t, "FOUR_EYES", ann.Call("POST", pending("P2")+"/approve", `{}`).Problem().Code)
		require.Equal(t, "RESOLUTION_STATUS", d.do(t, bob, "P2", "resolve", writeOff).Problem().Code)
		bob.Must("POST", pending("P2")+"/approve", `{}`, nil)
		require.Equal(t, "WRITTEN_OFF", d.exception(t, "P2").Resolution)
		refused := d.do(t, ann, "P3", "resolve", writeOff)
		require.Equal(t, "LIMIT_EXCEEDED", refused.Problem().Code)
		require.Contains(t, refused.Problem().Detail, "70.00 are decided already")
		require.Equal(t, 200, d.do(t, ann, "P4", "resolve", writeOff).Status, "another party has a limit of its own")
	})
	t.Run("no role, no limit", func(t *testing.T) {
		require.Equal(t, 200, d.do(t, analyst, "P3", "resolve", writeOff).Status, "an analyst proposes")
		require.Equal(t, http.StatusForbidden, analyst.Call("POST", pending("P3")+"/approve", `{}`).Status)
		require.Equal(t, "LIMIT_EXCEEDED", ann.Call("POST", pending("P3")+"/approve", `{}`).Problem().Code)
		ann.Must("POST", pending("P3")+"/refuse", `{"note":"too much"}`, nil)
		require.Equal(t, recon.ExceptionOpen, d.exception(t, "P3").Status)
	})
	t.Run("what was taken back counts no more, and a run brings nothing back", func(t *testing.T) {
		require.Equal(t, 200, d.do(t, ann, "P2", "reopen", `{"note":"paid after all"}`).Status)
		d.run(t)
		require.Equal(t, 200, d.do(t, ann, "P3", "resolve", writeOff).Status)
		bob.Must("POST", pending("P3")+"/approve", `{}`, nil)
	})
	t.Run("a month's limit counts what is ignored either way", func(t *testing.T) {
		d.Must("POST", "/v1/transactions/"+d.row(t, "A1").ID+"/ignore", `{"reason":"test"}`, nil)
		refused := d.do(t, ann, "P2", "resolve", `{"outcome":"IGNORED","note":"x","reviewOn":"2027-01-01"}`)
		require.Equal(t, "LIMIT_EXCEEDED", refused.Problem().Code)
	})
	t.Run("a difference above the line is matched by one and confirmed by another", func(t *testing.T) {
		d.Upload(d.left, "d.csv", "id,date,reference,amount,currency,customer\nD1,2026-01-10,W1,90.00,EUR,dora\n")
		d.Upload(d.right, "d.csv", "id,date,reference,amount,currency\nE1,2026-01-11,W2,45.00,EUR\n")
		var g recon.StoredGroup
		ann.Must("POST", "/v1/contexts/"+d.contextID+"/groups", `{"leftIds":["`+d.row(t, "D1").ID+`"],"rightIds":["`+
			d.row(t, "E1").ID+`"],"adjustmentReason":"WRITE_OFF"}`, &g)
		require.Equal(t, recon.GroupProposed, g.Status)
		require.Equal(t, "SECOND_PERSON", ann.Call("POST", "/v1/groups/"+g.ID+"/confirm", `{}`).Problem().Code)
		bob.Must("POST", "/v1/groups/"+g.ID+"/confirm", `{}`, &g)
		require.Equal(t, recon.GroupConfirmed, g.Status)
	})
}
