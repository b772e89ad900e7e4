//go:build unit || !integration

package engine

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"matcher/internal/recon"
)

// judged is one rule of one to one, restated from the specification and not from the engine: what it compares, what that
// scores, and whether it could be confirmed.
type judged struct {
	keys              string // "", "required" or "optional"
	abs, days, autoAt int
}

func (j *judged) rule() recon.Rule {
	r := recon.Rule{
		Name: "judged", Type: recon.RuleTolerance, Priority: 1, Keys: []recon.RuleKey{},
		Amount:  recon.RuleAmount{Abs: recon.Limits{Default: recon.Decimal(fmt.Sprintf("%d.%02d", j.abs/100, j.abs%100))}},
		Date:    recon.RuleDate{MaxDays: new(j.days)},
		Confirm: recon.RuleConfirm{AutoAt: new(j.autoAt)},
	}
	if j.keys != "" {
		r.Keys = []recon.RuleKey{{Left: "reference", Right: "reference", Split: ";", Required: new(j.keys == "required")}}
	}
	return r
}

// A score counts 85 · 10,000 where everything agrees: keys 40, amount 30, date 15. A point is a hundredth of that.
const judgedPoint = 85 * 100

// score of a pair, whether it holds the rule at all, and whether it could be confirmed.
func (j *judged) score(l, r *recon.Transaction) (score int64, confirmable, held bool) {
	difference, lag := (l.Amount - r.Amount).Abs(), max(l.Date-r.Date, r.Date-l.Date)
	turned := l.Amount < 0 && r.Amount > 0 || l.Amount > 0 && r.Amount < 0
	allowed := j.abs
	if l.Currency == "JPY" { // which has no decimals
		allowed /= 100
	}
	if l.Currency != r.Currency || int(difference) > allowed || turned || int(lag) > j.days {
		return 0, false, false
	}
	filled := j.keys != "" && l.Reference != "" && r.Reference != ""
	agree := filled && slices.ContainsFunc(strings.Split(l.Reference, ";"), func(v string) bool {
		return slices.Contains(strings.Split(r.Reference, ";"), v)
	})
	if filled && !agree || j.keys == "required" && !agree {
		return 0, false, false
	}
	near := func(difference, allowed int) int64 { // 1 − difference / (2 · allowed) in 1/10,000, half up
		if difference == 0 {
			return 10_000
		}
		return int64((20_000*(2*allowed-difference) + 2*allowed) / (4 * allowed))
	}
	score = 30*near(int(difference), allowed) + 15*near(int(lag), j.days)
	if agree {
		score += 40 * 10_000
	}
	return score, agree && score >= int64(j.autoAt)*judgedPoint-judgedPoint/2, true
}

// choice is an assignment problem that is solved by trying everything. Rows of one kind are interchangeable.
type choice struct {
	kinds [2][]int
	score map[[2]int]int64 // by left and right row, of the pairs that may be taken
	limit map[[2]int]int   // by left and right kind: how many pairs it may have; none given: any number
	known map[string][2]int64
}

// best is the most pairs, and the highest total among those, of the left rows from i on with the right rows in free.
func (c *choice) best(i int, free uint, used map[[2]int]int) [2]int64 {
	if i == len(c.kinds[0]) {
		return [2]int64{}
	}
	key := fmt.Sprint(i, free, used)
	if b, known := c.known[key]; known {
		return b
	}
	top := c.best(i+1, free, used)
	for r := range c.kinds[1] {
		score, may := c.score[[2]int{i, r}]
		kind := [2]int{c.kinds[0][i], c.kinds[1][r]}
		most, limited := c.limit[kind]
		if !may || free&(1<<r) == 0 || limited && used[kind] == most {
			continue
		}
		if limited {
			used[kind]++
		}
		rest := c.best(i+1, free&^(1<<r), used)
		if limited {
			if used[kind]--; used[kind] == 0 {
				delete(used, kind)
			}
		}
		if got := [2]int64{rest[0] + 1, rest[1] + score}; got[0] > top[0] || got[0] == top[0] && got[1] > top[1] {
			top = got
		}
	}
	c.known[key] = top
	return top
}

func (c *choice) optimum(limit map[[2]int]int) [2]int64 {
	c.limit, c.known = limit, map[string][2]int64{}
	return c.best(0, 1<<len(c.kinds[1])-1, map[[2]int]int{})
}

// contentKinds numbers rows by their content.
func contentKinds(rows []recon.Transaction) []int {
	var kinds []int
	seen := map[[32]byte]int{}
	for i := range rows {
		if _, known := seen[rows[i].Digest]; !known {
			seen[rows[i].Digest] = len(seen)
		}
		kinds = append(kinds, seen[rows[i].Digest])
	}
	return kinds
}

func chosenSum(c *choice, pairs [][2]int) (sum [2]int64) {
	for _, p := range pairs {
		sum[0]++
		sum[1] += c.score[p]
	}
	return sum
}

