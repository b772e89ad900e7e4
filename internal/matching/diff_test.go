//go:build unit || !integration

package matching

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/engine"
	"matcher/internal/recon"
)

func euros(_ recon.Side, id int64) recon.Money {
	return recon.Money{Amount: recon.Minor(100 * id), Currency: "EUR"}
}

func of(rule string, left []int64, right ...int64) matched {
	return matched{recon.RowSet{Left: left, Right: right}, rule}
}

func TestDiffGroups(t *testing.T) {
	t.Parallel()
	before := []matched{
		of("exact", []int64{1}, 101), of("exact", []int64{2}, 102), of("exact", []int64{3}, 103), of("sum", []int64{5, 6}, 105),
	}
	after := []matched{
		of("sum", []int64{6, 5}, 105), of("lag", []int64{4}, 104), of("lag", []int64{2}, 103), of("lag", []int64{3}, 106), of("exact", []int64{7, 8}),
	}
	diff, err := diffGroups(before, after, euros)
	require.NoError(t, err)
	require.Equal(t, []groupChange{
		{Kind: recon.DiffLost, Before: []int{0}},
		{Kind: recon.DiffRePaired, Before: []int{1, 2}, After: []int{2, 3}},
		{Kind: recon.DiffGained, After: []int{1}},
		{Kind: recon.DiffGained, After: []int{4}},
	}, diff.Changes, "rows in another order are the same group")
	require.Equal(t, recon.DiffGroups{Before: 4, After: 5, Unchanged: 1}, diff.Groups)
	require.Equal(t, recon.DiffEntries{Gained: 2, Lost: 1, RePaired: 1}, diff.Entries)
	require.Equal(t, recon.RowChanges{Gained: 3, Lost: 1, RePaired: 2, Unchanged: 2}, diff.Rows[engine.LeftIndex])
	require.Equal(t, recon.RowChanges{Gained: 2, Lost: 2, RePaired: 1, Unchanged: 1}, diff.Rows[engine.RightIndex])
	require.Equal(t, []recon.MoneyChange{
		{Currency: "EUR", Side: recon.Left, Gained: "19.00", Lost: "1.00", RePaired: "5.00", Unchanged: "11.00"},
		{Currency: "EUR", Side: recon.Right, Gained: "210.00", Lost: "203.00", RePaired: "103.00", Unchanged: "105.00"},
	}, diff.Money)

	t.Run("a group that grows or shrinks is another group", func(t *testing.T) {
		t.Parallel()
		diff, err := diffGroups([]matched{of("sum", []int64{1, 2}, 101)}, []matched{of("exact", []int64{1}, 101)}, euros)
		require.NoError(t, err)
		require.Equal(t, []groupChange{{Kind: recon.DiffRePaired, Before: []int{0}, After: []int{0}}}, diff.Changes)
		require.Equal(t, recon.RowChanges{Lost: 1, RePaired: 1}, diff.Rows[engine.LeftIndex])
	})
	t.Run("the same group by another rule is unchanged", func(t *testing.T) {
		t.Parallel()
		diff, err := diffGroups([]matched{of("exact", []int64{1}, 101)}, []matched{of("lag", []int64{1}, 101)}, euros)
		require.NoError(t, err)
		require.Empty(t, diff.Changes)
	})
	t.Run("a sum that nobody could print is an error", func(t *testing.T) {
		t.Parallel()
		huge := func(recon.Side, int64) recon.Money { return recon.Money{Amount: math.MaxInt64, Currency: "EUR"} }
		_, err := diffGroups(nil, []matched{of("sum", []int64{1, 2}, 101)}, huge)
		require.Equal(t, "SUM_TOO_BIG", recon.CodeOf(err))
	})
}

// groupings are random groups over the same rows, each row in at most one.
func groupings(random *rand.Rand, rows int) []matched {
	pools := [2][]int64{}
	for side := range pools {
		for id := range rows {
			pools[side] = append(pools[side], int64(id+1))
		}
		random.Shuffle(rows, func(i, j int) { pools[side][i], pools[side][j] = pools[side][j], pools[side][i] })
	}
	take := func(side, n int) []int64 {
		n = min(n, len(pools[side]))
		taken := pools[side][:n:n]
		pools[side] = pools[side][n:]
		return taken
	}
	var list []matched
	for range random.IntN(rows) {
		g := matched{recon.RowSet{Left: take(0, random.IntN(3)), Right: take(1, random.IntN(3))}, "rule"}
		if g.size() > 0 {
			list = append(list, g)
		}
	}
	return list
}

