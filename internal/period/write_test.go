//go:build unit || !integration

package period

import (
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/engine"
	"matcher/internal/recon"
)

func TestAPeriodHandsOnWhatIsNotSettled(t *testing.T) {
	t.Parallel()
	c := january(t).closed(t)
	c.Plan.Options.Rejected = []recon.RowSet{{Left: []int64{3}, Right: []int64{2}}, {Left: []int64{3}, Right: []int64{2}}, {Left: []int64{0}, Right: []int64{2}}}
	text := write(t, c)
	carry := read(t, text)
	require.False(t, carry.First())
	require.Equal(t, day("2026-01-22"), carry.AsOf())
	require.Len(t, carry.Rows[engine.LeftIndex], 3)
	require.Len(t, carry.Rows[engine.RightIndex], 4)
	require.Len(t, carry.Partials, 1)
	require.Equal(t, "in parts", carry.Partials[0].Rule)
	require.Len(t, carry.Rejected, 1, "a set is kept once, and only while all its rows are carried")
	require.Contains(t, text, `"type":"partial","rule":"in parts","left":[1],"right":[5],"residual":"570.00","currency":"EUR","side":"LEFT","date":"2026-01-10"`)
	require.Contains(t, text, `"type":"settled","side":"LEFT","source":"books","date":"2026-01-05"`)

	require.Equal(t, "books.csv", carry.Row(engine.LeftIndex, firstID).File)
	require.Nil(t, carry.Row(engine.LeftIndex, 0), "a row of this period")
	waits := 0
	for i := range carry.Rows[engine.RightIndex] {
		if row := &carry.Rows[engine.RightIndex][i]; row.Waits() {
			require.Equal(t, "R4", row.Tx.ExternalID)
			waits++
		}
	}
	require.Equal(t, 1, waits)

	t.Run("the same again adds nothing", func(t *testing.T) {
		again := january(t)
		again.carry = carry
		c := again.closed(t)
		require.EqualValues(t, 4, c.Sides[0].Table.Duplicates)
		require.EqualValues(t, 5, c.Sides[1].Table.Duplicates)
		require.Equal(t, "964.05", recon.Money{Amount: c.Result.Bridge[0].Left - 12300, Currency: "EUR"}.String())
	})
}

func TestTwoMonthsTieTheirBalances(t *testing.T) {
	t.Parallel()
	first := january(t).closed(t)
	carry := read(t, write(t, first))
	february := month{
		carry: carry,
		left:  []string{"L6|2026-02-16|INV-6|20.00 EUR|", "L7|2026-02-17|INV-7|7.00 CHF|"},
		right: []string{"R5|2026-02-10||570.00 EUR|INV-2", "R6|2026-02-16|INV-6|20.00 EUR|", "R7|2026-02-08|INV-3|100.00 EUR|"},
	}.closed(t)
	bridges := map[string]recon.Bridge{}
	for _, b := range february.Result.Bridge {
		require.NoError(t, b.Check())
		bridges[b.Currency] = b
	}
	require.EqualValues(t, 108705+2000, bridges["EUR"].Left)
	require.EqualValues(t, 42200+69000, bridges["EUR"].Right)
	require.EqualValues(t, 100, bridges["USD"].Right, "a currency without rows of this month keeps its balance")
	text := write(t, february)
	require.Contains(t, text, `{"label":"difference of groups matched earlier","reason":"ROUNDING","amount":"-0.05","count":1}`)
	next := read(t, text)
	require.Empty(t, next.Partials, "the second part has come")
	require.Len(t, next.Sources(recon.Left), 1)

	t.Run("what stays to be settled goes on", func(t *testing.T) {
		require.Len(t, next.Rows[engine.LeftIndex], 2)
		require.NotEmpty(t, next.settled)
		march := month{carry: next, left: []string{"L1|2026-01-05|INV-1|10.05 EUR|"}}.closed(t)
		require.EqualValues(t, 1, march.Sides[0].Table.Duplicates, "it was settled in January")
		require.Equal(t, next.AsOf(), march.Result.AsOf, "nothing came since")
		require.Contains(t, write(t, march), `"reason":"ROUNDING"`)
	})
}

func TestARowOutsideThePeriodIsLeftToItsOwn(t *testing.T) {
	t.Parallel()
	m := january(t)
	m.options = recon.RunOptions{From: day("2026-01-01"), To: day("2026-01-31")}
	m.left = append(m.left, "L9|2026-02-03|INV-99|40.00 EUR|", "L8|2026-02-02|INV-9|5.00 EUR|")
	m.balances = [2]string{"EUR=1087.05", ""}
	c := m.closed(t)
	text := write(t, c)
	require.NotContains(t, text, "INV-99")
	carry := read(t, text)
	require.True(t, carry.stated("EUR", recon.Left))
	require.False(t, carry.stated("EUR", recon.Right))
}
