//go:build integration

package httpapi_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/recon"
	"matcher/internal/testkit"
)

// reference is the rule of newWorld, and near the same with a tolerance that takes the pair of 0.30 too.
const (
	reference = `{"name":"reference","type":"EXACT","priority":10}`
	near      = `{"name":"near","type":"TOLERANCE","priority":20,"date":{"maxDays":1},"confirm":{"autoAt":0}}`
)

func TestBackTests(t *testing.T) {
	t.Parallel()
	api := testkit.Server(t)
	tenantID := api.NewTenant("acme")
	w := newWorld(t, api, tenantID)
	path := "/v1/contexts/" + w.contextID + "/back-tests"
	changed := held(t, api, tenantID)

	t.Run("one more rule gains what it would confirm, and nothing changes", func(t *testing.T) {
		createBackTest := w.Call("POST", path, `{"rule":`+near+`}`)
		require.Equal(t, http.StatusAccepted, createBackTest.Status, "%s", createBackTest.Body)
		location := createBackTest.Header.Get("Location")
		var getBackTest recon.BackTest
		w.Must("GET", location, nil, &getBackTest)
		w.Must("GET", "/v1/runs/"+getBackTest.ID+"/progress", nil, nil)
		w.Must("GET", location, nil, &getBackTest)
		require.Equal(t, recon.RunCompleted, getBackTest.Status, getBackTest.ErrorMessage)
		require.Len(t, getBackTest.Rules, 2)
		require.True(t, getBackTest.Current)
		require.Equal(t, &recon.BackTestTotals{
			Rows: recon.SideRows{Left: 3, Right: 3}, Groups: recon.DiffGroups{Before: 1, After: 2, Unchanged: 1},
			Entries: recon.DiffEntries{Gained: 1},
			Left:    recon.RowChanges{Gained: 1, Unchanged: 1}, Right: recon.RowChanges{Gained: 1, Unchanged: 1},
			Money: []recon.MoneyChange{
				{Currency: "EUR", Side: recon.Left, Gained: "50.30", Lost: "0.00", RePaired: "0.00", Unchanged: "100.00"},
				{Currency: "EUR", Side: recon.Right, Gained: "50.00", Lost: "0.00", RePaired: "0.00", Unchanged: "100.00"},
			},
		}, getBackTest.Totals)
		listBackTestEntries := items[recon.BackTestEntry](t, w.Client, location+"/entries")
		require.Len(t, listBackTestEntries, 1)
		gained := listBackTestEntries[0]
		require.Equal(t, recon.DiffGained, gained.Kind)
		require.Empty(t, gained.Before)
		require.Equal(t, "near", gained.After[0].Rule)
		require.Equal(t, []string{"L2", "B2"}, []string{gained.After[0].Items[0].ExternalID, gained.After[0].Items[1].ExternalID})
		require.Empty(t, items[recon.BackTestEntry](t, w.Client, location+"/entries?kind=LOST"))
		require.False(t, changed(), "a back-test changed a group, a held row or an exception")
	})
	t.Run("a rule that goes loses its groups", func(t *testing.T) {
		lost := w.BackTest(w.contextID, `{"rules":[{"name":"far","type":"EXACT","priority":10,"keys":[{"left":"description","right":"description"}]}]}`)
		require.Equal(t, recon.DiffEntries{Lost: 1}, lost.Totals.Entries, lost.ErrorMessage)
		entry := first[recon.BackTestEntry](t, w.Client, "/v1/back-tests/"+lost.ID+"/entries?kind=LOST")
		require.Equal(t, w.groupID, entry.Before[0].GroupID)
		require.Equal(t, "reference", entry.Before[0].Rule)
		require.Equal(t, 1, entry.BeforeCount)
		require.False(t, changed())
	})
	t.Run("the rules as they stand change nothing", func(t *testing.T) {
		same := w.BackTest(w.contextID, `{}`)
		require.Equal(t, recon.DiffEntries{}, same.Totals.Entries)
		require.Equal(t, first[recon.Run](t, w.Client, "/v1/contexts/"+w.contextID+"/runs").RulesHash, same.RulesHash)
	})
	t.Run("a window leaves out what lies beside it", func(t *testing.T) {
		windowed := w.BackTest(w.contextID, `{"rule":`+near+`,"from":"2026-01-06","to":"2026-01-06"}`)
		require.Equal(t, recon.DiffGroups{After: 1}, windowed.Totals.Groups, windowed.ErrorMessage)
		require.Equal(t, recon.DiffEntries{Gained: 1}, windowed.Totals.Entries)
	})
	t.Run("they are listed, newest first, and apart from runs", func(t *testing.T) {
		listBackTests := items[recon.BackTest](t, w.Client, path)
		require.Len(t, listBackTests, 4)
		require.Equal(t, "2026-01-06", listBackTests[0].From.String())
		require.Nil(t, listBackTests[0].Rules)
		require.Len(t, items[recon.Run](t, w.Client, "/v1/contexts/"+w.contextID+"/runs"), 1)
	})
	t.Run("what cannot be tried is refused where it is written", func(t *testing.T) {
		for body, want := range map[string]string{
			`{"rule":` + near + `,"ruleIds":["` + w.ruleID + `"]}`: "VALIDATION_FAILED",
			`{"ruleId":"` + w.ruleID + `"}`:                        "VALIDATION_FAILED",
			`{"deleteRuleId":"` + w.groupID + `"}`:                 "ID_UNKNOWN",
			`{"ruleIds":[]}`:                                       "VALIDATION_FAILED",
			`{"rule":{"name":"x","type":"NONE","priority":30}}`:    "RULE_INVALID",
			`{"rules":[{"name":"x","type":"NONE"}]}`:               "RULE_INVALID",
			`{"from":"2026-02-01","to":"2026-01-01"}`:              "INVALID_VALUE",
		} {
			answer := w.Call("POST", path, body)
			require.Equal(t, http.StatusUnprocessableEntity, answer.Status, "%s: %s", body, answer.Body)
			require.Equal(t, want, answer.Problem().Code, body)
		}
		answer := w.Call("POST", path, `{"rules":[{"name":"x","type":"NONE"}]}`)
		require.Equal(t, "/rules/0/type", answer.Problem().Errors[0].Pointer)
	})
}

