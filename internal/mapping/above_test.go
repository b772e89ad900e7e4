//go:build unit || !integration

package mapping

import (
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/recon"
)

// lineOf is a line above a table.
func lineOf(fields ...string) []recon.Record { return []recon.Record{{Line: 1, Fields: fields}} }

func TestCurrencyAbove(t *testing.T) {
	t.Parallel()
	for want, lines := range map[string][][]string{
		"EUR": {{"Angaben in TEUR"}, {"montants en milliers d'euros"}, {"Neuer Kontostand", "1.014,05 EUR"}, {"All amounts in EUR"}},
		"CHF": {{"Kontowährung", "CHF"}, {"Währung: CHF"}, {"Konto CH93 0076 2011 6238 5295 7 CHF"}, {"Saldo CHF 12'000.00", "CHF 5.00"}},
		"BRL": {{"Saldo", "R$ 1.250,00"}, {"Moeda: BRL"}},
		"CNY": {{"币种：", "人民币"}},
		"": {
			{"PLZ Ort", "8000 Zug"},
			{"For ALL accounts in ALL countries"},
			{"EUR to USD rates in EUR and in USD"},
			{"Statement of account 12 345 678"},
			{"MAD MEN LLC"},
			{"Opening balance", "1,000.00"},
		},
	} {
		for _, fields := range lines {
			code, _ := currencyAbove(lineOf(fields...))
			require.Equal(t, want, code, fields)
		}
	}
}

// A number in a line above is no unit, however many zeros it has.
func TestUnitAbove(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"Amounts in thousands": recon.UnitThousands, "(en milliers d'euros)": recon.UnitThousands, "EUR '000": recon.UnitThousands,
		"Beträge in 1.000 EUR": recon.UnitThousands, "valores em milhões": recon.UnitMillions, "単位： 千円": recon.UnitThousands,
		"All figures in cents": recon.UnitMinor, "Saldo 1 000 000,00": "", "IBAN 0000 000 000": "", "Account 12 000": "",
		"Opening balance 25,000.00": "", "Statement of account": "",
	} {
		unit := ""
		if found := unitAbove(lineOf(text)); found != nil {
			unit = found.unit
		}
		require.Equal(t, want, unit, text)
	}
}
