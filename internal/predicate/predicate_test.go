//go:build unit || !integration

package predicate

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/recon"
)

func TestWhere(t *testing.T) {
	t.Parallel()
	row := recon.Transaction{
		ExternalID: "X1", Reference: "INV-17", Amount: -100_10, Currency: "EUR", Date: recon.Epoch + 20454,
		Description: "Card payment ALDI", Kind: "SALE", BookingStatus: recon.Booked,
		Fee:      recon.NullMinor{Amount: 1_25, Set: true},
		Original: &recon.Money{Amount: 16125, Currency: "JPY"},
		Metadata: []recon.Attribute{{Name: "bank", Value: "ABC"}, {Name: "empty"}, {Name: "value date", Value: "x"}},
	}
	t.Run("a row holds what is true of it", func(t *testing.T) {
		t.Parallel()
		for text, want := range map[string]bool{
			`amount < 0`:                       true,
			`amount == -100.1`:                 true,
			`amount == -100.10`:                true,
			`amount != -100.1`:                 false,
			`amount > -100.11`:                 true,
			`amount > "-100.11"`:               true,
			`-100.11 < amount`:                 true,
			`-100 > amount`:                    true,
			`amount >= -100.1`:                 true,
			`abs(amount) - fee == 98.85`:       true,
			`-amount + fee >= 101.35`:          true,
			`amount in [1.5, -100.1]`:          true,
			`fee * 2 > 1`:                      false, // refused: see below
			`original.amount == 16125`:         true,
			`original.currency == "JPY"`:       true,
			`date >= "2026-01-01"`:             true,
			`date < "2026-01-01"`:              false,
			`"2026-01-01" == date`:             true,
			`valueDate == date`:                false, // has none
			`valueDate != date`:                false,
			`gross > 0 || amount < 0`:          true, // one side that holds is enough
			`gross > 0 && amount < 0`:          false,
			`!(gross > 0)`:                     false, // cannot be evaluated, so it is false
			`metadata.bank == "ABC"`:           true,
			`metadata["value date"] == "x"`:    true,
			`metadata.other == ""`:             false,
			`has(metadata.bank)`:               true,
			`has(metadata.empty)`:              false,
			`!has(metadata.other)`:             true,
			`"bank" in metadata`:               true,
			`"empty" in metadata`:              false,
			`description.matches("(?i)aldi$")`: true,
			`description.startsWith("Card") && kind in ["SALE", "REFUND"]`:                                     true,
			`reference.contains("17") && externalId == "X1" && currency == "EUR" && bookingStatus == "BOOKED"`: true,
		} {
			p, err := Compile(text)
			if text == `fee * 2 > 1` {
				require.Error(t, err)
				continue
			}
			require.NoError(t, err, text)
			require.Equal(t, want, p.Holds(&Row{tx: &row}), text)
		}
	})
	t.Run("what cannot work is refused when it is written", func(t *testing.T) {
		t.Parallel()
		for _, text := range []string{
			`amount >`, `amount`, `amonut > 5`, `amount > "many"`, `date > "31.01.2026"`, `description > 5`, `size(metadata) > 1`,
			`metadata.exists(k, k == "x")`, `metadata[reference] == "x"`, `amount > 0.12345678901234567`, `amount == 1e300`,
			`reference == "` + strings.Repeat("x", bytesMax) + `"`,
			`["a","b","c","d"].exists(a, ["a","b","c","d"].exists(b, ["a","b","c","d"].exists(c, ["a","b","c","d"].exists(d, description.matches(a+b+c+d)))))`,
		} {
			_, err := Compile(text)
			require.Error(t, err, text)
		}
	})
	t.Run("it lists what it reads", func(t *testing.T) {
		t.Parallel()
		p, err := Compile(`has(metadata.iban) && metadata["value date"] != "" && original.amount > 5 && kind == "FEE" && date > valueDate`)
		require.NoError(t, err)
		require.Equal(t, []string{"date", "kind", "metadata.iban", "metadata.value date", "original", "valueDate"}, p.Fields)
	})
}

// FuzzWhere: no text makes a predicate panic, and what is accepted gives the same answer twice.
func FuzzWhere(f *testing.F) {
	for _, text := range []string{
		`amount > 1.5 && date >= "2026-01-01"`, `has(metadata.x) ? metadata["x"] == "1" : abs(-fee) <= 5`,
		`kind in ["A"] || description.matches("(?i)a+")`, `original.amount == 9223372036854775807 - 1`, `[1.5, amount].exists(a, a == amount)`,
		`-amount - gross < decimal("0.000000000000000000000000000001")`, `string(amount) == "1.00"`,
	} {
		f.Add(text)
	}
	row := recon.Transaction{Amount: -9223372036854775807, Currency: "EUR", Date: recon.Epoch + 20454, Original: &recon.Money{Amount: 1, Currency: "JPY"}, Metadata: []recon.Attribute{{Name: "x", Value: "1"}}}
	f.Fuzz(func(t *testing.T, text string) {
		p, err := Compile(text)
		if err != nil {
			return
		}
		first := p.Holds(&Row{tx: &row})
		require.Equal(t, first, p.Holds(&Row{tx: &row}))
	})
}
