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
