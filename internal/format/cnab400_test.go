//go:build unit || !integration

package format

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/recon"
)

func TestTwoReturnsOfCNAB400InAFile(t *testing.T) {
	t.Parallel()
	require.False(t, looksCNAB400([]byte("01REMESSA01")))
	header := "02RETORNO01COBRANCA" + strings.Repeat(" ", 57) + "237" + strings.Repeat(" ", 15) + "080126" + strings.Repeat(" ", 300)
	trailer := "9" + strings.Repeat(" ", 393) + "000002"
	rows, statements, err := readAll(t, strings.NewReader(header+"\n"+trailer+"\n"+header+"\n"+trailer+"\n"), Options{})
	require.NoError(t, err)
	require.Empty(t, rows)
	require.Len(t, statements, 2)
	require.Empty(t, statements[1].Faults, "records count from each header")
	_, _, err = readAll(t, strings.NewReader(header+"\n"+header+"\n"+trailer+"\n"), Options{})
	require.Equal(t, recon.CodeFileCut, recon.CodeOf(err))
}
