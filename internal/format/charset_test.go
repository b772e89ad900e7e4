//go:build unit || !integration

package format

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/recon"
)

func TestCharsetOf(t *testing.T) {
	for _, c := range []struct {
		head    string
		whole   bool
		charset string
		mark    int
	}{
		{"plain", true, "utf-8", 0},
		{"\xEF\xBB\xBFx", true, "utf-8", 3},
		{"\xFF\xFEx\x00", true, "utf-16le", 2},
		{"\xFE\xFF\x00x", true, "utf-16be", 2},
		{"a\x00,\x00b\x00", true, "utf-16le", 0},
		{"\x00a\x00,\x00b", true, "utf-16be", 0},
		{"M\xC3\xBCller", true, "utf-8", 0},
		{"M\xFCller", true, "", 0},
		{"cut in a letter \xE2\x82", false, "utf-8", 0},
		{"cut in a letter \xE2\x82", true, "", 0},
		{"M\xC3\xBCller, Caf\xC3\xA9, \xFFdamaged", true, "utf-8", 0},
		{"\xC4\xDCberrascht \xD6l \xE4 \xF6 \xFC \xC4\xB0", true, "", 0},
		{"\x9F\x5B\x55\x00\n\x00,\x001\x00", true, "utf-16le", 0},
		{"not a letter \xE2x", false, "", 0},
	} {
		charset, mark := charsetOf([]byte(c.head), c.whole)
		require.Equal(t, c.charset, charset, "%q", c.head)
		require.Equal(t, c.mark, mark, "%q", c.head)
	}
}

// TestLegacyCharsetsGoOn reads a file of several windows in a charset that must be decoded.
func TestLegacyCharsetsGoOn(t *testing.T) {
	text := "id;text\n" + strings.Repeat("1;Stra\xDFe\n", 100_000)
	o := tell(strings.NewReader(text), "x.csv", Options{})
	require.NoError(t, o.err)
	require.Equal(t, 100_000, o.rows)
	require.Zero(t, o.rejected)
	require.Contains(t, o.lines, `2: ["1" "Straße"]`)
}

func TestACharsetThatTheFileStatesCounts(t *testing.T) {
	for head, want := range map[string]string{
		"OFXHEADER:100\nENCODING:USASCII\nCHARSET:1252\n\n<OFX>": "windows-1252", "OFXHEADER:100DATA:OFXSGMLCHARSET:1250COMPRESSION:NONE<OFX>": "windows-1250",
		"OFXHEADER:100\nCHARSET:NONE\n<OFX>": "", "<?xml version='1.0' encoding='ISO-8859-15'?>": "iso-8859-15", "<?xml version=\"1.0\"  encoding = \"cp1251\"?>": "windows-1251",
		"<?xml encoding=\"Shift_JIS\"?>": "shift-jis", "<?xml encoding=\"klingon\"?>": "", "a,CHARSET:1252\n": "", "<?xml version=\"1.0\"?>": "",
	} {
		require.Equal(t, want, statedCharset([]byte(head)), head)
	}
	o := tell(strings.NewReader("OFXHEADER:100\nCHARSET:1251\n\n<OFX><STMTRS><STMTTRN><DTPOSTED>20260105<TRNAMT>1<NAME>\xcf\xf0\xe8</STMTTRN></STMTRS></OFX>"), "x", Options{})
	require.Contains(t, strings.Join(o.lines, "\n"), "При")
	late := "<OFX><STMTRS>" + strings.Repeat("\n", headBytes) + "<STMTTRN><DTPOSTED>20260105<TRNAMT>1<NAME>\xe9t\xe9</STMTTRN></STMTRS></OFX>"
	o = tell(strings.NewReader("OFXHEADER:100\nCHARSET:1252\n\n"+late), "x", Options{})
	require.Contains(t, strings.Join(o.lines, "\n"), "été")
	o = tell(strings.NewReader(late), "x", Options{})
	require.Contains(t, strings.Join(o.lines, "\n"), recon.CodeInvalidEncoding)
}
