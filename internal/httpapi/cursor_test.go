//go:build integration

package httpapi_test

import (
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/auth"
	"matcher/internal/recon"
	"matcher/internal/testkit"
)

func TestCursors_BelongToTheirListAndFilter(t *testing.T) {
	t.Parallel()
	api := testkit.Server(t)
	c := api.As(api.NewTenant("acme"), auth.RoleAdmin)
	cash, card := c.NewContext("cash"), c.NewContext("card")
	for _, contextID := range []string{cash, card} {
		c.NewSource(contextID, "books", recon.Left)
		c.NewSource(contextID, "bank", recon.Right)
	}
	var page struct {
		Items      []struct{ ID string }
		NextCursor string
	}
	c.Must("GET", "/v1/contexts/"+cash+"/sources?limit=1", nil, &page)
	first, cursor := page.Items[0].ID, url.QueryEscape(page.NextCursor)
	c.Must("GET", "/v1/contexts/"+cash+"/sources?limit=5&cursor="+cursor, nil, &page)
	require.Len(t, page.Items, 1)
	require.NotEqual(t, first, page.Items[0].ID, "another limit is the same list")
	c.Must("GET", "/v1/contexts?limit=1", nil, &page)
	contexts := url.QueryEscape(page.NextCursor)
	for path, why := range map[string]string{
		"/v1/contexts/" + card + "/sources?cursor=" + cursor:   "another context",
		"/v1/contexts?cursor=" + cursor:                        "another list",
		"/v1/contexts/" + cash + "/sources?cursor=" + contexts: "another list",
		"/v1/contexts?cursor=x":                                "made up",
	} {
		require.Equal(t, recon.CodeBadCursor, c.Call("GET", path, nil).Problem().Code, why)
	}
	operator := api.As("", auth.RolePlatformAdmin)
	operator.Must("GET", "/admin/tenants?limit=1", nil, &page)
	require.Equal(t, recon.CodeBadCursor,
		operator.Call("GET", "/admin/tenants?status=SUSPENDED&cursor="+url.QueryEscape(page.NextCursor), nil).Problem().Code, "another filter")
}
