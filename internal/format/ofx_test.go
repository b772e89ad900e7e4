//go:build unit || !integration

package format

import (
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/recon"
)

func TestDaysOfOFX(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"20260105": "2026-01-05", "20260105233000": "2026-01-05", "20260105233000.000[-5:EST]": "2026-01-05", "202601052330": "2026-01-05",
		"20260105[+2:CEST]": "2026-01-05", "20260231": "", "2026-01-05": "", "": "", "201120000000": "", "202601051": "", "00000000": "",
	} {
		day, err := ofxDay(text)
		require.Equal(t, want == "", err != nil, text)
		if err == nil {
			require.Equal(t, want, day.String(), text)
		}
	}
}

func TestAmountsOfOFX(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"-80.00": "-80.00", "12,5": "12.5", "1,234.56": "1234.56", "-1.234.567,8": "-1234567.8", "1,234": "1.234", "+1": "+1", "1,23,4.5": "1.23,4.5",
	} {
		require.Equal(t, want, ofxAmount(text), text)
	}
}

func TestTypesAndSignsOfOFX(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		moves   string
		refused bool
	}{
		"a refund among debits":      {"DEBIT-5 DEBIT5", false},
		"a refund beside a transfer": {"DEBIT5 XFER-9", false},
		"only a debit, as a plus":    {"DEBIT5", true},
		"words that are no side":     {"OTHER5 POS5", false},
		"all turned":                 {"DEBIT5 CREDIT-9", true},
		"a credit taken back":        {"CREDIT-9 DEBIT-1", false},
		"nothing":                    {"", false},
	} {
		d := &ofxDecoder{any: true}
		for move := range strings.FieldsSeq(c.moves) {
			at := strings.IndexAny(move, "-0123456789")
			money, err := recon.ParseMinor(move[at:], 2)
			require.NoError(t, err)
			d.signs.count(move[:at], money, 1)
		}
		err := d.finish()
		require.Equal(t, !c.refused, errors.Is(err, io.EOF), name)
	}
}
