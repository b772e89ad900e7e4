//go:build unit || !integration

package mapping

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"matcher/internal/recon"
)

// TestT41_AmountsAsBanksWriteThem reads each notation under each decimal sign: exact, or refused with a way out.
func TestT41_AmountsAsBanksWriteThem(t *testing.T) {
	const two, not = "two ways", "refused"
	for _, c := range []struct{ text, point, comma, open string }{ // with decimal ".", "," and none
		{"1234.56", "1234.56", not, "1234.56"},
		{"0.1", "0.1", not, "0.1"},
		{"12", "12", "12", "12"},
		{"-12.00", "-12.00", not, "-12.00"},
		{"+12", "12", "12", "12"},
		{"−12", "-12", "-12", "-12"},
		{"1,234.56", "1234.56", not, "1234.56"},
		{"1.234,56", not, "1234.56", "1234.56"},
		{"1,234,567", "1234567", not, "1234567"},
		{"1.234.567", not, "1234567", "1234567"},
		{"1.234", "1.234", "1234", two},
		{"1,234", "1234", "1.234", two},
		{"0.123", "0.123", not, "0.123"},
		{"1 234,56", not, "1234.56", "1234.56"},
		{"1\u00a0234,56", not, "1234.56", "1234.56"},
		{"1\u202f234.56", "1234.56", not, "1234.56"},
		{"1'234.56", "1234.56", not, "1234.56"},
		{"1’234’567.89", "1234567.89", not, "1234567.89"},
		{"12,34,567.89", "1234567.89", not, "1234567.89"},
		{"1,23.45", not, not, not},
		{"1.23.45", not, not, not},
		{"1,2345", not, "1.2345", "1.2345"},
		{"(12.00)", "-12.00", not, "-12.00"},
		{"(€12.00)", "-12.00 EUR", not, "-12.00 EUR"},
		{"€ (12.00)", "-12.00 EUR", not, "-12.00 EUR"},
		{"12.00-", "-12.00", not, "-12.00"},
		{"12.00 CR", "12.00", not, "12.00"},
		{"12.00DR", "-12.00", not, "-12.00"},
		{"12,00 S", not, "-12.00", "-12.00"},
		{"12,00 H", not, "12.00", "12.00"},
		{"EUR 12.00", "12.00 EUR", not, "12.00 EUR"},
		{"12.00 usd", "12.00 USD", not, "12.00 USD"},
		{"R$ 1.234,56", not, "1234.56 BRL", "1234.56 BRL"},
		{"-$5.00", "-5.00", not, "-5.00"},
		{"$-5.00", "-5.00", not, "-5.00"},
		{"Rs.500.25", "500.25", not, "500.25"},
		{".5", ".5", not, ".5"},
		{"1e3", not, not, not},
		{"1E+3", not, not, not},
		{"", not, not, not},
		{"-", not, not, not},
		{"NaN", not, not, not},
		{"Infinity", not, not, not},
		{"12.00 abc", not, not, not},
		{"12%", not, not, not},
		{"--12", not, not, not},
		{"-12.00-", not, not, not},
		{"(12.00) DR", not, not, not},
		{"+12 DR", not, not, not},
		{"1 2", not, not, not},
		{"EUR 12 USD", not, not, not},
		{"0x10", not, not, not},
		{"١٢", not, not, not}, // digits of another script
	} {
		for _, way := range []struct {
			decimal byte
			want    string
		}{{'.', c.point}, {',', c.comma}, {0, c.open}} {
			a, err := readAmount(c.text, way.decimal)
			got := a.plain
			switch {
			case err != nil && strings.Contains(err.Error(), "may be a thousand or three decimals"):
				got = two
			case err != nil:
				got = not
			case a.negative:
				got = "-" + got
			}
			if a.currency != "" && err == nil {
				got += " " + a.currency
			}
			require.Equal(t, way.want, got, "%q with decimal %q: %v", c.text, way.decimal, err)
		}
	}
}

// TestT41_AmountsAreExact goes through the whole mapper, to minor units or to the code of a rejection.
func TestT41_AmountsAreExact(t *testing.T) {
	for _, c := range []struct{ text, currency, want string }{
		{"0.1", "EUR", "10"},
		{"0.10000000", "EUR", "10"},
		{"92233720368547758.07", "EUR", "9223372036854775807"},
		{"92233720368547758.08", "EUR", recon.CodeAmountTooBig},
		{strings.Repeat("9", 38), "EUR", recon.CodeAmountTooBig},
		{strings.Repeat("9", 4000), "EUR", recon.CodeAmountTooBig},
		{"0." + strings.Repeat("0", 17) + "1", "EUR", recon.CodeAmountTooPrecise},
		{"0.005", "EUR", recon.CodeAmountTooPrecise},
		{"1e3", "EUR", recon.CodeAmountUnreadable},
		{"ten", "EUR", recon.CodeAmountUnreadable},
		{"", "EUR", recon.CodeMissingValue},
		{"USD 5.00", "EUR", recon.CodeAmountUnreadable},
		{"EUR 5.00", "EUR", "500"},
	} {
		tx, wrong := mapOne(t, `{"amount":"amount","currency":"currency","date":{"constant":"2026-01-02"},"decimal":"."}`,
			"amount", c.text, "currency", c.currency)
		require.Equal(t, c.want, amountOrCode(tx, wrong), "%q: %v", c.text, wrong)
	}
}

