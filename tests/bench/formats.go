package main

import (
	"archive/zip"
	"bufio"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"matcher/internal/format"
	"matcher/internal/recon"
)

// formatRows are the rows of a file that is loaded, and mt940Entries those of one that is only read: a million lines.
const (
	formatRows   = 100_000
	mt940Entries = 333_333
)

// measureFormats times files of banks, workbooks, and what it costs that originals are kept.
func measureFormats(r *report) error {
	if err := readMT940(r); err != nil {
		return err
	}
	s, err := openService()
	if err != nil {
		return err
	}
	defer s.close()
	for _, file := range []struct {
		what, name string
		most       time.Duration
		write      func(w io.Writer) error
	}{
		{"camt.053 of 100 k entries through the API to committed", "bank.xml", 4 * time.Second, writeCAMT},
		{"XLSX of 100 k rows through the API to committed", "bank.xlsx", 8 * time.Second, writeXLSX},
	} {
		path := filepath.Join(s.folder, file.name)
		if err := writeTo(path, file.write); err != nil {
			return err
		}
		var best figure
		for i := range 3 {
			took, err := s.timeLoad(fmt.Sprintf("%s %d", file.name, i), path)
			if err != nil {
				return err
			}
			if i == 0 || took.clock < best.clock {
				best = took
			}
		}
		r.line(file.what, file.most.String(), best.clock <= file.most,
			fmt.Sprintf("%.2f s, best of 3; %.1f s of processor", best.clock.Seconds(), best.processor.Seconds()))
	}
	return originalsKept(r)
}

// readMT940 reads a statement of a million lines from memory that is never whole.
func readMT940(r *report) error {
	from, to := io.Pipe()
	go func() {
		w := bufio.NewWriterSize(to, 1<<20)
		_, err := io.WriteString(w, ":20:X\n:25:DE89370400440532013000\n:28C:1/1\n:60F:C260101EUR0,00\n")
		for i := 0; i < mt940Entries && err == nil; i++ {
			_, err = fmt.Fprintf(w, ":61:2601%02d0101C%d,%02dNTRFE2E%010d//B%08d\n:86:166?00PAYMENT?20SVWZ+Payment of invoice\n?32Customer %d\n",
				i%28+1, i%9973, i%100, i*7919%1_000_000_000, i, i%500)
		}
		_, last := io.WriteString(w, ":62M:C260131EUR0,00\n-\n")
		to.CloseWithError(errors.Join(err, last, w.Flush()))
	}()
	started := time.Now()
	file, err := format.Open(from, "bank.sta", format.Options{})
	if err != nil {
		return err
	}
	rows := 0
	for ; err == nil; rows++ {
		_, err = file.Next()
	}
	if rows--; !errors.Is(err, io.EOF) || rows != mt940Entries {
		return fmt.Errorf("%d rows of the MT940 were read: %w", rows, err)
	}
	perSecond := 3 * mt940Entries / time.Since(started).Seconds()
	r.line("MT940 of 1 M lines, read", "200 k lines/s", perSecond >= 200_000, fmt.Sprintf("%.0f k lines/s", perSecond/1000))
	return nil
}

// originalsKept compares loads of the same CSV with and without keeping its original, in turn.
func originalsKept(r *report) error {
	const pairs, most = 3, 1.1
	var sums [2]figure
	var services [2]*service
	for i, days := range []string{"0", "3650"} {
		s, err := openService("MATCHER_KEEP_ORIGINALS_DAYS=" + days)
		if err != nil {
			return err
		}
		defer s.close()
		services[i] = s
	}
	path, _, err := writeFiles(services[0].folder, formatRows)
	if err != nil {
		return err
	}
	for pair := range pairs + 1 { // the first one warms up
		for i, s := range services {
			took, err := s.timeLoad(fmt.Sprintf("csv %d", pair), path)
			if err != nil {
				return err
			}
			if pair > 0 {
				sums[i].clock += took.clock
				sums[i].processor += took.processor
			}
		}
	}
	times := sums[1].processor.Seconds() / sums[0].processor.Seconds()
	r.line("CSV of 100 k rows with its original kept / without, 3 pairs", "1.1 x of processor", times <= most,
		fmt.Sprintf("%.2f x (%.1f s / %.1f s), by the clock %.2f x", times, sums[1].processor.Seconds(),
			sums[0].processor.Seconds(), sums[1].clock.Seconds()/sums[0].clock.Seconds()))
	return nil
}

// timeLoad loads a file into a source of its own.
func (s *service) timeLoad(name, path string) (took figure, err error) {
	var made recon.Context
	if err := s.post("/v1/contexts", map[string]string{"name": name}, &made); err != nil {
		return took, err
	}
	var source recon.Source
	if err := s.post("/v1/contexts/"+made.ID+"/sources", map[string]any{"name": name, "side": recon.Right}, &source); err != nil {
		return took, err
	}
	file, err := os.Open(path)
	if err != nil {
		return took, err
	}
	defer file.Close()
	started, before := time.Now(), processorNow()
	var imported recon.Import
	err = s.call(http.MethodPost, "/v1/sources/"+source.ID+"/imports?name="+filepath.Base(path), "application/octet-stream", file, &imported)
	if err == nil && imported.RowsInserted != formatRows {
		err = fmt.Errorf("%d rows of %s were stored", imported.RowsInserted, path)
	}
	return figure{time.Since(started), processorNow().total() - before.total()}, err
}

