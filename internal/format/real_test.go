//go:build unit || !integration

package format

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/recon"
)

// sharedFiles returns files that banks wrote, which are kept in a folder named shared next to the project or above it.
func sharedFiles(t *testing.T, pattern string) []string {
	t.Helper()
	at, err := os.Getwd()
	require.NoError(t, err)
	for above := filepath.Dir(at); above != at; at, above = above, filepath.Dir(above) {
		if files, err := filepath.Glob(filepath.Join(above, "shared", pattern)); err == nil && len(files) > 0 {
			return files
		}
	}
	t.Skipf("there is no shared/%s", pattern)
	return nil
}

func TestRealOFXHasAsManyRowsAsItsBytesHaveMovements(t *testing.T) {
	t.Parallel()
	for _, file := range sharedFiles(t, "data/ofx/*.ofx") {
		data, err := os.ReadFile(file)
		require.NoError(t, err)
		want := len(regexp.MustCompile(`(?i)<STMTTRN>`).FindAll(data, -1))
		o := tell(bytes.NewReader(data), file, Options{})
		require.NoError(t, o.err, file)
		require.Equal(t, OFX+", a bank's download", o.lines[0], file)
		require.Equal(t, want, o.rows+o.rejected, file)
		require.Equal(t, want, o.rejected, "each of them has a date or an amount that is none: %s", file)
	}
}

// TestRealMT940AndBAI2HaveTheRowsAndSumsOfTheirBytes counts fields 61 and records 16 in another way.
func TestRealMT940AndBAI2HaveTheRowsAndSumsOfTheirBytes(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		pattern string
		line    *regexp.Regexp
		digits  int
		minus   func(mark string) bool
	}{
		{"data/mt940/*.sta", regexp.MustCompile(`(?m)^:61:\d{6}(?:\d{4})?(R?[CD])[A-Z]?(\d+,\d*)`), 2, func(m string) bool { return m == "D" || m == "RC" }},
		{"data/bai2/*.txt", regexp.MustCompile(`(?m)(?:^|/ +)16,(\d+),(\d+),`), 0, func(m string) bool { return m >= "401" && m <= "699" }},
	} {
		for _, file := range sharedFiles(t, c.pattern) {
			data, err := os.ReadFile(file)
			require.NoError(t, err)
			var want, got recon.Minor
			lines := c.line.FindAllStringSubmatch(string(data), -1)
			for _, line := range lines {
				n, err := recon.ParseMinor(strings.TrimSuffix(strings.Replace(line[2], ",", ".", 1), "."), c.digits)
				require.NoError(t, err)
				if c.minus(line[1]) {
					n = -n
				}
				want += n
			}
			rows, statements, err := readAll(t, bytes.NewReader(data), Options{})
			require.NoError(t, err, file)
			for _, s := range statements {
				got += s.Moved
			}
			require.Len(t, rows, len(lines), file)
			require.Equal(t, want, got, file)
		}
	}
}

// realEntries are the entries of camt as encoding/xml sees them, wherever they are.
type realEntries struct {
	Entries []struct {
		Amount string `xml:"Amt"`
		Side   string `xml:"CdtDbtInd"`
		Status struct {
			Text string `xml:",chardata"`
			Code string `xml:"Cd"`
		} `xml:"Sts"`
	}
}

func (r *realEntries) UnmarshalXML(d *xml.Decoder, start xml.StartElement) error {
	for {
		token, err := d.Token()
		if err != nil {
			return err
		}
		switch element := token.(type) {
		case xml.StartElement:
			if element.Name.Local == "Ntry" {
				r.Entries = slices.Grow(r.Entries, 1)[:len(r.Entries)+1]
				if err := d.DecodeElement(&r.Entries[len(r.Entries)-1], &element); err != nil {
					return err
				}
			} else if err := r.UnmarshalXML(d, element); err != nil {
				return err
			}
		case xml.EndElement:
			return nil
		}
	}
}

