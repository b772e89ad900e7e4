package format

import (
	"bytes"
	"regexp"

	"matcher/internal/recon"
)

// foreigner is a kind of file that is not read: what it is, by its content, and what to do with it now.
type foreigner struct {
	begins string         // its first bytes
	inside string         // bytes that it has somewhere behind them
	word   string         // in capitals, what its first text has somewhere; "": not asked
	holds  *regexp.Regexp // what its first text has, if it is text
	advice string
}

// exportCSV is what to do with files of which a table can be had.
const exportCSV = ", which cannot be read yet: export CSV or JSON from where it comes"

// binaries are asked first, before the file is known to be text.
var binaries = []foreigner{
	{
		begins: "\xD0\xCF\x11\xE0", inside: "E\x00n\x00c\x00r\x00y\x00p\x00t\x00e\x00d\x00P\x00",
		advice: "is an Office document with a password: save it without one, or save the sheet as CSV",
	},
	{begins: "\xD0\xCF\x11\xE0", advice: "is an old Excel workbook (XLS): save the sheet as CSV and load that"},
	{begins: "%PDF", advice: "is a PDF: ask the bank or the system it comes from for a CSV export"},
	{begins: "BZh", advice: "is compressed (bzip2): unpack it first"},
	{begins: "7z\xBC\xAF", advice: "is compressed (7-Zip): unpack it first"},
	{begins: "Rar!", advice: "is compressed (RAR): unpack it first"},
	{begins: "\xFD7zXZ", advice: "is compressed (xz): unpack it first"},
	{begins: "\x28\xB5\x2F\xFD", advice: "is compressed (zstd): unpack it first"},
	{begins: "\x89PNG", advice: "is a picture (PNG), not a table"},
	{begins: "\xFF\xD8\xFF", advice: "is a picture (JPEG), not a table"},
	{begins: "GIF8", advice: "is a picture (GIF), not a table"},
	{begins: "II*\x00", advice: "is a picture (TIFF), not a table"},
	{begins: "MM\x00*", advice: "is a picture (TIFF), not a table"},
	{begins: "SQLite format 3", advice: "is a SQLite database: export the table as CSV and load that"},
	{begins: "PAR1", advice: "is a Parquet file: export it as CSV and load that"},
	{begins: "\x7FELF", advice: "is a program, not a table"},
}

// archives are what ZIP archives really are, by the name of a file that they hold.
var archives = []foreigner{
	{begins: "xl/workbook.bin", advice: "is a binary Excel workbook (XLSB): save it as XLSX or CSV and load that"},
	{begins: "Index/Document.iwa", advice: "is a Numbers sheet: export it as CSV and load that"},
	{begins: "word/document.xml", advice: "is a Word document (DOCX): ask where it comes from for a CSV export"},
	{begins: "[Content_Types].xml", advice: "is an Office document, but no workbook: save the table as CSV and load that"},
}