// held says whether anything has changed of what a back-test must leave alone.
func held(t *testing.T, api *testkit.APIServer, tenantID string) (changed func() bool) {
	t.Helper()
	digest := func() map[string]string {
		kept := map[string]string{}
		for name, sum := range digestOf(t, api, tenantID) {
			for _, table := range []string{"match_groups", "active_items", "exceptions", "transactions", "rules", "rule_versions", "adjustments", "group_decisions", "contexts", "events"} {
				if strings.HasSuffix(name, "."+table) {
					kept[table] = sum
				}
			}
		}
		require.Len(t, kept, 10)
		return kept
	}
	before := digest()
	return func() bool {
		after := digest()
		for table := range before {
			if before[table] != after[table] {
				return true
			}
		}
		return false
	}
}

func TestRequireBackTest(t *testing.T) {
	t.Parallel()
	api := testkit.Server(t)
	w := newWorld(t, api, api.NewTenant("acme"))
	w.Must("PATCH", "/v1/contexts/"+w.contextID, `{"settings":{"requireBackTest":true}}`, nil)
	rules := "/v1/contexts/" + w.contextID + "/rules"
	refused := func(method, path, body string) {
		t.Helper()
		before := items[recon.StoredRule](t, w.Client, rules)
		var sent any
		if body != "" {
			sent = body
		}
		answer := w.Call(method, path, sent)
		require.Equal(t, http.StatusConflict, answer.Status, "%s %s: %s", method, path, answer.Body)
		require.Equal(t, "BACK_TEST_REQUIRED", answer.Problem().Code)
		require.Contains(t, answer.Problem().Detail, "POST /v1/contexts/"+w.contextID+"/back-tests")
		require.Equal(t, before, items[recon.StoredRule](t, w.Client, rules))
	}
	disabled := `{"name":"reference","type":"EXACT","priority":10,"enabled":false}`
	set := `{"rules":[` + near + `]}`

	t.Run("no rule is created, changed, disabled, deleted or replaced without one", func(t *testing.T) {
		refused("POST", rules, near)
		refused("PUT", "/v1/rules/"+w.ruleID, `{"name":"reference","type":"EXACT","priority":11}`)
		refused("PUT", "/v1/rules/"+w.ruleID, disabled)
		refused("DELETE", "/v1/rules/"+w.ruleID, "")
		refused("PUT", rules, set)
	})
	t.Run("with one of the same rules it is, and only that", func(t *testing.T) {
		w.BackTest(w.contextID, `{"rule":`+near+`}`)
		refused("POST", rules, `{"name":"near","type":"TOLERANCE","priority":20,"date":{"maxDays":2}}`)
		w.Must("POST", rules, near, nil)
	})
	t.Run("one that is older than the last change of the rules does not do", func(t *testing.T) {
		old := w.BackTest(w.contextID, `{"ruleId":"`+w.ruleID+`","rule":`+disabled+`}`)
		require.True(t, old.Current)
		w.BackTest(w.contextID, set)
		w.Must("PUT", rules, set, nil) // another change overtakes it
		w.Must("GET", "/v1/back-tests/"+old.ID, nil, &old)
		require.False(t, old.Current)
		w.BackTest(w.contextID, `{"rules":[`+reference+`,`+near+`]}`)
		var back struct{ Items []recon.StoredRule }
		w.Must("PUT", rules, `{"rules":[`+reference+`,`+near+`]}`, &back)
		require.Equal(t, "reference", back.Items[0].Rule.Name)
		refused("PUT", "/v1/rules/"+back.Items[0].ID, disabled)
		w.BackTest(w.contextID, `{"ruleId":"`+back.Items[0].ID+`","rule":`+disabled+`}`)
		w.Must("PUT", "/v1/rules/"+back.Items[0].ID, disabled, nil)
		refused("PUT", "/v1/rules/"+back.Items[0].ID, reference) // enabling is a change as well
	})
	t.Run("reordering is a change of the rules", func(t *testing.T) {
		listed := items[recon.StoredRule](t, w.Client, rules)
		order := `{"ruleIds":["` + listed[1].ID + `","` + listed[0].ID + `"]}`
		refused("POST", rules+"/reorder", order)
		w.BackTest(w.contextID, order)
		w.Must("POST", rules+"/reorder", order, nil)
	})
	t.Run("one that failed or was cancelled does not do", func(t *testing.T) {
		w.Must("POST", "/v1/contexts/"+w.contextID+"/pause", nil, nil)
		require.Equal(t, "CONTEXT_INACTIVE", w.Call("POST", "/v1/contexts/"+w.contextID+"/back-tests", `{}`).Problem().Code)
	})
}

