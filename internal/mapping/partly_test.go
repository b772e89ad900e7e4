//go:build unit || !integration

package mapping

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/recon"
)

// TestAFormatMayDefineAPart reads a register whose format defines the signs and not the dates: a card's plus stays a
// plus without a question, and what a map names comes on top.
func TestAFormatMayDefineAPart(t *testing.T) {
	t.Parallel()
	const card = "!Type:CCard\nD26/01/2026\nT-12.50\nPPAYMENT\nM4111XXXXXXXX1111\n^\nD03/01/2026\nT100.00\nPRefund\n^\n"
	r, err := Open(strings.NewReader(card), "x.qif", Hints{})
	require.NoError(t, err)
	require.NoError(t, r.SettleWith(OtherSide{}))
	require.NoError(t, r.Unsettled())
	require.Equal(t, []string{"DD/MM/YYYY", recon.SignsAsWritten}, []string{r.FieldMap().DateFormat, r.FieldMap().Signs})

	open := "!Type:Bank\nD01/02/2026\nT1.00\nPA\n^\n"
	_, err = Open(strings.NewReader(open), "x.qif", Hints{})
	require.ErrorContains(t, err, "the meaning of this file's columns is not clear")
	r, err = Open(strings.NewReader(open), "x.qif", Hints{Map: &recon.FieldMap{DateFormat: "MM/DD/YYYY"}})
	require.NoError(t, err)
	require.Equal(t, []string{"amount"}, r.FieldMap().Fields[recon.FieldAmount].Columns)
}
