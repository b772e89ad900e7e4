//go:build integration

package main

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/recon"
)

func TestStatement(t *testing.T) {
	t.Parallel()
	s, _, _ := newDesk(t, 2)
	out := s.must("statement", "--context", "Cash")
	require.Regexp(t, `(?m)^EUR +as of 2026-01-05 .*to book 0\.00 · timing 0\.00 · unexplained -0\.45$`, out)
	require.Regexp(t, `(?m)^ +left balance +300\.70$`, out)
	require.Regexp(t, `(?m)^ +in left only +missing no candidate +-0\.70 +1 row +unexplained$`, out)
	require.Regexp(t, `(?m)^ +difference of proposed groups +0\.25 +1 group +unexplained$`, out)
	require.Regexp(t, `(?m)^ +right balance +300\.25 +✓$`, out)
	s.fails(exitFound, "--fail-on found unexplained: 2", "statement", "--context", "Cash", "--fail-on", "unexplained")
	var statement recon.Statement
	require.NoError(t, json.Unmarshal([]byte(s.must("statement", "--context", "Cash", "--json", "--as-of", "2026-01-04")), &statement))
	require.Equal(t, "2026-01-04", statement.AsOf.String())
	s.fails(exitUsage, `--as-of: "4.1.2026" is no day`, "statement", "--context", "Cash", "--as-of", "4.1.2026")
	s.fails(exitUsage, "which context?", "statement")

	t.Run("ageing", func(t *testing.T) {
		aged := s.must("ageing", "--context", "Cash", "--as-of", "2026-01-15")
		require.Regexp(t, `(?m)^as of 2026-01-15 +SIDE +OPEN +0–7 DAYS +8–30 DAYS .*91 DAYS AND MORE +OLDEST$`, aged)
		require.Regexp(t, `(?m)^EUR +LEFT +0\.70 in 1 item +0\.00 \(0\) +0\.70 \(1\) .* 2026-01-05$`, aged)
		var a recon.Ageing
		require.NoError(t, json.Unmarshal([]byte(s.must("ageing", "--context", "Cash", "--json")), &a))
		require.Equal(t, "0.70", a.Currencies[0].Left.Amount)
		s.fails(exitFailed, "no context is called", "ageing", "--context", "Gold")
	})
}
