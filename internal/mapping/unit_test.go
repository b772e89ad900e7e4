//go:build unit || !integration

package mapping

import (
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/recon"
)

func TestUnitOf(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"Amount (EUR thousands)": recon.UnitThousands, "Betrag in TEUR": recon.UnitThousands, "Amount (T€)": recon.UnitThousands,
		"Amount $000": recon.UnitThousands, "Amount ('000)": recon.UnitThousands, "Amount (000s)": recon.UnitThousands,
		"Betrag Tsd.": recon.UnitThousands, "amount_kUSD": recon.UnitThousands, "Montant (k€)": recon.UnitThousands,
		"Сумма, тыс. руб": recon.UnitThousands, "金額（千円）": recon.UnitThousands, "Betrag (x 1.000)": recon.UnitThousands,
		"Amount (€m)": recon.UnitMillions, "Betrag Mio EUR": recon.UnitMillions, "Valor (milhões)": recon.UnitMillions,
		"Amount in cents": recon.UnitMinor, "amount_cents": recon.UnitMinor, "Amount (minor units)": recon.UnitMinor,
		"Amount (EUR k)": recon.UnitThousands, "金额(万元)": tenThousands,
		"Amount": "", "Betrag (EUR)": "", "Amount 2000": "", "Total (TRY)": "", "KES amount": "", "Montant": "", "TOTAL": "",
	} {
		require.Equal(t, want, unitOf(name), name)
	}
	require.Equal(t, "EUR", codeInName("Betrag in TEUR"))
	require.Equal(t, "USD", codeInName("amount_kUSD"))
	require.Empty(t, codeInName("TEXT"))
}

func TestDecimals(t *testing.T) {
	t.Parallel()
	for unit, want := range map[string]int{recon.UnitMinor: 0, recon.UnitMajor: 2, "": 2, recon.UnitThousands: 5, recon.UnitMillions: 8} {
		require.Equal(t, want, (&Mapper{unit: unit}).decimals(2), unit)
	}
}

func TestUnitInName(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"Date,Ref,Amount in cents\n2026-03-01,A,1000\n2026-03-02,B,550\n":          "SUM 15.50 EUR",
		"Date,Ref,Amount in cents\n2026-03-01,A,10.00\n2026-03-02,B,5.50\n":        "SUM 15.50 EUR",
		"Date,Ref,Amount (EUR k)\n2026-03-01,A,1.5\n2026-03-02,B,2.25\n":           "SUM 3750.00 EUR",
		"Date,Ref,金额(万元)\n2026-03-01,A,1.5\n2026-03-02,B,2.25\n":                   "counts in ten thousands",
		"Date,Ref,Amount TEUR,Amount USD\n2026-03-01,A,1.5,\n2026-03-02,B,,2.25\n": "another column of amounts is not",
	} {
		require.Contains(t, read(t, "x.csv", text, "", Hints{Currency: "EUR"}), want, text)
	}
}