// Most of the samples are marked as duplicates, and refused for that; without the mark their money is that of their entries.
func TestRealCAMTHasTheSumsOfItsEntries(t *testing.T) {
	t.Parallel()
	copies := regexp.MustCompile(`<CpyDplctInd>\w+</CpyDplctInd>`)
	read := 0
	for _, file := range sharedFiles(t, "data/camt/*.xml") {
		data, err := os.ReadFile(file)
		require.NoError(t, err)
		if copies.Match(data) {
			_, _, err := readAll(t, bytes.NewReader(data), Options{})
			require.ErrorContains(t, err, "copy or duplicate", file)
			data = copies.ReplaceAll(data, nil)
		}
		var want realEntries
		wrong := xml.Unmarshal(data, &want)
		rows, statements, err := readAll(t, bytes.NewReader(data), Options{})
		if filepath.Base(file) == "camt053.v2.wrong.xml" {
			require.Equal(t, recon.CodeNoRows, recon.CodeOf(err), file)
			continue
		}
		require.NoError(t, wrong, file)
		require.NoError(t, err, file)
		var oracle, got, moved recon.Minor
		for _, entry := range want.Entries {
			if entry.Status.Code+strings.TrimSpace(entry.Status.Text) == "INFO" {
				continue
			}
			oracle += realMinor(t, entry.Amount, entry.Side == "DBIT")
		}
		for _, row := range rows {
			got += realMinor(t, row.Fields[entryAmount], false)
		}
		for _, s := range statements {
			moved += realMinor(t, s.Moved.Decimal(recon.CurrencyScale(s.Currency)), false)
		}
		require.GreaterOrEqual(t, len(rows), len(want.Entries), "%s: a detail is a row", file)
		require.Equal(t, oracle, got, file)
		require.Contains(t, []recon.Minor{0, oracle}, moved, "%s: a report books nothing", file)
		read++
	}
	require.GreaterOrEqual(t, read, 9)
}

// realMinor counts in units of five decimals: the samples are not careful with decimals.
func realMinor(t *testing.T, text string, minus bool) recon.Minor {
	t.Helper()
	n, err := recon.ParseMinor(text, 5)
	require.NoError(t, err, text)
	if minus {
		n = -n
	}
	return n
}

// Files of many kinds, some with the mistakes that their banks make: rows and sums, or the reason why there are none.
func TestRealFilesOfManyKinds(t *testing.T) {
	t.Parallel()
	wants := map[string]string{
		"a-plain.sta": "mt940: 2 rows of 59.50", "b-swift-envelope.txt": "mt940: 2 rows of 59.50",
		"e-camt053.xml": "camt: 1 rows of 100.00", "f-camt053-no-declaration.xml": "camt: 1 rows of 100.00",
		"g-ofx1.ofx": "ofx: 1 rows of 100.00", "h-ofx-no-header.qfx": "ofx: the date is missing",
		"i-ofx2.ofx": "holds no statement", "j-bank.qif": "qif: 2 rows of 59.50", "k-account.qif": "qif: 1 rows of 100.00",
		"left.csv": "csv: 2 rows of 59.50", "m.bai2": "bai2: 2 rows of 59.50", "o.zip": "csv: 1 rows of 100.00",
		"p.xlsx": "lacks a part", "q-xlsx-named.csv": "lacks a part", "r.csv.gz": "csv: 1 rows of 100.00",
		"s-old.xls": "an old Excel workbook", "t-html-named.xls": "html: 1 rows of 100.00",
		"v-spreadsheetml.xls": "without a table", "w-quickbooks.iif": "a QuickBooks file", "x.journal": "a plain-text journal",
		"y-datev-extf.csv": "a DATEV batch", "z-cnab240.ret": "it has no trailer", "zz-empty.csv": "is empty",
		"zz-header-only.csv": "no rows below", "zz-no-header.csv": "has no row of column names",
	}
	for _, file := range sharedFiles(t, "cases/files/19-formats-not-yet-read/*") {
		name := filepath.Base(file)
		if name == "expected.md" {
			continue
		}
		data, err := os.ReadFile(file)
		require.NoError(t, err)
		require.Contains(t, realOutcome(t, name, data), wants[name], name)
		require.NotEmpty(t, wants[name], name)
	}
}

// realOutcome is the format with rows and their sum, or why there are none.
func realOutcome(t *testing.T, name string, data []byte) string {
	t.Helper()
	r, err := Open(bytes.NewReader(data), name, Options{})
	if err != nil {
		return err.Error()
	}
	var sum recon.Minor
	for rows := 0; ; rows++ {
		rec, err := r.Next()
		var wrong *recon.RowError
		switch {
		case errors.Is(err, io.EOF):
			return fmt.Sprintf("%s: %d rows of %s", r.Format(), rows, sum.Decimal(2))
		case errors.As(err, &wrong):
			return r.Format() + ": " + wrong.Reason
		case err != nil:
			return err.Error()
		}
		at := slices.IndexFunc(rec.Header, func(column string) bool { return strings.EqualFold(column, "amount") })
		n, err := recon.ParseMinor(rec.Fields[at], 2)
		require.NoError(t, err)
		sum += n
	}
}
