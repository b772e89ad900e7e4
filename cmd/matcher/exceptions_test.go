//go:build integration

package main

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/recon"
	"matcher/internal/testkit"
)

func TestExceptions(t *testing.T) {
	t.Parallel()
	s, client := newShell(t, testkit.Server(t), "acme")
	loadExample(t, s, client, "bank-ledger")
	s.fails(exitFound, "--fail-on found open: ", "run", "--context", "bank-ledger", "--fail-on", "open,rejected")

	listed := s.must("exceptions", "--context", "bank-ledger")
	require.Regexp(t, `(?m)^[0-9a-f-]{36} +LEFT +break +amount differs +2026-01-09 +634\.71 EUR +GL-26233`, listed)
	require.Equal(t, 21, strings.Count(listed, "\n")-1)
	require.Equal(t, 8, strings.Count(s.must("exceptions", "--side", "left", "--class", "missing"), "no candidate"))
	require.Contains(t, s.must("exceptions", "--limit", "2"), "… and more: --limit 0 lists all")
	require.Contains(t, s.must("exceptions", "--status", "resolved"), "no exceptions match these filters")
	s.fails(exitUsage, `--class takes TIMING, MISSING, BREAK, AMBIGUOUS, DATA, not "brake"`, "exceptions", "--class", "brake")
	s.fails(exitFound, "--fail-on found any: 21", "exceptions", "--fail-on", "any")

	var e recon.Exception
	lines := strings.SplitAfter(s.must("exceptions", "--class", "BREAK", "--side", "LEFT", "--json"), "\n")
	require.NoError(t, json.Unmarshal([]byte(lines[0]), &e))
	require.Equal(t, "GL-26233", e.ExternalID)
	shown := s.must("exceptions", "show", e.ID)
	require.Contains(t, shown, "would match  two digits are swapped: change the amount by -270.00 (-269.95 is enough)")
	require.Regexp(t, `end-to-end id +key metadata.e2e_id ~ metadata.end_to_end_id +\S+ +\S+ +holds`, shown)
	require.Regexp(t, `amount +634\.71 +364\.71 +does not hold`, shown)
	s.fails(exitUsage, `required flag(s) "reason" not set`, "exceptions", "ignore", e.ID)
	require.Contains(t, s.must("exceptions", "ignore", e.ID, "--reason", "a typing error"), "is ignored")
	require.NotContains(t, s.must("exceptions"), "GL-26233")
	require.Contains(t, s.must("exceptions", "--status", "resolved"), "GL-26233")
	require.Contains(t, s.must("exceptions", "restore", e.ID), "is open; the next run finds why")
	s.must("run", "--context", "bank-ledger")
	require.Contains(t, s.must("exceptions"), "GL-26233")
}
