//go:build integration

package httpapi_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"matcher/internal/auth"
	"matcher/internal/recon"
	"matcher/internal/testkit"
)

func TestDuties_NamesWhoDecidedOnTheirOwnWork(t *testing.T) {
	t.Parallel()
	api := testkit.Server(t)
	tenantID := api.NewTenant("a")
	w := newWorld(t, api, tenantID)
	path := "/v1/contexts/" + w.contextID
	counts := func(query string) map[string]int64 {
		var duties recon.Duties
		w.Must("GET", path+"/reports/sod"+query, nil, &duties)
		found := map[string]int64{}
		for _, c := range duties.Conflicts {
			require.NotEmpty(t, c.Samples)
			require.False(t, c.LastAt.Before(c.FirstAt))
			found[c.Kind+" "+c.Subject] = c.Count
		}
		return found
	}
	require.Empty(t, counts(""), "what a run confirmed is no person's decision")

	ann := api.AsSubject("ann", tenantID, auth.RolePreparer, auth.RoleApprover)
	bob := api.AsSubject("bob", tenantID, auth.RoleApprover)
	var byHand recon.StoredGroup
	ann.Must("POST", path+"/groups", `{"leftIds":["`+w.openLeft+`"],"rightIds":["`+w.openRight+`"],"adjustmentReason":"FEE"}`, &byHand)
	require.Equal(t, map[string]int64{"MATCHED_AND_CONFIRMED ann": 1}, counts(""))

	var adjustments page[recon.Adjustment]
	ann.Must("GET", "/v1/groups/"+byHand.ID+"/adjustments", nil, &adjustments)
	post := "/v1/adjustments/" + adjustments.Items[0].ID + "/post"
	bob.Must("POST", post, `{"reference":"J-1"}`, nil)
	require.Len(t, counts(""), 1, "another person posts it")
	today := time.Now().UTC().Format(time.DateOnly)
	require.Len(t, counts("?from="+today), 1)
	require.Empty(t, counts("?to=2001-01-01"))
}
