//go:build integration

package main

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/recon"
	"matcher/internal/testkit"
)

func TestHandMatch(t *testing.T) {
	t.Parallel()
	s, second, _ := newDesk(t, 2)
	s.must("reject", "L0", "L1", "--context", "Cash", "--reason", "by hand")
	match := func(args ...string) []string { return append([]string{"hand-match", "--context", "Cash"}, args...) }

	s.fails(exitUsage, "which rows? name at least two", match("--left", "L0")...)
	s.fails(exitFailed, `no right row of the context has the external id "L0"`, match("--left", "L0", "--right", "L0")...)
	s.fails(exitFailed, "left 100.00 - right 200.25 = -100.25 EUR: take other rows, or give the difference a reason", match("--left", "L0", "--right", "B1")...)
	require.Contains(t, s.must(match("--left", "L0", "--left", "LX", "--right", "B0", "--difference", "FEE")...), "is confirmed: L0 + LX with B0, 100.70 EUR, difference 0.70 fee")
	s.fails(exitFailed, `"L0" is confirmed: only open rows go into a group: matcher unmatch its group first`, match("--left", "L0", "--right", "B1")...)
	require.Contains(t, second.must(match("--left", "L1", "--right", "B1", "--difference", "ROUNDING", "--propose")...), "is proposed: L1 with B1")
	second.must("reject", "L1", "--context", "Cash", "--reason", "again")

	t.Run("an external id that two rows have is asked about, unless only one is open", func(t *testing.T) {
		client := testkit.NewClient(t, s.url, s.token)
		var contexts struct{ Items []recon.Context }
		client.Must(http.MethodGet, "/v1/contexts", nil, &contexts)
		client.NewSource(contexts.Items[0].ID, "petty cash", recon.Left)
		s.must("import", "--source", "books", file(t, "1.csv", "id,date,amount,currency\nD,2026-01-06,7.00,EUR\n"))
		s.must("import", "--source", "petty cash", file(t, "2.csv", "id,date,amount,currency\nD,2026-01-07,8.00,EUR\n"))
		s.fails(exitUsage, `2 rows have the external id "D": LEFT 2026-01-06 7.00 EUR open (`, match("--left", "D", "--right", "B1", "--difference", "FEE")...)
		var rows []recon.StoredTransaction
		for line := range strings.SplitSeq(strings.TrimSpace(s.must("export", "transactions", "--context", "Cash", "--format", "json")), "\n") {
			var row recon.StoredTransaction
			require.NoError(t, json.Unmarshal([]byte(line), &row))
			if row.ExternalID == "D" {
				rows = append(rows, row)
			}
		}
		require.Len(t, rows, 2)
		s.must("hand-match", "--left", rows[0].ID, "--left", rows[1].ID, "--right", "B1", "--difference", "FEE", "--context", "Cash")
		s.must("unmatch", "B1", "--context", "Cash", "--reason", "one is enough")
		s.must("import", "--source", "bank", file(t, "3.csv", "id,date,amount,currency\nB9,2026-01-07,7.00,EUR\n"))
		s.must("hand-match", "--left", rows[slices.IndexFunc(rows, func(r recon.StoredTransaction) bool { return r.Amount == "7.00" })].ID, "--right", "B9", "--context", "Cash")
		require.Contains(t, s.must(match("--left", "D", "--right", "B1", "--difference", "FEE")...), "is confirmed: D with B1, 8.00 EUR")
	})
}
