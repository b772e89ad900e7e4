//go:build unit || !integration

package report

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestCells_AmountsStayAndFormulasDoNot(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"-12.60 EUR": "-12.60 EUR", "-1": "-1", "12": "12", "a=b": "a=b", "": "", "'x": "'x",
		"-1+2": "'-1+2", "-cmd": "'-cmd", "=A1": "'=A1", "-": "'-", "-.": "'-.", "-1.": "'-1.", "-1 EURO": "'-1 EURO",
		"-1 eur": "'-1 eur", "+1": "'+1", "@SUM(A1)": "'@SUM(A1)", "\t=A1": "'\t=A1", "\r=A1": "'\r=A1",
		"＝A1": "'＝A1", "＋1": "'＋1", "－1": "'－1", "＠SUM(A1)": "'＠SUM(A1)", "\u200b=A1": "'\u200b=A1",
		"\ufeff\u2060-1": "'\ufeff\u2060-1", "\u200bplain": "\u200bplain", "é=1": "é=1",
	} {
		require.Equal(t, want, safeCell(text), text)
	}
}
