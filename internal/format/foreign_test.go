//go:build unit || !integration

package format

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const mt940 = ":20:REF1\n:25:100/200\n:28C:1/1\n:60F:C260101EUR5,00\n:61:2601020102C1,00NTRFNONREF\n:62F:C260102EUR6,00\n-\n"

// strangersByKind are files of other formats as banks and programs write them, each with the kind that is named.
var strangersByKind = map[string][]string{
	"SWIFT message":         {"{1:F01BANKDEFFXXXX0000000000}{2:I103BANKDEFFXXXXN}{4:\n:23B:CRED\n"},
	"ISO 20022 message":     {"<Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:camt.056.001.08\"></Document>", "<?xml version='1.0'?>\n<Document xmlns='urn:iso:std:iso:20022:tech:xsd:pacs.008.001.08'><x/></Document>"},
	"payment order":         {"<Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:pain.001.001.03\"></Document>"},
	"CNAB 400 order":        {"01REMESSA01COBRANCA       0000\n"},
	"QuickBooks file":       {"!HDR\tPROD\tVER\nHDR\tQuickBooks\t5\n", "!TRNS\tTRNSID\tDATE\n!SPL\tSPLID\tDATE\n", "!ACCNT\tNAME\n"},
	"plain-text journal":    {"2026/01/05 Shop\n  Expenses:Food   5.00 EUR\n  Assets:Bank\n", "; mine\n\naccount assets:bank\n2026-01-05 * (7) Shop  ; c\n    ; note\n    assets:bank  1 EUR\n", "option \"title\" \"x\"\n2026-01-01 open Assets:Bank EUR\n", "2026-01-05 * \"Shop\" \"Food\"\n  Assets:Bank  -5.00 EUR\n"},
	"DATEV batch":           {"\"EXTF\";700;21;\"Buchungsstapel\";13;20260101;;\n\"Umsatz\";\"S/H\"\n1,00;S\n", "EXTF;510;21;Buchungsstapel;7;\n", "\"DTVF\";700;20;\"x\"\n"},
	"SpreadsheetML":         {"<?xml version=\"1.0\"?>\n<?mso-application progid=\"Excel.Sheet\"?>\n<Workbook/>", "<Workbook xmlns=\"urn:schemas-microsoft-com:office:spreadsheet\"></Workbook>"},
	"web page (HTML)":       {"<table><tr><td>Date</td></tr></table>", "<meta charset=utf-8>\n<table>", "\n <!DOCTYPE html><html>", "<HTML xmlns:x=\"urn:schemas-microsoft-com:office:excel\">", "<style>td{}</style><table>", "<div><table>"},
	"web archive or a mail": {"MIME-Version: 1.0\nContent-Type: multipart/related\n"},
	"is XML":                {"<?xml version=\"1.0\"?><rows/>", "<rows>\n<row>1</row></rows>", "<Document/>"},
	"CODA statement":        {"0000001022620105        00000000X" + strings.Repeat("0", 100) + "\n"},
	"Norma 43 statement":    {"11" + strings.Repeat("0", 18) + "260101260131" + "2" + strings.Repeat("0", 14) + "9783ACME" + strings.Repeat(" ", 25) + "\n"},
	"EDI message":           {"UNA:+.? 'UNB+UNOA:1+X'", "UNB+UNOC:3+A'"},
	"RTF document":          {"{\\rtf1 x}"},
}

