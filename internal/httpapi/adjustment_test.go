//go:build integration

package httpapi_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/recon"
)

func TestAdjustments(t *testing.T) {
	t.Parallel()
	d := newDesk(t, 0, "")
	d.Upload(d.left, "l.csv", "id,date,amount,currency\nP1,2026-01-05,100.00,EUR\n")
	d.Upload(d.right, "r.csv", "id,date,amount,currency\nQ1,2026-01-05,99.50,EUR\n")
	var g recon.StoredGroup
	d.Must("POST", "/v1/contexts/"+d.contextID+"/groups",
		`{"leftIds":["`+d.row(t, "P1").ID+`"],"rightIds":["`+d.row(t, "Q1").ID+`"],"adjustmentReason":"FEE"}`, &g)
	list := "/v1/contexts/" + d.contextID + "/adjustments"
	fee := first[recon.Adjustment](t, d.Client, list+"?posted=false")
	require.Equal(t, "0.50", fee.Amount)

	t.Run("it is owed to the books until it is posted", func(t *testing.T) {
		read := d.Must("GET", "/v1/adjustments/"+fee.ID, nil, nil).Header.Get("ETag")
		posted := d.Must("POST", "/v1/adjustments/"+fee.ID+"/post", `{"reference":"GL-77"}`, &fee, "If-Match", read)
		require.NotEqual(t, read, posted.Header.Get("ETag"))
		late := d.Call("POST", "/v1/adjustments/"+fee.ID+"/reverse", nil, "If-Match", read)
		require.Equal(t, 412, late.Status, "who has not seen that it is in the books does not take it back")
		require.Equal(t, "STALE_VERSION", late.Problem().Code)
		require.Equal(t, recon.Posted, fee.PostingStatus)
		require.Equal(t, "GL-77", fee.PostingReference)
		require.NotNil(t, fee.PostedAt)
		require.Empty(t, items[recon.Adjustment](t, d.Client, list+"?posted=false"))
		require.Len(t, items[recon.Adjustment](t, d.Client, list+"?posted=true"), 1)
		require.Equal(t, "INVALID_VALUE", d.Call("GET", list+"?posted=true&status=REVERSED", nil).Problem().Code)
		require.Equal(t, "ADJUSTMENT_STATUS", d.Call("POST", "/v1/adjustments/"+fee.ID+"/post", `{}`).Problem().Code)
	})
	t.Run("a group is not taken apart while one of its adjustments is in the books", func(t *testing.T) {
		require.Equal(t, "ADJUSTMENT_POSTED", d.Call("POST", "/v1/groups/"+g.ID+"/unmatch", `{"reason":"x"}`).Problem().Code)
	})
	t.Run("what a reversed one covered is adjusted anew, and no more than that", func(t *testing.T) {
		d.Must("POST", "/v1/adjustments/"+fee.ID+"/reverse", nil, nil)
		for body, status := range map[string]int{
			`{"reason":"DISCOUNT","amount":"-0.10"}`: 422, `{"reason":"DISCOUNT","amount":"0.51"}`: 422,
			`{"reason":"DISCOUNT","amount":"0.001"}`: 422, `{"reason":"NONE"}`: 422,
		} {
			require.Equal(t, status, d.Call("POST", "/v1/groups/"+g.ID+"/adjustments", body).Status, body)
		}
		d.Must("POST", "/v1/groups/"+g.ID+"/adjustments", `{"reason":"DISCOUNT","amount":"0.20"}`, nil)
		var rest, got recon.Adjustment
		d.Must("POST", "/v1/groups/"+g.ID+"/adjustments", `{"reason":"FEE"}`, &rest)
		require.Equal(t, "0.30", rest.Amount)
		require.Equal(t, "NOTHING_TO_ADJUST", d.Call("POST", "/v1/groups/"+g.ID+"/adjustments", `{"reason":"FEE"}`).Problem().Code)
		d.Must("GET", "/v1/adjustments/"+rest.ID, nil, &got)
		require.Equal(t, rest, got)
		require.Len(t, items[recon.Adjustment](t, d.Client, "/v1/groups/"+g.ID+"/adjustments"), 3)
		require.Len(t, items[recon.Adjustment](t, d.Client, list+"?status=REVERSED"), 1)
	})
}
