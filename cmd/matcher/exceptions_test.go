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

func TestExceptions_AreWorkedOn(t *testing.T) {
	t.Parallel()
	s, second, preparer := newDesk(t, 3)
	s.must("reject", "L0", "L1", "L2", "--context", "Cash", "--reason", "no")
	work := func(verb, name string, args ...string) []string {
		return append([]string{"exceptions", verb, name, "--context", "Cash"}, args...)
	}
	require.Contains(t, s.must(work("assign", "L1", "--to", "treasury")...), "L1: in progress, assigned to treasury")
	require.Contains(t, s.must("exceptions", "--context", "Cash", "--assignee", "treasury", "--sort", "-amount"), "L1")
	require.Contains(t, s.must(work("comment", "L1", "--note", "asked the bank")...), "in progress, assigned to treasury")
	require.Contains(t, s.must(work("unassign", "L1")...), "L1: open\n")
	require.Contains(t, s.must(work("resolve", "L1", "--as", "matched", "--with", "B1", "--difference", "FEE", "--note", "it is the same")...), "resolved as matched")
	s.fails(exitFailed, "EXCEPTION_STATUS: the exception is RESOLVED: reopen it first", work("resolve", "L1", "--as", "WRITTEN_OFF", "--note", "x")...)
	require.Contains(t, s.must(work("reopen", "L1", "--note", "it is not")...), "L1: reopened")
	s.fails(exitFailed, "/account is needed for BOOKED", work("resolve", "B2", "--as", "BOOKED", "--note", "x")...)
	s.fails(exitFailed, "and no end of it is proposed: matcher exceptions resolve proposes one", work("approve", "B2")...)

	t.Run("many, by filter and count", func(t *testing.T) {
		filter := []string{"--context", "Cash", "--side", "right", "--reason", "rejected"}
		s.fails(exitFailed, "COUNT_CHANGED", append([]string{"exceptions", "assign", "--to", "bank desk", "--count", "9"}, filter...)...)
		require.Contains(t, s.must(append([]string{"exceptions", "assign", "--to", "bank desk", "--count", "2"}, filter...)...), "2 of 2 exceptions assigned")
		var out bulkAnswer
		require.NoError(t, json.Unmarshal([]byte(s.must("exceptions", "resolve", "B0", "B2", "--context", "Cash", "--as", "SUSPENSE", "--account", "9999", "--note", "unknown", "--json")), &out))
		require.Equal(t, 2, out.Done)
		s.fails(exitUsage, "--with is of one exception", "exceptions", "resolve", "L0", "L2", "--context", "Cash", "--as", "MATCHED", "--with", "B1", "--note", "x")
	})
	t.Run("what one proposes, another approves or refuses", func(t *testing.T) {
		resolve := []string{"exceptions", "resolve", "L0", "L2", "--context", "Cash", "--as", "WRITTEN_OFF", "--note", "small"}
		require.Contains(t, preparer.must(resolve...), "2 of 2 exceptions resolved, or proposed to be where another person has to approve")
		require.Contains(t, second.must(work("approve", "L2", "--note", "small indeed")...), "resolved as written off")
		require.Contains(t, second.must(work("refuse", "L0")...), "L0: ")
		require.Contains(t, preparer.must(work("resolve", "L0", "--as", "WRITTEN_OFF", "--note", "small")...), "waiting for another person to approve how it ends")
	})
	for _, args := range [][]string{
		{"exceptions", "assign", "--to", "x"}, {"exceptions", "assign", "--to", "x", "--context", "Cash"}, {"exceptions", "assign", "--to", "x", "--count", "3"},
	} {
		s.fails(exitUsage, "which exceptions? name them, or give --context, a filter and --count", args...)
	}
	s.fails(exitUsage, "not both", work("unassign", "L2", "--count", "1")...)
	s.fails(exitUsage, `--until: "soon" is no day`, work("snooze", "L2", "--until", "soon")...)
	s.fails(exitUsage, "--sort orders the exceptions of one context", "exceptions", "--sort", "age")
	s.fails(exitFailed, `no row with the external id "L9" has an exception`, work("show", "L9")...)
}
