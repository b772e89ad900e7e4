//go:build integration

package httpapi_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"matcher/internal/postgres"
	"matcher/internal/recon"
	"matcher/internal/testkit"
)

func TestReprocess(t *testing.T) {
	t.Parallel()
	api := testkit.Server(t)
	tenant := api.NewTenant("a")
	w := newWorld(t, api, tenant)
	path := "/v1/imports/" + w.importID
	rows := func() []recon.StoredTransaction {
		return items[recon.StoredTransaction](t, w.Client, "/v1/contexts/"+w.contextID+"/transactions?side=LEFT")
	}
	sound := func() {
		t.Helper()
		conn, err := pgx.Connect(t.Context(), api.OwnerDSN)
		require.NoError(t, err)
		defer conn.Close(t.Context())
		require.Empty(t, testkit.Violations(t, conn, tenant))
	}
	w.Must("POST", "/v1/transactions/"+w.openLeft+"/ignore", `{"reason":"known"}`, nil)
	before := rows()

	t.Run("by another text, rows and what was decided on them stay", func(t *testing.T) {
		var again recon.Import
		w.Must("POST", path+"/reprocess", `{"reason":"texts","fieldMap":{"externalId":"id","reference":"description","date":"date","amount":"amount","currency":"currency"}}`, &again)
		require.EqualValues(t, 3, again.RowsInserted)
		after := rows()
		require.Equal(t, "Invoice one", after[0].Reference)
		for i := range after {
			require.Equal(t, before[i].ID, after[i].ID)
			require.Equal(t, before[i].GroupID, after[i].GroupID)
			require.Equal(t, before[i].State, after[i].State)
		}
		sound()
	})
	t.Run("by other money, a group is taken apart with its reason, in the same commit", func(t *testing.T) {
		w.Must("POST", path+"/reprocess", `{"reason":"signs were wrong","fieldMap":{"externalId":"id","reference":"reference","date":"date","amount":"amount","currency":"currency","negate":true}}`, nil)
		for _, row := range rows() {
			require.Equal(t, recon.StateOpen, row.State)
			require.Equal(t, "-", row.Amount[:1])
		}
		var group recon.StoredGroup
		w.Must("GET", "/v1/groups/"+w.groupID, nil, &group)
		require.Equal(t, recon.GroupUnmatched, group.Status)
		history := items[recon.GroupDecision](t, w.Client, "/v1/groups/"+w.groupID+"/history")
		require.Equal(t, postgres.Reprocessed+"signs were wrong", history[len(history)-1].Note)
		audit := items[recon.AuditEntry](t, w.Client, "/v1/audit?limit=1")[0]
		require.Equal(t, "import.reprocess", audit.Action)
		sound()
	})
	t.Run("back again, the next run finds the group anew", func(t *testing.T) {
		w.Must("POST", path+"/reprocess", `{"reason":"they were right"}`, nil)
		require.Equal(t, recon.RunCompleted, w.Run(w.contextID).Status)
		confirmed := items[recon.StoredGroup](t, w.Client, "/v1/contexts/"+w.contextID+"/groups?status=CONFIRMED")
		require.Len(t, confirmed, 1)
		sound()
	})
	t.Run("what cannot be is refused and changes nothing", func(t *testing.T) {
		there := digestOf(t, api, tenant)
		for body, code := range map[string]string{
			`{}`:             recon.CodeMissingValue,
			`{"reason":" "}`: recon.CodeMissingValue,
			`{"reason":"` + strings.Repeat("x", 501) + `"}`: recon.CodeFieldTooLong,
			`{"reason":"x","map":{}}`:                       recon.CodeValidationFailed,
			`[]`:                                            recon.CodeValidationFailed,
			`{"reason":"x","fieldMap":{"amount":"nowhere","date":"date"}}`: recon.CodeFieldMapInvalid,
			`{"reason":"x","fieldMap":{"amout":"amount"}}`:                 recon.CodeFieldMapInvalid,
		} {
			answer := w.Call("POST", path+"/reprocess", body)
			require.Equal(t, http.StatusUnprocessableEntity, answer.Status, body)
			if problem := answer.Problem(); problem.Code != code {
				require.Equal(t, code, problem.Errors[0].Code, body)
			}
		}
		require.Equal(t, there, digestOf(t, api, tenant))
		late := w.Upload(w.left, "late.csv", ledgerLate)
		w.Must("POST", "/v1/imports/"+late.ID+"/void", nil, nil)
		require.Equal(t, recon.CodeImportNotVoidable, w.Call("POST", "/v1/imports/"+late.ID+"/reprocess", `{"reason":"x"}`).Problem().Code)
	})
}
