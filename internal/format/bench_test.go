//go:build unit || !integration

package format

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"testing"
)

func benchFile(rows int, line func(i int) string, head string) []byte {
	var b bytes.Buffer
	b.WriteString(head)
	for i := range rows {
		b.WriteString(line(i))
	}
	return b.Bytes()
}

// BenchmarkRead reads a hundred thousand rows of 8 columns in each notation.
func BenchmarkRead(b *testing.B) {
	const rows = 100_000
	header := "entry_id,posted_at,e2e_id,amount,currency,description,kind,counterparty\n"
	row := func(i int) string {
		return fmt.Sprintf("GL-%08d,2026-01-%02d,E2E%010d,%d.%02d,EUR,Payment of invoice,SALE,Customer %d\n", i, i%28+1, i*7919, i%9973, i%100, i%500)
	}
	quoted := func(i int) string {
		return fmt.Sprintf("\"GL-%08d\",\"2026-01-%02d\",\"E2E%010d\",\"%d.%02d\",\"EUR\",\"Payment, of invoice\",\"SALE\",\"Customer %d\"\n", i, i%28+1, i*7919, i%9973, i%100, i%500)
	}
	object := func(i int) string {
		return fmt.Sprintf("{\"entry_id\":\"GL-%08d\",\"posted_at\":\"2026-01-%02d\",\"e2e_id\":\"E2E%010d\",\"amount\":%d.%02d,\"currency\":\"EUR\",\"party\":{\"name\":\"Customer %d\"}}\n", i, i%28+1, i*7919, i%9973, i%100, i%500)
	}
	entry := func(i int) string {
		text := fmt.Sprintf("<Ntry><Amt Ccy=\"EUR\">%d.%02d</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts>BOOK</Sts>"+
			"<BookgDt><Dt>2026-01-%02d</Dt></BookgDt><ValDt><Dt>2026-01-%02d</Dt></ValDt><AcctSvcrRef>B%08d</AcctSvcrRef>\n"+
			"<BkTxCd><Domn><Cd>PMNT</Cd><Fmly><Cd>RCDT</Cd><SubFmlyCd>ESCT</SubFmlyCd></Fmly></Domn></BkTxCd>\n"+
			"<NtryDtls><TxDtls><Refs><EndToEndId>E2E%010d</EndToEndId></Refs>"+
			"<RltdPties><Dbtr><Nm>Customer %d</Nm></Dbtr><DbtrAcct><Id><IBAN>DE75512108001245126199</IBAN></Id></DbtrAcct></RltdPties>\n"+
			"<RmtInf><Ustrd>Payment of invoice</Ustrd></RmtInf></TxDtls></NtryDtls></Ntry>\n", i%9973, i%100, i%28+1, i%28+1, i, i*7919, i%500)
		if i == rows-1 {
			text += "</Stmt></BkToCstmrStmt></Document>\n"
		}
		return text
	}
	for _, c := range []struct {
		name string
		file []byte
	}{
		{"csv", benchFile(rows, row, header)},
		{"csv-quoted", benchFile(rows, quoted, header)},
		{"ndjson", benchFile(rows, object, "")},
		{"camt", benchFile(rows, entry, "<Document><BkToCstmrStmt><Stmt><Id>1</Id>\n")},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(c.file)))
			for b.Loop() {
				r, err := Open(bytes.NewReader(c.file), "x", Options{})
				if err != nil {
					b.Fatal(err)
				}
				for {
					if _, err := r.Next(); errors.Is(err, io.EOF) {
						break
					} else if err != nil {
						b.Fatal(err)
					}
				}
			}
			b.ReportMetric(float64(b.N)*rows/b.Elapsed().Seconds(), "rows/s")
		})
	}
}