// Each drawn reconciliation is small enough to try every assignment of it. (Eight times rapid's hundred draw every gate.)
func TestRunIsOptimal(t *testing.T) {
	drawn := map[string]int{}
	for range 8 {
		rapid.Check(t, func(t *rapid.T) {
			j := &judged{
				keys: rapid.SampledFrom([]string{"required", "optional", "optional", ""}).Draw(t, "keys"),
				abs:  rapid.SampledFrom([]int{50, 100}).Draw(t, "abs"), days: rapid.IntRange(0, 4).Draw(t, "days"),
				autoAt: rapid.SampledFrom([]int{0, 70, 90}).Draw(t, "autoAt"),
			}
			left, right := drawRows(t, "L"), drawRows(t, "R")
			left, right = left[:min(len(left), 7)], right[:min(len(right), 7)]
			requireOptimal(t, j, left, right, drawn)
		})
	}
	for _, what := range []string{recon.GroupConfirmed.String(), recon.HeldByAmbiguity.String(), recon.HeldByMargin.String(), recon.HeldByNoKey.String(), recon.HeldByScore.String()} {
		require.Positive(t, drawn[what], "no case drew %s", what)
	}
}

func requireOptimal(t *rapid.T, j *judged, left, right []recon.Transaction, drawn map[string]int) {
	strong := &choice{kinds: [2][]int{contentKinds(left), contentKinds(right)}, score: map[[2]int]int64{}}
	all := map[[2]int]int64{}
	for l := range left {
		for r := range right {
			score, confirmable, held := j.score(&left[l], &right[r])
			if held {
				all[[2]int{l, r}] = score
			}
			if confirmable {
				strong.score[[2]int{l, r}] = score
			}
		}
	}
	res, lt, rt := run(t, compile(t, j.rule()), left, right)
	require.Zero(t, res.ByRule[0].Gap)
	var first, rest [][2]int
	groups := map[[2]int]*Group{}
	for i := range res.Groups {
		g := &res.Groups[i]
		pair := [2]int{int(lt.ID(res.LeftRows(g)[0])), int(rt.ID(res.RightRows(g)[0]))}
		groups[pair] = g
		require.Contains(t, all, pair, "a pair that does not hold the rule")
		if _, could := strong.score[pair]; could {
			first = append(first, pair)
		} else {
			rest = append(rest, pair)
		}
		require.Equal(t, (all[pair]*200+2*85*5000)/(2*85*10_000), int64(g.Score), "%v", pair)
	}
	best := strong.optimum(nil)
	require.Equal(t, best, chosenSum(strong, first), "confirmable pairs come first, most of them, then the highest total")

	weak := &choice{kinds: strong.kinds, score: map[[2]int]int64{}} // what is left, by what the rows of the first pass leave
	for pair, score := range all {
		if !slices.ContainsFunc(first, func(p [2]int) bool { return p[0] == pair[0] || p[1] == pair[1] }) {
			weak.score[pair] = score
		}
	}
	require.Equal(t, weak.optimum(nil), chosenSum(weak, rest), "then the rest, most of them, then the highest total")

	requireGates(t, strong, best, first, groups, drawn)
	for _, pair := range rest {
		drawn[groups[pair].HeldBy().String()]++
		require.Equal(t, recon.GroupProposed, groups[pair].Status(), "what could not be confirmed was")
		if loss, _ := lossOf(weak, weak.optimum(nil), rest, pair); loss == 0 {
			require.Equal(t, recon.HeldByAmbiguity, groups[pair].HeldBy(), "%v", pair)
			require.Positive(t, groups[pair].Alternatives)
		}
	}
}

// requireGates forbids each confirmable pair in turn: what that costs shows whether it is ambiguous, too narrow, or sure.
func requireGates(t *rapid.T, c *choice, best [2]int64, pairs [][2]int, groups map[[2]int]*Group, drawn map[string]int) {
	for _, pair := range pairs {
		g := groups[pair]
		loss, fewer := lossOf(c, best, pairs, pair)
		want := recon.HeldByNothing
		switch {
		case fewer:
		case loss == 0:
			want = recon.HeldByAmbiguity
			require.Positive(t, g.Alternatives, "%v", pair)
		case loss < 10*judgedPoint:
			want = recon.HeldByMargin
		}
		if want == recon.HeldByNothing && g.HeldBy() == recon.HeldByReversed {
			want = recon.HeldByReversed // which counter-rows do, not the assignment
		}
		require.Equal(t, want, g.HeldBy(), "%v costs %d when it is forbidden", pair, loss)
		require.Equal(t, want == recon.HeldByNothing, g.Status() == recon.GroupConfirmed)
		drawn[g.Status().String()]++
		drawn[want.String()]++
	}
}

// lossOf is what the best assignment loses if the kinds of a pair may make one pair less than they do.
func lossOf(c *choice, best [2]int64, pairs [][2]int, pair [2]int) (loss int64, fewer bool) {
	kind, n := [2]int{c.kinds[0][pair[0]], c.kinds[1][pair[1]]}, 0
	for _, p := range pairs {
		if kind == [2]int{c.kinds[0][p[0]], c.kinds[1][p[1]]} {
			n++
		}
	}
	without := c.optimum(map[[2]int]int{kind: n - 1})
	return best[1] - without[1], without[0] < best[0]
}