func writeTo(path string, write func(io.Writer) error) error {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	w := bufio.NewWriterSize(file, 1<<20)
	return errors.Join(write(w), w.Flush(), file.Close())
}

// writeCAMT writes a statement that ties.
func writeCAMT(w io.Writer) (err error) {
	sum := 0
	cents := func(i int) int { return i%9973*100 + i%100 + 1 }
	for i := range formatRows {
		sum += cents(i)
	}
	balance := func(code string, cents int) string {
		return fmt.Sprintf(`<Bal><Tp><CdOrPrtry><Cd>%s</Cd></CdOrPrtry></Tp><Amt Ccy="EUR">%d.%02d</Amt><CdtDbtInd>CRDT</CdtDbtInd><Dt><Dt>2026-01-31</Dt></Dt></Bal>`,
			code, cents/100, cents%100)
	}
	_, err = io.WriteString(w, `<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"><BkToCstmrStmt><Stmt><Id>S1</Id><Acct><Id><IBAN>DE89370400440532013000</IBAN></Id><Ccy>EUR</Ccy></Acct>`+
		balance("OPBD", 0)+balance("CLBD", sum)+"\n")
	for i := 0; i < formatRows && err == nil; i++ {
		_, err = fmt.Fprintf(w, "<Ntry><Amt Ccy=\"EUR\">%d.%02d</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts>BOOK</Sts><BookgDt><Dt>2026-01-%02d</Dt></BookgDt>"+
			"<ValDt><Dt>2026-01-%02d</Dt></ValDt><AcctSvcrRef>B%08d</AcctSvcrRef><BkTxCd><Domn><Cd>PMNT</Cd><Fmly><Cd>RCDT</Cd><SubFmlyCd>ESCT</SubFmlyCd></Fmly></Domn></BkTxCd>"+
			"<NtryDtls><TxDtls><Refs><EndToEndId>E2E%010d</EndToEndId></Refs><RltdPties><Dbtr><Nm>Customer %d</Nm></Dbtr><DbtrAcct><Id><IBAN>DE75512108001245126199</IBAN></Id></DbtrAcct></RltdPties>"+
			"<RmtInf><Ustrd>Payment of invoice</Ustrd></RmtInf></TxDtls></NtryDtls></Ntry>\n",
			cents(i)/100, cents(i)%100, i%28+1, i%28+1, i, i, i%500)
	}
	_, last := io.WriteString(w, "</Stmt></BkToCstmrStmt></Document>\n")
	return errors.Join(err, last)
}

// writeXLSX writes one sheet of eight columns.
func writeXLSX(w io.Writer) error {
	archive := zip.NewWriter(w)
	for name, text := range map[string]string{
		"[Content_Types].xml": `<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>`,
		"xl/workbook.xml": `<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships">` +
			`<sheets><sheet name="Bank" sheetId="1" r:id="rId1"/></sheets></workbook>`,
		"xl/_rels/workbook.xml.rels": `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">` +
			`<Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/></Relationships>`,
	} {
		part, err := archive.Create(name)
		if err == nil {
			_, err = io.WriteString(part, text)
		}
		if err != nil {
			return err
		}
	}
	part, err := archive.Create("xl/worksheets/sheet1.xml")
	if err != nil {
		return err
	}
	sheet := bufio.NewWriterSize(part, 1<<20)
	_, err = io.WriteString(sheet, `<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>`)
	row := func(number int, texts ...any) {
		if err != nil {
			return
		}
		_, err = fmt.Fprintf(sheet, `<row r="%d">`, number)
		for at, text := range texts {
			cell := `<c r="%c%d" t="inlineStr"><is><t>%v</t></is></c>`
			if _, amount := text.(float64); amount {
				cell = `<c r="%c%d"><v>%v</v></c>`
			}
			if err == nil {
				_, err = fmt.Fprintf(sheet, cell, 'A'+at, number, text)
			}
		}
		_, last := io.WriteString(sheet, "</row>")
		err = errors.Join(err, last)
	}
	row(1, "entry_id", "posted_at", "e2e_id", "amount", "currency", "description", "kind", "counterparty")
	for i := range formatRows {
		row(i+2, fmt.Sprintf("GL-%08d", i), fmt.Sprintf("2026-01-%02d", i%28+1), fmt.Sprintf("E2E%010d", i),
			float64(i%9973)+float64(i%100)/100, "EUR", "Payment of invoice", "SALE", fmt.Sprintf("Customer %d", i%500))
	}
	_, last := io.WriteString(sheet, "</sheetData></worksheet>")
	return errors.Join(err, last, sheet.Flush(), archive.Close())
}
