//go:build integration

package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/auth"
	"matcher/internal/recon"
	"matcher/internal/testkit"
)

// newDesk has n proposed pairs L0 and B0, L1 and B1, … in the context Cash, each 0.25 apart but for the first, and one
// more left row LX that has no partner.
func newDesk(t *testing.T, n int) (s, second, preparer *shell) {
	t.Helper()
	server := testkit.Server(t)
	tenant := server.NewTenant("acme")
	client := server.AsSubject("anna", tenant, auth.RoleAdmin)
	s = &shell{t: t, url: client.URL, token: client.Token}
	second = &shell{t: t, url: client.URL, token: server.AsSubject("bert", tenant, auth.RoleApprover).Token}
	preparer = &shell{t: t, url: client.URL, token: server.AsSubject("carl", tenant, auth.RolePreparer).Token}
	id := client.NewContext("Cash")
	client.NewSource(id, "books", recon.Left)
	client.NewSource(id, "bank", recon.Right)
	client.Must(http.MethodPost, "/v1/contexts/"+id+"/rules",
		`{"name":"same amount","type":"EXACT","priority":10,"keys":[],"amount":{"mode":"TOLERANCE","abs":"0.50"}}`, nil)
	left, right := "id,date,amount,currency\nLX,2026-01-05,0.70,EUR\n", "id,date,amount,currency\n"
	for i := range n {
		left += fmt.Sprintf("L%d,2026-01-05,%d.00,EUR\n", i, 100*(i+1))
		right += fmt.Sprintf("B%d,2026-01-05,%d.%s,EUR\n", i, 100*(i+1), map[bool]string{true: "00", false: "25"}[i == 0])
	}
	s.must("import", "--source", "books", file(t, "l.csv", left))
	s.must("import", "--source", "bank", file(t, "r.csv", right))
	s.must("run", "--context", "Cash")
	return s, second, preparer
}

func TestReview(t *testing.T) {
	t.Parallel()
	s, _, _ := newDesk(t, 3)
	shown := s.must("review", "--context", "Cash", "--limit", "0")
	require.Regexp(t, `(?m)^[0-9a-f-]{36}  proposed by "same amount", score \d+ of 100, held by no key; difference -0\.25 EUR$`, shown)
	require.Regexp(t, `(?m)^    LEFT   2026-01-05  200\.00 EUR  L1 *$`, shown)
	require.Regexp(t, `(?m)^    amount +amount +200\.00 \| 200\.25   difference -0\.25, allowed 0\.50$`, shown)
	require.Contains(t, shown, "3 groups; matcher confirm or reject decides on all of them by the same filter and --count 3")
	require.Contains(t, s.must("review", "--context", "Cash", "--status", "confirmed"), "no groups match these filters")
	require.Contains(t, s.must("review", "--context", "Cash", "--held-by", "no key", "--currency", "eur"), "3 groups")
	require.Contains(t, s.must("review", "--context", "Cash", "--min-score", "100"), "no groups match")

	t.Run("page by page", func(t *testing.T) {
		first := s.must("review", "--context", "Cash", "--limit", "2")
		_, cursor, found := strings.Cut(first, "2 groups and more: --after ")
		require.True(t, found, first)
		second := s.must("review", "--context", "Cash", "--limit", "2", "--after", strings.Fields(cursor)[0])
		require.Contains(t, second, "L2")
		require.NotContains(t, second, "L1 ")
		require.Regexp(t, `(?m)^1 group$`, second, "a part of a list is no count for a decision on all of it")
	})
	t.Run("for machines", func(t *testing.T) {
		lines := strings.Split(strings.TrimSpace(s.must("review", "--context", "Cash", "--json")), "\n")
		require.Len(t, lines, 3)
		var g recon.StoredGroup
		require.NoError(t, json.Unmarshal([]byte(lines[1]), &g))
		require.NotEmpty(t, g.Evidence)
	})
	s.fails(exitFailed, `did you mean "same amount"?`, "review", "--context", "Cash", "--rule", "same amounts")
	s.fails(exitFailed, `heldBy expected value to be one of`, "review", "--context", "Cash", "--held-by", "fear")
	s.fails(exitUsage, "--limit is 0 for all, or at most 200 a page", "review", "--context", "Cash", "--limit", "201")
	s.fails(exitUsage, "--min-score is 0 to 100, not 101", "review", "--context", "Cash", "--min-score", "101")
	s.fails(exitUsage, "which context?", "review")
}
