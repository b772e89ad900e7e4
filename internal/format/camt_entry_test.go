//go:build unit || !integration

package format

import (
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/recon"
)

func TestAmountsHaveNoSignOfTheirOwn(t *testing.T) {
	t.Parallel()
	n, err := camtMoney{"7.50", "EUR"}.minor(camtDebit)
	require.NoError(t, err)
	require.Equal(t, recon.Minor(-750), n)
	for _, m := range []camtMoney{{"-7", "EUR"}, {"+7", "EUR"}, {"7,50", "EUR"}, {"1e3", "EUR"}, {"", "EUR"}, {".", "EUR"}, {"7.5", "JPY"}} {
		_, err := m.minor(camtCredit)
		require.Error(t, err, m)
	}
	_, err = camtMoney{"7", "EUR"}.minor("")
	require.ErrorContains(t, err, "CdtDbtInd")
}

func TestTheOtherPartyIsNotTheOwner(t *testing.T) {
	t.Parallel()
	debtor, creditor := camtParty{"D", "DE 1"}, camtParty{"C", "DE 2"}
	for _, c := range []struct {
		sign     string
		reversal bool
		account  string
		want     string
	}{
		{camtCredit, false, "", "D"},
		{camtDebit, false, "", "C"},
		{camtCredit, true, "", "C"},
		{camtDebit, true, "", "D"},
		{camtCredit, false, "DE1", "C"},
		{camtDebit, true, "DE1", "C"},
	} {
		e := &camtEntry{camtPart: camtPart{reversal: c.reversal}}
		p := &camtPart{sign: c.sign, debtor: debtor, creditor: creditor}
		p.fields[entryAccount] = c.account
		require.Equal(t, c.want, e.counterparty(p).name, c)
	}
}