func TestPutRules(t *testing.T) {
	t.Parallel()
	_, c := setup(t)
	contextID := c.NewContext("Cash")
	path := "/v1/contexts/" + contextID + "/rules"
	var made, again, swapped struct{ Items []recon.StoredRule }
	c.Must("PUT", path, `{"rules":[`+reference+`,`+near+`]}`, &made)
	require.Len(t, made.Items, 2)
	t.Run("the same set makes no version", func(t *testing.T) {
		c.Must("PUT", path, `{"rules":[`+near+`,`+reference+`]}`, &again)
		require.Equal(t, made, again)
	})
	t.Run("names stay who they are, whatever their priorities", func(t *testing.T) {
		c.Must("PUT", path, `{"rules":[{"name":"near","type":"TOLERANCE","priority":10},{"name":"reference","type":"EXACT","priority":20}]}`, &swapped)
		require.Equal(t, []string{made.Items[1].ID, made.Items[0].ID}, []string{swapped.Items[0].ID, swapped.Items[1].ID})
		require.Equal(t, []int{2, 2}, []int{swapped.Items[0].Version, swapped.Items[1].Version})
	})
	t.Run("what is left out is deleted and keeps its history", func(t *testing.T) {
		c.Must("PUT", path, `{"rules":[`+near+`]}`, &again)
		require.Len(t, again.Items, 1)
		require.Len(t, items[recon.StoredRule](t, c, "/v1/rules/"+made.Items[0].ID+"/versions"), 2)
	})
	t.Run("a set that cannot work changes nothing", func(t *testing.T) {
		answer := c.Call("PUT", path, `{"rules":[`+reference+`,`+reference+`]}`)
		require.Equal(t, "RULE_INVALID", answer.Problem().Code)
		require.Equal(t, "/rules/1/name", answer.Problem().Errors[0].Pointer)
		require.Len(t, items[recon.StoredRule](t, c, path), 1)
	})
}
