//go:build unit || !integration

package format

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/recon"
)

// camtFile is a statement of these entries.
func camtFile(entries string) string {
	return `<Document><BkToCstmrStmt><Stmt><Id>1</Id><Acct><Id><IBAN>DE02 1203 0000 0000 2020 51</IBAN></Id><Ccy>EUR</Ccy></Acct>` +
		entries + `</Stmt></BkToCstmrStmt></Document>`
}

const camtAmount = `<Amt Ccy="EUR">7.00</Amt><CdtDbtInd>CRDT</CdtDbtInd><BookgDt><Dt>2026-01-05</Dt></BookgDt>`

// readAll reads a file to its end.
func readAll(t *testing.T, from io.Reader, opt Options) (rows []recon.Record, all []Statement, failed error) {
	t.Helper()
	r, err := Open(from, "x.xml", opt)
	if err != nil {
		return nil, nil, err
	}
	for {
		rec, err := r.Next()
		var row *recon.RowError
		switch {
		case errors.Is(err, io.EOF):
			return rows, r.Statements(), nil
		case errors.As(err, &row):
		case err != nil:
			return rows, nil, err
		default:
			rows = append(rows, rec.Clone())
		}
	}
}

func TestStatementsAreReadInAnyCharset(t *testing.T) {
	t.Parallel()
	late := strings.Repeat("<!-- x -->\n", headBytes/10) // the first letter that is not ASCII comes behind what detection sees
	text := `<Ntry>` + camtAmount + `<AddtlNtryInf>Gebühr für März</AddtlNtryInf></Ntry>`
	for _, c := range []struct{ charset, before, inside string }{
		{"utf-16le", "", ""},
		{"utf-16be", `<?xml version="1.0" encoding="UTF-16"?>`, ""},
		{"utf-16le", "\uFEFF", ""},
		{"iso-8859-1", `<?xml version="1.0" encoding="ISO-8859-1"?>`, late},
		{"windows-1252", `<?xml version='1.0' encoding='Windows-1252' ?>`, late},
		{"windows-1252", "", ""},
		{"utf-8", `<?xml version="1.0" encoding="ISO-8859-1"?>`, ""},
		{"utf-8", `<?xml version="1.0" encoding="UTF-8"?>`, late},
	} {
		file := c.before + camtFile(c.inside+text)
		if encoding := charsets[c.charset]; encoding != nil {
			var err error
			file, err = encoding.NewEncoder().String(file)
			require.NoError(t, err)
		}
		rows, _, err := readAll(t, strings.NewReader(file), Options{Format: CAMT})
		require.NoError(t, err, c.charset)
		require.Len(t, rows, 1)
		require.Equal(t, "Gebühr für März", rows[0].Fields[entryDescription], c.charset)
		require.Equal(t, "DE02120300000000202051", rows[0].Fields[entryAccount])
	}
}

func TestABatchIsHeldWithinLimits(t *testing.T) {
	t.Parallel()
	detail := `<TxDtls><Refs><EndToEndId>E</EndToEndId></Refs><Amt Ccy="EUR">0.00</Amt></TxDtls>`
	batch := func(n int) string {
		return camtFile(`<Ntry>` + camtAmount + `<NtryDtls>` + strings.Repeat(detail, n) + `</NtryDtls></Ntry>`)
	}
	rows, all, err := readAll(t, strings.NewReader(batch(camtDetailsMax+1)), Options{})
	require.NoError(t, err)
	require.Len(t, rows, 1)
	require.Equal(t, fmt.Sprintf("batch: %d", camtDetailsMax+1), rows[0].Fields[entryNote])
	require.Equal(t, recon.Minor(700), all[0].Moved)

	long := `<TxDtls><RmtInf><Ustrd>` + strings.Repeat("x", FieldBytesMax) + `</Ustrd></RmtInf></TxDtls>`
	endless := io.MultiReader(strings.NewReader(`<Document><BkToCstmrStmt><Stmt><Ntry>`+camtAmount+`<NtryDtls>`), &repeated{text: long})
	_, _, err = readAll(t, endless, Options{})
	require.Equal(t, recon.CodeFieldTooLong, recon.CodeOf(err), "%v", err)
}

// camtOracle is what a file has, read in another way.
type camtOracle struct {
	Entries []struct {
		Amount struct {
			Text     string `xml:",chardata"`
			Currency string `xml:"Ccy,attr"`
		} `xml:"Amt"`
		Sign   string `xml:"CdtDbtInd"`
		Status struct {
			Text string `xml:",chardata"`
			Code string `xml:"Cd"`
		} `xml:"Sts"`
	} `xml:"Ntry"`
}

// TestPublicStatements compares the files of ../shared/data/camt, where they are, with an oracle of its own. Those
// that are marked as copies are refused, and read without the mark.
func TestPublicStatements(t *testing.T) {
	t.Parallel()
	files := publicFiles(t, "camt/*.xml")
	mark := regexp.MustCompile(`<CpyDplctInd>\w+</CpyDplctInd>`)
	holder := regexp.MustCompile(`(?s)<(?:Stmt|Rpt|Ntfctn)>.*?</(?:Stmt|Rpt|Ntfctn)>`)
	for _, path := range files {
		data, err := os.ReadFile(path)
		require.NoError(t, err)
		text := string(data)
		if mark.MatchString(text) {
			_, _, err := readAll(t, strings.NewReader(text), Options{})
			require.ErrorContains(t, err, "copy or duplicate", path)
			text = mark.ReplaceAllString(text, "")
		}
		holders := holder.FindAllString(text, -1)
		rows, statements, err := readAll(t, strings.NewReader(text), Options{})
		if len(holders) == 0 {
			require.Equal(t, recon.CodeNoRows, recon.CodeOf(err), path)
			continue
		}
		require.NoError(t, err, path)
		require.Len(t, statements, len(holders), path)
		want, got, entries := map[string]recon.Minor{}, map[string]recon.Minor{}, 0
		for _, h := range holders {
			var o camtOracle
			require.NoError(t, xml.Unmarshal([]byte(h), &o), path)
			for _, e := range o.Entries {
				n, err := recon.ParseMinor(e.Amount.Text, recon.CurrencyScale(e.Amount.Currency))
				require.NoError(t, err)
				if e.Sign == "DBIT" {
					n = -n
				}
				status := recon.Pending
				if strings.HasPrefix(h, "<Stmt>") && strings.TrimSpace(e.Status.Text+e.Status.Code) == "BOOK" {
					status = recon.Booked
				}
				want[status+e.Amount.Currency] += n
				entries++
			}
		}
		for _, r := range rows {
			n, err := recon.ParseMinor(r.Fields[entryAmount], recon.CurrencyScale(r.Fields[entryCurrency]))
			require.NoError(t, err)
			got[r.Fields[entryStatus]+r.Fields[entryCurrency]] += n
		}
		require.Equal(t, want, got, path)
		require.GreaterOrEqual(t, len(rows), entries, path)
	}
}

// publicFiles are files of others, which are not part of the repository: the test is skipped where they are not.
func publicFiles(t *testing.T, pattern string) []string {
	t.Helper()
	for _, root := range []string{"../../..", "../../../.."} { // the repository, or a work tree of it
		if files, err := filepath.Glob(filepath.Join(root, "shared/data", pattern)); err == nil && len(files) > 0 {
			return files
		}
	}
	t.Skip("no ../shared/data here")
	return nil
}
