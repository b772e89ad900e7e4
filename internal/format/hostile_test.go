//go:build unit || !integration

package format

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/recon"
)

// T33: a document type, an external entity, entities that multiply, one long entity used often, and XInclude, in every
// kind of file that is made of tags. XML of banks is refused; where a page or a sheet is read on, nothing is defined,
// fetched or included.
func TestT33_HostileXML(t *testing.T) {
	t.Parallel()
	secret := filepath.Join(t.TempDir(), "secret.txt")
	require.NoError(t, os.WriteFile(secret, []byte("hunter2"), 0o600))
	var asked atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked.Add(1)
		_, _ = w.Write([]byte("hunter2"))
	}))
	t.Cleanup(server.Close)

	laughs := `<!ENTITY a0 "lol">`
	for i := range 30 { // 3 × 2^90 bytes
		laughs += fmt.Sprintf(`<!ENTITY a%d "&a%d;&a%d;&a%d;&a%d;&a%d;&a%d;&a%d;&a%d;">`, i+1, i, i, i, i, i, i, i, i)
	}
	attacks := map[string]struct{ prolog, reference string }{
		"a document type":          {`<!DOCTYPE x SYSTEM "` + server.URL + `/x.dtd">`, "plain"},
		"a file":                   {`<!DOCTYPE x [<!ENTITY e SYSTEM "file://` + secret + `">]>`, "&e;"},
		"an address":               {`<!DOCTYPE x [<!ENTITY e SYSTEM "` + server.URL + `/e">]>`, "&e;"},
		"a parameter entity":       {`<!DOCTYPE x [<!ENTITY % e SYSTEM "` + server.URL + `/e"> %e;]>`, "plain"},
		"entities that multiply":   {`<!DOCTYPE x [` + laughs + `]>`, "&a30;"},
		"one long entity, often":   {`<!DOCTYPE x [<!ENTITY q "` + strings.Repeat("q", 50_000) + `">]>`, strings.Repeat("&q;", 50_000)},
		"an inclusion of a file":   {"", `<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="file://` + secret + `" parse="text"/>`},
		"an inclusion of a server": {"", `<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="` + server.URL + `/i"/>`},
	}
	kinds := map[string]struct {
		text    string // %s twice: the prolog, and a value
		refuses bool   // a document type
	}{
		"camt": {`%s<Document><BkToCstmrStmt><Stmt><Id>1</Id><Ntry><Amt Ccy="EUR">1.00</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts>BOOK</Sts>` +
			`<BookgDt><Dt>2026-01-05</Dt></BookgDt><AddtlNtryInf>%s</AddtlNtryInf></Ntry></Stmt></BkToCstmrStmt></Document>`, true},
		"xml": {`%s<list><sale><date>2026-01-05</date><amount>1.00</amount><text>%s</text></sale><sale><date>2026-01-06</date><amount>2.00</amount><text>x</text></sale></list>`, true},
		"ofx": {`<?xml version="1.0"?>%s<OFX><BANKMSGSRSV1><STMTTRNRS><STMTRS><CURDEF>EUR</CURDEF><BANKACCTFROM><ACCTID>1</ACCTID></BANKACCTFROM><BANKTRANLIST>` +
			`<STMTTRN><TRNTYPE>CREDIT</TRNTYPE><DTPOSTED>20260105</DTPOSTED><TRNAMT>1.00</TRNAMT><FITID>1</FITID><NAME>%s</NAME></STMTTRN></BANKTRANLIST></STMTRS></STMTTRNRS></BANKMSGSRSV1></OFX>`, false},
		"spreadsheetml": {`<?xml version="1.0"?>%s<Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet"><Worksheet><Table>` +
			`<Row><Cell><Data>Date</Data></Cell><Cell><Data>Amount</Data></Cell><Cell><Data>Text</Data></Cell></Row>` +
			`<Row><Cell><Data>2026-01-05</Data></Cell><Cell><Data>1.00</Data></Cell><Cell><Data>%s</Data></Cell></Row></Table></Worksheet></Workbook>`, false},
		"html": {`%s<html><table><tr><th>Date</th><th>Amount</th><th>Text</th></tr><tr><td>2026-01-05</td><td>1.00</td><td>%s</td></tr></table></html>`, false},
	}
	for kind, c := range kinds {
		plain := tell(strings.NewReader(fmt.Sprintf(c.text, "", "plain")), "x."+kind, Options{})
		require.NoError(t, plain.err, kind)
		require.Positive(t, plain.rows, "%s is read where nothing is wrong with it", kind)
		for attack, a := range attacks {
			o := tell(strings.NewReader(fmt.Sprintf(c.text, a.prolog, a.reference)), "x."+kind, Options{})
			told := strings.Join(o.lines, "\n")
			require.NotContains(t, told, "hunter2", "%s in %s", attack, kind)
			require.NotContains(t, told, "lollol", "%s in %s", attack, kind)
			require.NotContains(t, told, "qqqqqqqq", "%s in %s", attack, kind)
			if c.refuses && a.prolog != "" {
				require.NotEmpty(t, recon.CodeOf(o.err), "%s in %s: %s", attack, kind, told)
			}
		}
	}
	require.Zero(t, asked.Load(), "nothing is fetched")
}
