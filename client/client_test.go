//go:build integration

package client_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/client"
	"matcher/internal/auth"
	"matcher/internal/testkit"
)

// A program that has the generated client alone reconciles two files and confirms what is proposed.
func TestClient(t *testing.T) {
	t.Parallel()
	server := testkit.Server(t)
	tenant := server.NewTenant("acme")
	as := func(role auth.Role) *client.ClientWithResponses {
		api, err := client.NewClientWithResponses(server.URL, client.WithToken(server.As(tenant, role).Token))
		require.NoError(t, err)
		return api
	}
	api, ctx, off := as(auth.RoleAdmin), t.Context(), false

	made, err := api.CreateContextWithResponse(ctx, nil, client.CreateContextJSONRequestBody{Name: "Cash"})
	require.NoError(t, err)
	require.NotNil(t, made.JSON201, "%s", made.Body)
	cash := made.JSON201.Id
	rule := client.CreateRuleJSONRequestBody{Name: "same amount", Type: new("EXACT"), Priority: new(int64(10)), Keys: &[]client.RuleKey{}, Enabled: &off}
	stored, err := api.CreateRuleWithResponse(ctx, cash, nil, rule)
	require.NoError(t, err)
	require.NotNil(t, stored.JSON201, "%s", stored.Body)
	require.False(t, *stored.JSON201.Rule.Enabled, "false is not left out")

	for side, rows := range map[client.CreateSourceInputBodySide]string{"LEFT": "L1,2026-01-05,10.00,EUR", "RIGHT": "B1,2026-01-05,10.00,EUR"} {
		source, err := api.CreateSourceWithResponse(ctx, cash, nil, client.CreateSourceJSONRequestBody{Name: string(side), Side: side})
		require.NoError(t, err)
		require.NotNil(t, source.JSON201, "%s", source.Body)
		in, err := api.CreateImportWithBodyWithResponse(ctx, source.JSON201.Id, &client.CreateImportParams{Name: new("rows.csv")},
			"application/octet-stream", strings.NewReader("id,date,amount,currency\n"+rows+"\n"))
		require.NoError(t, err)
		require.NotNil(t, in.JSON201, "%s", in.Body)
		require.EqualValues(t, 1, in.JSON201.RowsInserted)
	}
	rows, err := api.ListTransactionsWithResponse(ctx, cash, &client.ListTransactionsParams{State: new(client.ListTransactionsParamsState("OPEN"))})
	require.NoError(t, err)
	ids := map[string][]string{}
	for _, row := range rows.JSON200.Items {
		ids[string(row.Side)] = append(ids[string(row.Side)], row.Id)
	}
	group, err := api.CreateGroupWithResponse(ctx, cash, nil, client.CreateGroupJSONRequestBody{LeftIds: ids["LEFT"], RightIds: ids["RIGHT"]})
	require.NoError(t, err)
	require.NotNil(t, group.JSON201, "%s", group.Body)
	require.EqualValues(t, "CONFIRMED", group.JSON201.Status)

	t.Run("what is refused has its code and status", func(t *testing.T) {
		again, err := api.ConfirmGroupWithResponse(ctx, group.JSON201.Id, nil, client.ConfirmGroupJSONRequestBody{})
		require.NoError(t, err)
		require.Equal(t, http.StatusConflict, again.StatusCode())
		require.Equal(t, "GROUP_STATUS", again.ApplicationproblemJSONDefault.Code)
		viewer, err := as(auth.RoleViewer).ConfirmGroupWithResponse(ctx, group.JSON201.Id, nil, client.ConfirmGroupJSONRequestBody{})
		require.NoError(t, err)
		require.Equal(t, "ROLE_REQUIRED", viewer.ApplicationproblemJSONDefault.Code)
	})
}
