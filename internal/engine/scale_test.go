//go:build unit || !integration

package engine

import (
	"math/rand/v2"
	"os"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"matcher/internal/recon"
	"matcher/tests/bench/gen"
)

// scaled runs n rows a side in an order of its own and reports the work: candidates weighed, seconds, and bytes held.
func scaled(t *testing.T, p *Plan, shape gen.Shape) (res *Result, candidates int64, took time.Duration, held uint64) {
	t.Helper()
	left, right := generated(t, p, shape)
	start := time.Now()
	res, err := Run(p, left, right, nil)
	took = time.Since(start)
	require.NoError(t, err)
	for _, rule := range res.ByRule {
		candidates += rule.Candidates
	}
	runtime.GC()
	var memory runtime.MemStats
	runtime.ReadMemStats(&memory)
	runtime.KeepAlive(left)
	runtime.KeepAlive(right)
	return res, candidates, took, memory.HeapAlloc
}

// TestT107_TwiceTheRowsAreTwiceTheWork counts candidates in the ordinary suite, at 60,000 rows a side; with MATCHER_NIGHTLY
// set it takes a million and holds the clock and the memory to their ratios too.
func TestT107_TwiceTheRowsAreTwiceTheWork(t *testing.T) {
	n, nightly := 60_000, os.Getenv("MATCHER_NIGHTLY") != ""
	if nightly {
		n = 1_000_000
	}
	rules := []recon.Rule{
		{Name: "exact", Type: recon.RuleExact, Priority: 1},
		{Name: "near", Type: recon.RuleTolerance, Priority: 2, Keys: []recon.RuleKey{}},
	}
	// O2 to O4 are checked by the run itself, which fails when one does not hold.
	_, once, onceTook, onceHeld := scaled(t, compile(t, rules...), gen.Ordinary(n, 107))
	_, twice, twiceTook, twiceHeld := scaled(t, compile(t, rules...), gen.Ordinary(2*n, 107))
	t.Logf("%d rows a side: %d candidates in %v, %d MB; twice as many: %d in %v, %d MB", n, once, onceTook, onceHeld>>20, twice, twiceTook, twiceHeld>>20)
	require.Positive(t, once)
	require.LessOrEqual(t, float64(twice)/float64(once), 2.4)
	if nightly {
		require.LessOrEqual(t, twiceTook.Seconds()/onceTook.Seconds(), 2.4)
		require.LessOrEqual(t, float64(twiceHeld)/float64(onceHeld), 2.2, "memory follows the rows")
	}
}

// TestT107_TheDenseWorstCaseEndsWithAReason: one amount, one day, all else different, no key. Every pair is as good as every
// other, which n·n candidates would only say at length.
func TestT107_TheDenseWorstCaseEndsWithAReason(t *testing.T) {
	n := 30_000
	if os.Getenv("MATCHER_NIGHTLY") != "" {
		n = 1_000_000
	}
	dense := func(n int) (*Result, int64) {
		random := rand.New(rand.NewPCG(1, 107))
		row := func(_ int, tx *recon.Transaction) {
			tx.Amount, tx.Reference = 10_00, string(rune('a'+random.IntN(26)))+time.Duration(random.Int64()).String()
			tx.Description = tx.Reference
		}
		res := timed(t, compile(t, recon.DefaultLadder()...), worstSide("L", n, row), worstSide("R", n, row))
		candidates := int64(0)
		for _, rule := range res.ByRule {
			candidates += rule.Candidates
		}
		return res, candidates
	}
	_, once := dense(n)
	res, twice := dense(2 * n)
	require.LessOrEqual(t, twice, 3*once, "not the square")
	require.Zero(t, res.Counts[LeftIndex].Matched, "nothing distinguishes one from another")
	require.EqualValues(t, 2*n, res.Counts[LeftIndex].Proposed+res.Counts[LeftIndex].Unmatched)
	for i := range res.Groups {
		require.Equal(t, recon.HeldByAmbiguity, res.Groups[i].HeldBy())
	}
	for i := range res.Open[LeftIndex] {
		require.NotEmpty(t, res.Open[LeftIndex][i].Reason())
	}
}
