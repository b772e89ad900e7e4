//go:build unit || !integration

package report

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/recon"
)

func TestWriteStatement(t *testing.T) {
	s := recon.Statement{AsOf: day("2026-01-31"), Currencies: []recon.StatementCurrency{{
		Currency: "EUR", Left: "1000.00", Right: "1500.00",
		Items: []recon.StatementItem{
			{Label: recon.LabelRightOnly, Side: recon.Right, Class: "MISSING", Reason: "NO_CANDIDATE", Amount: "500.25", Count: 1},
			{Label: recon.LabelDifference, Reason: "FEE", Amount: "-0.25", Count: 2},
		},
		Stated: []recon.StatedBalance{{Side: recon.Right, Account: "DE02", To: day("2026-01-31"), Closing: "1500.00"}},
	}}}
	bridges, err := s.Bridges()
	require.NoError(t, err)
	var out strings.Builder
	require.NoError(t, WriteStatement(&out, &s, bridges))
	lines := strings.Split(out.String(), "\n")
	require.Regexp(t, `^EUR  as of 2026-01-31 +to book 500\.00 · timing 0\.00 · unexplained 0\.00$`, lines[0])
	require.Regexp(t, `^ +left balance +1,000\.00$`, lines[1])
	require.Regexp(t, `^ +in right only +missing no candidate +500\.25 +1 row +to book$`, lines[2])
	require.Regexp(t, `^ +difference of matched groups +fee +-0\.25 +2 groups +to book$`, lines[3])
	require.Regexp(t, `^ +right balance +1,500\.00 +✓$`, lines[4])
	require.Regexp(t, `^ +right balance of 2026-01-31 +DE02 +1,500\.00 +stated$`, lines[5])

	out.Reset()
	require.NoError(t, WriteStatement(&out, &recon.Statement{}, nil))
	require.Equal(t, "there are no rows yet\n", out.String())
}

func TestWriteAgeing(t *testing.T) {
	seven := 7
	side := recon.AgeingSide{Amount: "1200.00", Count: 2, Oldest: day("2026-01-01"), Buckets: []recon.AgeBucket{
		{FromDays: 0, ToDays: &seven, Amount: "200.00", Count: 1}, {FromDays: 8, Amount: "1000.00", Count: 1},
	}}
	a := recon.Ageing{AsOf: day("2026-01-31"), Currencies: []recon.AgeingCurrency{{Currency: "EUR", Left: side, Right: side}}}
	var out strings.Builder
	require.NoError(t, WriteAgeing(&out, &a))
	require.Regexp(t, `^as of 2026-01-31  SIDE   OPEN                 0–7 DAYS    8 DAYS AND MORE  OLDEST
EUR               LEFT   1,200\.00 in 2 items  200\.00 \(1\)  1,000\.00 \(1\)     2026-01-01
EUR               RIGHT  1,200\.00 in 2 items`, out.String())
	out.Reset()
	require.NoError(t, WriteAgeing(&out, &recon.Ageing{}))
	require.Equal(t, "nothing is open\n", out.String())
}
