//go:build integration

package httpapi_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/postgres"
	"matcher/internal/recon"
)

const cards = `{"name":"cards","currency":"EUR","items":[
	{"name":"interchange","type":"PERCENTAGE","percent":"1.5"},{"name":"per item","type":"FLAT","amount":"0.10"}]}`

func TestFeeSchedules(t *testing.T) {
	t.Parallel()
	_, c := setup(t)
	var stored postgres.StoredFeeSchedule
	c.Must("POST", "/v1/fee-schedules", cards, &stored)
	path := "/v1/fee-schedules/" + stored.ID

	t.Run("what it charges can be seen, and what was charged be verified", func(t *testing.T) {
		simulateFee := c.Must("POST", path+"/simulate", `{"amount":"100.00","actual":"1.70"}`, nil)
		require.JSONEq(t, `{"currency":"EUR","amount":"100.00","fee":"1.60","net":"98.40",
			"lines":[{"name":"interchange","base":"100.00","fee":"1.50"},{"name":"per item","base":"100.00","fee":"0.10"}],
			"verified":{"actual":"1.70","delta":"0.10","verdict":"OVERCHARGE"}}`, string(simulateFee.Body))
		require.Equal(t, "/amount", c.Call("POST", path+"/simulate", `{"amount":"1.001"}`).Problem().Errors[0].Pointer)
		require.Equal(t, "/actual", c.Call("POST", path+"/simulate", `{"amount":"1.00","actual":"x"}`).Problem().Errors[0].Pointer)
	})
	t.Run("one that cannot be is refused by pointer", func(t *testing.T) {
		refused := c.Call("POST", "/v1/fee-schedules", `{"name":"x","currency":"EUR","items":[{"name":"a","type":"FLAT"}]}`)
		require.Equal(t, "/items/0/amount", refused.Problem().Errors[0].Pointer)
		require.Equal(t, "NAME_TAKEN", c.Call("POST", "/v1/fee-schedules", cards).Problem().Code)
	})
	t.Run("it changes under its version and goes when nothing names it", func(t *testing.T) {
		putFeeSchedule := c.Must("PUT", path, `{"name":"cards","currency":"EUR","items":[{"name":"flat","type":"FLAT","amount":"0.20"}]}`, nil, "If-Match", `"1"`)
		require.Equal(t, `"2"`, putFeeSchedule.Header.Get("ETag"))
		var got postgres.StoredFeeSchedule
		c.Must("GET", path, nil, &got)
		require.Len(t, got.Value.Items, 1)
		require.Len(t, items[postgres.StoredFeeSchedule](t, c, "/v1/fee-schedules"), 1)
		c.Must("DELETE", path, nil, nil)
	})
}