// foreigners are known by what their first text holds, wherever that begins: banks write lines of their own above.
// One without advice is read.
var foreigners = []foreigner{
	{begins: "{\\rtf", advice: "is an RTF document: export the table as CSV and load that"},
	{
		word: "MIME-VERSION:", holds: regexp.MustCompile(`(?i)\A(?:MIME-Version:|From: .*\n(.*\n)*MIME-Version:)`),
		advice: "is a web archive or a mail, whatever its name is: open it, save the table as CSV and load that",
	},
	{word: "SPREADSHEET", holds: sheetMLBegins},
	{word: "EXCEL.SHEET", holds: sheetMLBegins},
	{
		holds:  regexp.MustCompile(`\A\s*<[^\x00]*urn:iso:std:iso:20022:tech:xsd:pain\.`),
		advice: "is a payment order (ISO 20022 pain), not a statement: load what was booked, as CSV or JSON",
	},
	{
		holds:  regexp.MustCompile(`\A\s*<[^\x00]*urn:iso:std:iso:20022:tech:xsd:[a-z]{4}\.`),
		advice: "is an ISO 20022 message that is no statement (camt.052, camt.053 and camt.054 are)",
	},
	{word: "OFX", holds: ofxText},
	{word: "<", holds: htmlText},
	{word: "<", holds: xmlText},
	{
		holds:  regexp.MustCompile(`\A\s*\{1:F\d\d[^{]*\{2:[IO](?:[0-8]\d\d|9[0-35-9]\d|94[3-9])`),
		advice: "is a SWIFT message that is no statement (MT940 or MT942 is one)",
	},
	{
		holds:  regexp.MustCompile(`(?m)\A\s*![A-Z]+\t`),
		advice: "is a QuickBooks file (IIF): export the account's register from QuickBooks as CSV and load that",
	},
	{
		holds:  regexp.MustCompile(`\A"?(EXTF|DTVF)"?;"?\d{3}"?;`),
		advice: "is a DATEV batch (EXTF), whose dates have no year: export the bookings as CSV with whole dates",
	},
	{
		holds:  regexp.MustCompile(`\A01REMESSA\d{2}`),
		advice: "is a CNAB 400 order to the bank, not its return: load the return file (RETORNO), CSV or JSON",
	},
	{holds: regexp.MustCompile(`\A0{5}\d{6}\d{3}05[^\n]{100,}`), advice: "is a CODA statement" + exportCSV},
	{
		holds:  regexp.MustCompile(`\A01\d{5} {4}\d{5}[A-Z]{3}[^\n]{90,}`),
		advice: "is a CFONB 120 statement" + exportCSV,
	},
	{
		holds:  regexp.MustCompile(`\A11\d{18}\d{12}[12]\d{14}[^\n]{20,}`),
		advice: "is a Norma 43 statement" + exportCSV,
	},
	{
		holds:  regexp.MustCompile(`\A\s*(?:(UNA.{6}\s*)?UNB\+|ISA.\d\d.{11}\d\d)`),
		advice: "is an EDI message (EDIFACT or X12)" + exportCSV,
	},
	{
		holds: regexp.MustCompile(`\A(?:\s*\n|[;#%|*][^\n]*\n|` +
			`(?:account|commodity|include|option|plugin|payee|tag|alias|year|P|D|Y|N)\b[^\n]*\n(?:[ \t]+[^\n]*\n)*)*` +
			`(?:\d{4}[-/.]\d{1,2}[-/.]\d{1,2}(?:=\S+)?(?:[ \t][^\n]*)?\n(?:[ \t]+;[^\n]*\n)*[ \t]+[\pL(\[][\pL\d _()\[\]-]*:\S|` +
			`\d{4}-\d\d-\d\d (?:open|close|balance|pad|commodity|price|note|document) \S|account [\pL]+:\S)`),
		advice: "is a plain-text journal (ledger, hledger or beancount): print its register as CSV " +
			"(hledger register -O csv) and load that",
	},
}

// foreignBytes returns what the file is and what to do with it, if its first bytes are those of no text, or "".
func foreignBytes(head []byte) string {
	head = trimStart(head)
	for _, f := range binaries {
		if bytes.HasPrefix(head, []byte(f.begins)) && bytes.Contains(head, []byte(f.inside)) {
			return f.advice
		}
	}
	const tarAt = 257
	if len(head) > tarAt && bytes.HasPrefix(head[tarAt:], []byte("ustar")) {
		return "is a tar archive: unpack it and load the file inside"
	}
	at := bytes.Index(head[:min(len(head), 1024)], []byte("%PDF-")) // other bytes may be in front
	if at >= 0 && bytes.Contains(head, []byte(" obj")) {
		return foreignBytes(head[at:])
	}
	return ""
}

// foreignText returns what the file is and what to do with it, if its first text is that of another format, or "".
func foreignText(head []byte) string {
	if looksCAMT(head) {
		return ""
	}
	head = trimStart(head[:min(len(head), 8<<10)])
	if bytes.IndexByte(head, '\n') < 0 {
		head = bytes.ReplaceAll(head, []byte{'\r'}, []byte{'\n'})
	}
	head = bytes.ReplaceAll(head, []byte{'\r'}, nil)
	capitals := bytes.ToUpper(head)
	for _, f := range foreigners {
		if bytes.HasPrefix(head, []byte(f.begins)) && bytes.Contains(capitals, []byte(f.word)) &&
			(f.holds == nil || f.holds.Match(head)) {
			return f.advice
		}
	}
	return ""
}

func trimStart(head []byte) []byte {
	return bytes.TrimLeft(bytes.TrimPrefix(head, []byte("\xEF\xBB\xBF")), " \t\r\n")
}

func refuse(advice string) error {
	return recon.Unprocessable(recon.CodeUnsupportedFormat, advice)
}
