//go:build integration

package main

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/recon"
	"matcher/internal/testkit"
)

func TestRun(t *testing.T) {
	t.Parallel()
	s, client := newShell(t, testkit.Server(t), "acme")
	loadExample(t, s, client, "bank-ledger")
	preview := s.must("run", "--context", "bank-ledger", "--dry-run")
	require.Contains(t, preview, "nothing is held")
	out := s.must("run", "--context", "bank-ledger")
	require.Contains(t, out, "as of 2026-01-30")
	require.Regexp(t, `(?m)^RULE   end-to-end id +confirmed 150`, out)
	require.Regexp(t, `(?m)^OPEN   LEFT  amount differs +4 rows  break$`, out)
	require.Contains(t, out, "EUR  left 765,510.89")
	require.Contains(t, out, "= right 688,762.13 ✓")
	s.fails(exitFailed, `no run of "bank-ledger" is at work or waits`, "run", "--context", "bank-ledger", "--cancel")
	s.fails(exitFound, "--fail-on found open: ", "run", "--context", "bank-ledger", "--as-of", "2026-01-30", "--fail-on", "open")

	var runs struct{ Items []recon.Run }
	client.Must(http.MethodGet, "/v1/contexts", nil, nil)
	var last recon.Run
	require.NoError(t, json.Unmarshal([]byte(s.must("run", "--context", "bank-ledger", "--json")), &last))
	client.Must(http.MethodGet, "/v1/contexts/"+last.ContextID+"/runs", nil, &runs)
	require.Len(t, runs.Items, 4)
	s.fails(exitFailed, "RUN_ENDED", "run", "--cancel", "--run", last.ID)
	require.Contains(t, s.must("run", "--watch", "--run", last.ID), "as of 2026-01-30")
}