func TestFeeRules(t *testing.T) {
	t.Parallel()
	_, c := setup(t)
	var schedule postgres.StoredFeeSchedule
	c.Must("POST", "/v1/fee-schedules", cards, &schedule)
	contextID := c.NewContext("Cards")
	psp := c.NewSource(contextID, "psp", recon.Right)
	c.Must("PUT", "/v1/sources/"+psp+"/field-map", `{"externalId":"id","date":"date","amount":"net","gross":"gross","fee":"fee","net":"net","kind":"kind","currency":{"constant":"EUR"}}`, nil)
	c.Upload(psp, "psp.csv", "id,date,gross,fee,net,kind\n"+
		"S1,2026-01-05,100.00,1.60,98.40,SALE\nS2,2026-01-05,100.00,1.90,98.10,SALE\nS3,2026-01-05,200.00,3.00,197.00,SALE\nP1,2026-01-05,50.00,9.00,41.00,PAYOUT\n")
	path := "/v1/contexts/" + contextID + "/fee-rules"
	checks := "/v1/contexts/" + contextID + "/fee-checks"
	require.Empty(t, items[recon.FeeCheck](t, c, checks), "nothing is agreed yet")

	t.Run("it names what is there", func(t *testing.T) {
		for body, pointer := range map[string]string{
			`{"name":"x","priority":10,"feeSchedule":"crads"}`:                     "/feeSchedule",
			`{"name":"x","priority":10,"feeSchedule":"cards","sources":["pps"]}`:   "/sources/0",
			`{"name":"x","priority":10,"feeSchedule":"cards","kinds":["A","A"]}`:   "/kinds/1",
			`{"name":"x","priority":1001,"feeSchedule":"cards","sources":["psp"]}`: "/priority",
		} {
			require.Equal(t, pointer, c.Call("POST", path, body).Problem().Errors[0].Pointer, body)
		}
	})
	var rule recon.StoredFeeRule
	c.Must("POST", path, `{"name":"sales","priority":10,"feeSchedule":"cards","sources":["psp"],"kinds":["SALE"]}`, &rule)

	t.Run("fees are verified, each against what was agreed", func(t *testing.T) {
		found := items[recon.FeeCheck](t, c, checks)
		require.Len(t, found, 3)
		verdicts := map[string]string{}
		for _, f := range found {
			verdicts[f.ExternalID] = f.Verdict + " " + f.Delta
		}
		require.Equal(t, map[string]string{"S1": "MATCH 0.00", "S2": "OVERCHARGE 0.30", "S3": "UNDERCHARGE -0.10"}, verdicts)
		require.Len(t, items[recon.FeeCheck](t, c, checks+"?verdict=OVERCHARGE"), 1)
		var p page[recon.FeeCheck]
		c.Must("GET", checks+"?limit=2", nil, &p)
		require.Len(t, items[recon.FeeCheck](t, c, checks+"?limit=2&cursor="+p.NextCursor), 1)
	})
	t.Run("a schedule that a fee rule names stays", func(t *testing.T) {
		require.Equal(t, "IN_USE", c.Call("DELETE", "/v1/fee-schedules/"+schedule.ID, nil).Problem().Code)
	})
	t.Run("a clone has the configuration, and nothing of the rows", func(t *testing.T) {
		c.Must("POST", "/v1/contexts/"+contextID+"/rules", `{"name":"exact","type":"EXACT"}`, nil)
		c.Must("POST", "/v1/contexts/"+contextID+"/schedules", `{"name":"nightly","cron":"@daily"}`, nil)
		var clone recon.Context
		c.Must("POST", "/v1/contexts/"+contextID+"/clone", `{"name":"Cards 2"}`, &clone)
		at := "/v1/contexts/" + clone.ID
		source := first[recon.Source](t, c, at+"/sources")
		require.Equal(t, 1, source.FieldMapVersion)
		var had, has json.RawMessage
		c.Must("GET", "/v1/sources/"+psp+"/field-map", nil, &had)
		c.Must("GET", "/v1/sources/"+source.ID+"/field-map", nil, &has)
		require.Contains(t, string(has), `"gross"`)
		require.Equal(t, "exact", first[recon.StoredRule](t, c, at+"/rules").Rule.Name)
		require.Equal(t, "sales", first[recon.StoredFeeRule](t, c, at+"/fee-rules").Rule.Name)
		require.False(t, first[recon.Schedule](t, c, at+"/schedules").Enabled)
		require.Empty(t, items[recon.StoredTransaction](t, c, at+"/transactions"))
		require.Equal(t, "NAME_TAKEN", c.Call("POST", "/v1/contexts/"+contextID+"/clone", `{"name":"Cards 2"}`).Problem().Code)
	})
	t.Run("it changes and goes", func(t *testing.T) {
		at := "/v1/fee-rules/" + rule.ID
		c.Must("PUT", at, `{"name":"all","priority":20,"feeSchedule":"cards"}`, &rule, "If-Match", `"1"`)
		require.Len(t, items[recon.FeeCheck](t, c, checks), 4)
		require.Equal(t, 412, c.Call("DELETE", at, nil, "If-Match", `"1"`).Status)
		c.Must("DELETE", at, nil, nil)
		require.Equal(t, 404, c.Call("GET", at, nil).Status)
	})
}
