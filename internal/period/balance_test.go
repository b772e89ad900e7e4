//go:build unit || !integration

package period

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/recon"
)

func TestParseBalances(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]Balances{
		"": {}, "84210.55": {"": "84210.55"}, "EUR=-1.00, USD=2": {"EUR": "-1.00", "USD": "2"}, "JPY=1000": {"JPY": "1000"},
	} {
		got, err := ParseBalances(text)
		require.NoError(t, err, text)
		require.Equal(t, want, got)
	}
	for text, want := range map[string]string{
		"84,210.55":     `write "84,210.55" without commas between thousands`,
		"EUR=1,234,567": "without commas",
		"84210,55":      `write "84210,55" with a point before the decimals`,
		"EUR=1,EUR=2":   "two balances for one currency",
		"EUR=x":         "; write 84210.55, or EUR=84210.55,USD=10.00",
	} {
		_, err := ParseBalances(text)
		require.ErrorContains(t, err, want, text)
	}
}

func TestBalancesStandInTheCurrenciesOfTheBridges(t *testing.T) {
	t.Parallel()
	euro, yen := recon.Bridge{Currency: "EUR"}, recon.Bridge{Currency: "JPY"}
	in := func(text string, bridges ...recon.Bridge) (map[string]recon.Minor, error) {
		balances, err := ParseBalances(text)
		require.NoError(t, err)
		return balances.In(recon.Left, bridges)
	}
	amounts, err := in("10.50", euro)
	require.NoError(t, err)
	require.Equal(t, map[string]recon.Minor{"EUR": 1050}, amounts)
	amounts, err = in("EUR=10.50,JPY=7", euro, yen)
	require.NoError(t, err)
	require.Equal(t, map[string]recon.Minor{"EUR": 1050, "JPY": 7}, amounts)
	amounts, err = in("2.00,EUR=1", euro)
	require.NoError(t, err)
	require.Equal(t, map[string]recon.Minor{"EUR": 200}, amounts)
	amounts, err = in("5")
	require.NoError(t, err)
	require.Empty(t, amounts, "a month without a row has no currency")
	for text, want := range map[string]string{
		"10.50": "there are several currencies", "USD=1": "the left balance is in USD, and no row of either side is",
	} {
		_, err = in(text, euro, yen)
		require.ErrorContains(t, err, want)
	}
	_, err = in("1.50", yen)
	require.ErrorContains(t, err, "the balance ")
}

func TestAStatedBalanceThatDoesNotFollowIsNoted(t *testing.T) {
	t.Parallel()
	m := january(t)
	m.balances = [2]string{"EUR=2087.05,USD=0", "EUR=1422.00,USD=1"}
	first := m.closed(t)
	require.Zero(t, Unexplained(first.Result.Bridge))
	carry := read(t, write(t, first))

	february := month{carry: carry, left: []string{"L6|2026-02-16|INV-6|20.00 EUR|"}, right: []string{"R6|2026-02-16|INV-6|20.00 EUR|"}}.closed(t)
	euro := february.Result.Bridge[:1]
	notes, err := carry.Start(euro, [2]map[string]recon.Minor{{"EUR": 210705}, {"EUR": 144500}}, [2]string{"books", "bank"})
	require.NoError(t, err)
	require.Equal(t, []string{"bank: last period's balance and the rows since make 1442.00 EUR, and the balance given is 1445.00: 3.00 is in no file"}, notes)
	require.EqualValues(t, 1, Unexplained(euro))
	require.NoError(t, euro[0].Check())
	february.Result.Bridge = euro
	require.Contains(t, write(t, february), recon.LabelUnexplained)

	_, err = carry.Start(euro, [2]map[string]recon.Minor{{"EUR": math.MaxInt64}, {"EUR": math.MinInt64 + 1}}, [2]string{})
	require.Error(t, err)
}