// mirrored is a diff as it looks from the other side.
func mirrored(d groupDiff) groupDiff {
	swapped := map[recon.DiffKind]recon.DiffKind{
		recon.DiffLost: recon.DiffGained, recon.DiffGained: recon.DiffLost, recon.DiffRePaired: recon.DiffRePaired,
	}
	m := groupDiff{Groups: recon.DiffGroups{Before: d.Groups.After, After: d.Groups.Before, Unchanged: d.Groups.Unchanged}}
	m.Entries = recon.DiffEntries{Gained: d.Entries.Lost, Lost: d.Entries.Gained, RePaired: d.Entries.RePaired}
	for _, kind := range []recon.DiffKind{recon.DiffGained, recon.DiffRePaired, recon.DiffLost} {
		for _, c := range d.Changes {
			if c.Kind == kind {
				m.Changes = append(m.Changes, groupChange{swapped[c.Kind], c.After, c.Before})
			}
		}
	}
	for side, r := range d.Rows {
		m.Rows[side] = recon.RowChanges{Gained: r.Lost, Lost: r.Gained, RePaired: r.RePaired, Unchanged: r.Unchanged}
	}
	for _, s := range d.Money {
		s.Gained, s.Lost = s.Lost, s.Gained
		m.Money = append(m.Money, s)
	}
	return m
}

func TestDiffGroups_Properties(t *testing.T) {
	t.Parallel()
	for seed := range uint64(500) {
		random := rand.New(rand.NewPCG(seed, 7))
		a, b := groupings(random, 12), groupings(random, 12)

		same, err := diffGroups(a, shuffledGroups(random, a), euros)
		require.NoError(t, err)
		require.Empty(t, same.Changes, "diff(a, a), seed %d", seed)
		require.Equal(t, same.Groups.Before, same.Groups.Unchanged)

		forth, err := diffGroups(a, b, euros)
		require.NoError(t, err)
		back, err := diffGroups(b, a, euros)
		require.NoError(t, err)
		require.Equal(t, mirrored(forth), back, "diff(a, b) and diff(b, a), seed %d", seed)

		again, err := diffGroups(shuffledGroups(random, a), shuffledGroups(random, b), euros)
		require.NoError(t, err)
		require.Equal(t, kindsOf(forth), kindsOf(again), "order of the groups, seed %d", seed)
		require.Equal(t, forth.Rows, again.Rows)
		requireAccounted(t, a, b, forth)
	}
}

func shuffledGroups(random *rand.Rand, groups []matched) []matched {
	out := slices.Clone(groups)
	random.Shuffle(len(out), func(i, j int) { out[i], out[j] = out[j], out[i] })
	return out
}

func kindsOf(d groupDiff) (kinds []recon.DiffKind) {
	for _, c := range d.Changes {
		kinds = append(kinds, c.Kind)
	}
	return kinds
}

// requireAccounted: every row that is confirmed somewhere is counted once, and every group is unchanged or in one change.
func requireAccounted(t *testing.T, before, after []matched, d groupDiff) {
	t.Helper()
	for side := range d.Rows {
		was, is := len(owners(before, side)), len(owners(after, side))
		r := d.Rows[side]
		require.EqualValues(t, was, r.Lost+r.RePaired+r.Unchanged)
		require.EqualValues(t, is, r.Gained+r.RePaired+r.Unchanged)
	}
	var listed recon.DiffGroups
	for _, c := range d.Changes {
		listed.Before += int64(len(c.Before))
		listed.After += int64(len(c.After))
		require.Equal(t, c.Kind == recon.DiffRePaired, len(c.Before) > 0 && len(c.After) > 0)
		require.True(t, c.Kind == recon.DiffRePaired || len(c.Before)+len(c.After) == 1)
	}
	require.Equal(t, d.Groups.Before, listed.Before+d.Groups.Unchanged)
	require.Equal(t, d.Groups.After, listed.After+d.Groups.Unchanged)
}