// TestT42_MinorUnits holds each currency to its own decimals.
func TestT42_MinorUnits(t *testing.T) {
	for _, c := range []struct{ text, currency, want string }{
		{"10.5", "JPY", recon.CodeAmountTooPrecise},
		{"10", "JPY", "10"},
		{"10.00", "KRW", "10"},
		{"7", "CLP", "7"},
		{"1.234", "BHD", "1234"},
		{"1.234", "KWD", "1234"},
		{"1.2345", "TND", recon.CodeAmountTooPrecise},
		{"1.5", "TND", "1500"},
		{"1.2345", "CLF", "12345"},
		{"1.2345", "UYW", "12345"},
		{"1.23", "EUR", "123"},
		{"1.23", "eur", "123"},
		{"1.23", "€", "123"},
		{"1.23", "EURO", recon.CodeCurrencyUnknown},
		{"1.23", "ZZZ", recon.CodeCurrencyUnknown},
		{"1.23", "$", recon.CodeCurrencyUnknown},
		{"1.23", "", recon.CodeMissingValue},
	} {
		tx, wrong := mapOne(t, `{"amount":"amount","currency":"currency","date":{"constant":"2026-01-02"},"decimal":"."}`,
			"amount", c.text, "currency", c.currency)
		require.Equal(t, c.want, amountOrCode(tx, wrong), "%s %s: %v", c.text, c.currency, wrong)
	}
	_, wrong := mapOne(t, `{"amount":"amount","currency":"currency","date":{"constant":"2026-01-02"},"decimal":"."}`, "amount", "10.5", "currency", "JPY")
	require.Equal(t, `"10.5" has decimals, and JPY has none`, wrong[0].Reason)
}

// TestT41_AnyNotationIsReadBack writes random amounts in the notations of many countries and reads the same amount.
func TestT41_AnyNotationIsReadBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		minor := rapid.Int64Range(-1e15, 1e15).Draw(t, "minor")
		group := rapid.SampledFrom([]string{"", ",", ".", " ", "\u00a0", "\u202f", "'"}).Draw(t, "group")
		decimal := rapid.SampledFrom([]byte{'.', ','}).Draw(t, "decimal")
		if group == string(decimal) {
			group = ""
		}
		sign := rapid.SampledFrom([]string{"-%s", "−%s", "%s-", "(%s)", "%s DR", "EUR -%s", "-%s EUR", "€ (%s)"}).Draw(t, "sign")
		whole, fraction, _ := strings.Cut(strings.TrimPrefix(recon.Minor(minor).Decimal(2), "-"), ".")
		text := grouped(whole, group) + string(decimal) + fraction
		if minor < 0 {
			text = fmt.Sprintf(sign, text)
		}
		a, err := readAmount(text, decimal)
		check(t, err)
		got, err := recon.ParseMinor(a.plain, 2)
		check(t, err)
		if a.negative {
			got = -got
		}
		if int64(got) != minor {
			t.Fatalf("%q is %d, want %d", text, got, minor)
		}
	})
}

func grouped(whole, separator string) string {
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + separator + whole[i:]
	}
	return whole
}

func check(t *rapid.T, err error) {
	if err != nil {
		t.Fatalf("%v", err)
	}
}

// FuzzT37_Amount: whatever reads, reads as plain digits that recon takes too, and the two decimal signs never agree on
// different numbers where none was given.
func FuzzT37_Amount(f *testing.F) {
	for _, seed := range []string{"1,234.56", "1.234,56-", "(12.00)", "EUR 1'234.56 CR", "−12", "1e3", "1.234", "R$ 5", ",5", "12,34,567.8", "\xff1"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, decimal := range []byte{'.', ',', 0} {
			a, err := readAmount(text, decimal)
			if err != nil {
				continue
			}
			if _, err := recon.ParseMinor(a.plain, digitsSyntax); err != nil && !strings.Contains(err.Error(), "fit") && !strings.Contains(err.Error(), "decimals") {
				t.Fatalf("%q read as %q: %v", text, a.plain, err)
			}
		}
		open, err := readAmount(text, 0)
		if err != nil {
			return
		}
		point, errPoint := readAmount(text, '.')
		comma, errComma := readAmount(text, ',')
		if !(errPoint == nil && point.plain == open.plain) && !(errComma == nil && comma.plain == open.plain) {
			t.Fatalf("%q is %q only when no sign is given", text, open.plain)
		}
	})
}
