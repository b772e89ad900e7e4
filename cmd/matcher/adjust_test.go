//go:build integration

package main

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/recon"
)

func TestAdjust(t *testing.T) {
	t.Parallel()
	s, _, _ := newDesk(t, 2)
	require.Contains(t, s.must("adjust", "list", "--context", "Cash"), "no adjustments match these filters")
	require.Regexp(t, `^adjustment ADJ-\w+ of -0\.05 EUR, rounding, is unposted \(`, s.must("adjust", "L1", "--context", "Cash", "--difference", "ROUNDING", "--amount", "-0.05"))
	s.fails(exitFailed, "NOTHING_TO_ADJUST: no part of the group's difference is left", "adjust", "L0", "--context", "Cash", "--difference", "FEE")
	var rest recon.Adjustment
	require.NoError(t, json.Unmarshal([]byte(s.must("adjust", "L1", "--context", "Cash", "--difference", "fee", "--note", "charge", "--json")), &rest))
	require.Equal(t, "-0.20", rest.Amount)
	s.must("confirm", "L1", "--context", "Cash")

	require.Contains(t, s.must("adjust", "post", rest.Number, "--context", "Cash", "--reference", "JE 4711"), "of -0.20 EUR, fee, is posted")
	s.fails(exitFailed, "ADJUSTMENT_STATUS", "adjust", "post", rest.ID)
	s.fails(exitFailed, "an adjustment of this group is in the books: reverse it first", "unmatch", "L1", "--context", "Cash", "--reason", "x")
	require.Regexp(t, rest.Number+` +posted +fee +-0\.20 EUR +anna `, s.must("adjust", "list", "--context", "Cash", "--status", "posted"))
	require.Contains(t, s.must("adjust", "reverse", rest.Number, "--context", "Cash"), "is reversed")
	s.must("unmatch", "L1", "--context", "Cash", "--reason", "x")

	s.fails(exitUsage, `"ADJ-1" is no id: give --context`, "adjust", "post", "ADJ-1")
	s.fails(exitFailed, `no adjustment of "Cash" has the number "ADJ-1"`, "adjust", "post", "ADJ-1", "--context", "Cash")
	s.fails(exitFailed, "no adjustment has the id 01a214bf-0000-7000-8000-000000000000", "adjust", "reverse", "01a214bf-0000-7000-8000-000000000000")
	s.fails(exitUsage, `required flag(s) "difference" not set`, "adjust", "L1")
	s.fails(exitUsage, "which group?", "adjust", "--difference", "FEE")
}
