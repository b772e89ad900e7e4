//go:build unit || !integration

package mapping

import (
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/recon"
)

func TestTransforms(t *testing.T) {
	for _, c := range []struct{ steps, in, want string }{
		{`["trim"]`, "  a ", "a"},
		{`["upper"]`, "é-1", "É-1"},
		{`["lower"]`, "ÀB", "àb"},
		{`["digits"]`, "INV-0042/7", "00427"},
		{`["alnum"]`, "RF 18-53.9", "RF18539"},
		{`["strip_zeros"]`, "00420", "420"},
		{`["stripZeros"]`, "000", "0"},
		{`["stripZeros"]`, "", ""},
		{`["foldAccents"]`, "Ação Müller naïve", "Acao Muller naive"},
		{`[{"replace":"^INV-0*","with":"#"}]`, "INV-0042", "#42"},
		{`[{"replace":"(\\d+)/(\\d+)","with":"$2-$1"}]`, "7/26", "26-7"},
		{`[{"extract":"RE:(\\w+)"}]`, "pay RE:X9 thanks", "X9"},
		{`[{"extract":"[0-9]{3,}"}]`, "no 12 but 3456", "3456"},
		{`[{"extract":"Z"}]`, "none", ""},
		{`[{"substring":[2,3]}]`, "ägypten", "gyp"},
		{`[{"substring":[5]}]`, "abcdefg", "efg"},
		{`[{"substring":[9,2]}]`, "abc", ""},
		{`["trim","upper",{"extract":"INV[0-9]+"},"digits","stripZeros"]`, " ref inv0099 ", "99"},
	} {
		tx, wrong := mapOne(t, `{"amount":{"constant":"1"},"date":{"constant":"2026-01-02"},"reference":{"column":"r","transforms":`+c.steps+`}}`, "r", c.in)
		require.Empty(t, wrong)
		require.Equal(t, c.want, tx.Reference, c.steps)
	}
}

func TestCompileSteps(t *testing.T) {
	_, err := compileSteps([]recon.Transform{{Op: "rot13"}})
	require.Error(t, err)
	_, err = compileSteps([]recon.Transform{{Op: recon.TransformExtract, Text: "("}})
	require.Error(t, err)
}
