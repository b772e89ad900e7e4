//go:build integration

package main

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/recon"
)

func TestConfirm(t *testing.T) {
	t.Parallel()
	s, second, _ := newDesk(t, 5)

	t.Run("one, by the external id of a row; the second person learns who won", func(t *testing.T) {
		require.Contains(t, s.must("confirm", "B0", "--context", "Cash", "--note", "seen"), "is confirmed: L0 with B0, 100.00 EUR\n")
		second.fails(exitFailed, "GROUP_STATUS: the group is CONFIRMED, by anna: only a group that is PROPOSED can be REJECTED", "reject", "L0", "--context", "Cash", "--reason", "no")
		second.fails(exitFailed, "GROUP_STATUS: the group is CONFIRMED, by anna", "confirm", "L0", "--context", "Cash")
	})
	t.Run("what differs needs a reason", func(t *testing.T) {
		s.fails(exitFailed, "the sides differ by -0.25 EUR that no adjustment covers", "confirm", "L1", "--context", "Cash")
		require.Contains(t, s.must("confirm", "L1", "--context", "Cash", "--difference", "rounding"), "difference -0.25 rounding")
	})
	t.Run("many by name: each has its outcome, two rows of one group are one", func(t *testing.T) {
		out, err := s.run("confirm", "L1", "L2", "B2", "--context", "Cash", "--difference", "FEE")
		require.ErrorContains(t, err, "1 of 2 groups could not be confirmed and are as they were")
		require.Equal(t, exitFailed, exitCode(err))
		require.Regexp(t, `(?m)^REFUSED  [0-9a-f-]{36}  the group is CONFIRMED, by anna`, out)
		require.Contains(t, out, "1 of 2 groups confirmed")
	})
	t.Run("many by filter, with the count that was seen", func(t *testing.T) {
		s.fails(exitFailed, "COUNT_CHANGED: the filter now leaves 2 groups, not the 3 that you saw", "reject", "--context", "Cash", "--rule", "same amount", "--count", "3", "--reason", "x")
		var out bulkAnswer
		require.NoError(t, json.Unmarshal([]byte(s.must("reject", "--context", "Cash", "--rule", "same amount", "--count", "2", "--reason", "x", "--json")), &out))
		require.Equal(t, 2, out.Done)
		require.Equal(t, "REJECTED", out.Items[0].Status)
	})
	t.Run("a group by its id is taken apart", func(t *testing.T) {
		var g recon.StoredGroup
		require.NoError(t, json.Unmarshal([]byte(s.must("review", "--context", "Cash", "--status", "confirmed", "--json", "--limit", "1")), &g))
		require.Contains(t, second.must("unmatch", g.ID, "--reason", "wrong month"), "is unmatched: L0 with B0")
		second.fails(exitFailed, "the group is UNMATCHED, by bert", "unmatch", g.ID, "--reason", "again")
		s.fails(exitFailed, `"L0" is open and in no group now`, "unmatch", "L0", "--context", "Cash", "--reason", "again")
	})
	for _, c := range []struct {
		message string
		args    []string
	}{
		{"which groups? name them, or give --context, a filter and --count", []string{"confirm", "--context", "Cash"}},
		{"which groups?", []string{"reject", "--context", "Cash", "--count", "-1", "--reason", "x"}},
		{"not both", []string{"confirm", "L1", "--context", "Cash", "--count", "1"}},
		{"which group? matcher unmatch GROUP…", []string{"unmatch", "--context", "Cash", "--reason", "x"}},
		{`required flag(s) "reason" not set`, []string{"reject", "L1", "--context", "Cash"}},
		{`"L1" is no id: give --context`, []string{"confirm", "L1"}},
	} {
		s.fails(exitUsage, c.message, c.args...)
	}
	s.fails(exitFailed, `no row of the context has the external id "L99"`, "confirm", "L99", "--context", "Cash")
	s.fails(exitFailed, "no group has the id 01a214bf-0000-7000-8000-000000000000", "confirm", "01a214bf-0000-7000-8000-000000000000")
}