// textFormats are beginnings of formats that banks define.
var textFormats = map[string][]string{
	MT940: {
		mt940, strings.ReplaceAll(mt940, "\n", "\r\n"), "BANKNL2A\n940\nBANKNL2A\n" + mt940, "0000 01BANKNL2AXXXX00001\n" + mt940,
		"{1:F01BANKDEFFXXXX0000000000}{2:O9401200260102BANKDEFF}{4:\n" + mt940 + "}",
		"{1:F01BANKDEFFXXXX0000000000}{2:I942BANKDEFFXXXXN}{4:\n:20:R\n", ":20:R\n:25:1\n:28C:1\n:34F:EUR0,\n:13D:2601021200+0100\n",
	},
	CAMT: {
		"<?xml version='1.0'?>\n<Document xmlns='urn:iso:std:iso:20022:tech:xsd:camt.053.001.08'><x/></Document>",
		"<ns2:Document xmlns:ns2=\"urn:iso:std:iso:20022:tech:xsd:camt.054.001.02\"></ns2:Document>",
		"<Document><BkToCstmrAcctRpt><Rpt></Rpt></BkToCstmrAcctRpt></Document>", "<soap><a:BkToCstmrStmt/></soap>",
	},
	OFX:  {"OFXHEADER:100\nDATA:OFXSGML\n\n<OFX><X>", "<OFX><SIGNONMSGSRSV1>", "<?xml version=\"1.0\"?><?OFX OFXHEADER=\"200\"?><OFX/>", "\n\n<ofx>\n<x>", "Bank of X\nOFXHEADER:100\n<OFX>"},
	QIF:  {"!Type:CCard\nD1/2/26\nT1.00\n^\n", "!Account\nNX\n^\n", "!Option:AutoSwitch\n!Account\n", "D1/2/26\nT-1.00\nPShop\n^\n"},
	BAI2: {"01,SENDER,RECEIVER,260106,0700,1,,,2/\n02,A,B,1,260105,,EUR,2/\n", "\n01,S,R,260106,0700,1,80,1,2/   02,X"},
}

func TestBankFormatsAreKnownWhereverTheyBegin(t *testing.T) {
	for kind, files := range textFormats {
		for _, file := range files {
			utf16, err := charsets["utf-16le"].NewEncoder().String(file)
			require.NoError(t, err)
			for _, form := range []string{file, "\xEF\xBB\xBF" + file, "\xFF\xFE" + utf16, utf16} {
				in, err := newInput(strings.NewReader(form), "export.xls", Options{})
				require.NoError(t, err)
				chosen, err := choose(in)
				require.NoError(t, err, form)
				require.Equal(t, kind, chosen.name, "%q", form)
			}
		}
	}
}

func TestOtherFormatsAreNamedWhereverTheyBegin(t *testing.T) {
	for kind, files := range strangersByKind {
		for _, file := range files {
			utf16, err := charsets["utf-16le"].NewEncoder().String(file)
			require.NoError(t, err)
			for _, form := range []string{file, "\xEF\xBB\xBF" + file, "\xFF\xFE" + utf16, utf16} {
				o := tell(strings.NewReader(form), "export.xls", Options{})
				require.ErrorContains(t, o.err, kind, "%q", form)
				require.Equal(t, 1, strings.Count(o.err.Error(), "export.xls"))
			}
		}
	}
}

func TestOtherBytesAreNamed(t *testing.T) {
	require.Contains(t, foreignBytes([]byte("junk\n%PDF-1.4\n1 0 obj")), "is a PDF")
	require.Contains(t, foreignBytes([]byte(strings.Repeat("x", 257)+"ustar\x00")), "is a tar archive")
	for _, b := range binaries {
		require.NotEmpty(t, foreignBytes([]byte(b.begins+"rest"+b.inside)))
	}
}

// TestTablesAreNotForeign: no kind may fall on a file that happens to hold its words.
func TestTablesAreNotForeign(t *testing.T) {
	for _, head := range []string{
		"id,amount", "Rarities,n", "gif89,n", "par1,n", "\xff\xd8 text", "bzh,n", "mm,n", "{\"id\":1}", "[{}]",
		"<DATE>\t<TIME>\t<OPEN>\n2026.01.02\t00:00\t1.5\n", "id,text\n1,<b>x</b>\n", "text\n:20: past\n", "01,02,03\n1,2,3\n",
		"account,date,amount\n2026-01-02,x,1\n", "2026-01-02 Report\n  Account: 1\ndate,amount\n", "!important,n\n1,2\n",
		"Type,Amount\nOFXHEADER,1\n", "date,text\n2026-01-02,!Type:Bank\n", "P,Q\n1,2\n", "101,102\n1,2\n", "EXTF,n\n1,2\n",
		"Date\tText\n2026-01-02\tRent\n\tassets:bank\n", "ISA,n\n1,2\n", "From: x\nTo: y\n",
	} {
		require.Empty(t, foreignBytes([]byte(head)), "%q", head)
		require.Empty(t, foreignText([]byte(head)), "%q", head)
	}
}
