//go:build unit || !integration

package format

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"

	"matcher/internal/recon"
)

const packedCSV = "id,date,amount\n1,2026-01-05,10.00\n"

func zipped(t *testing.T, files ...string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, file := range files {
		name, text, _ := strings.Cut(file, "=")
		w, err := z.Create(name)
		require.NoError(t, err)
		_, err = io.WriteString(w, text)
		require.NoError(t, err)
	}
	require.NoError(t, z.Close())
	return b.Bytes()
}

func gzipped(t *testing.T, text string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, err := io.WriteString(z, text)
	require.NoError(t, err)
	require.NoError(t, z.Close())
	return b.Bytes()
}

func TestT38_ArchivesOfOneFileAreReadAsThatFile(t *testing.T) {
	for name, data := range map[string][]byte{
		"gzip": gzipped(t, packedCSV), "zip": zipped(t, "bank/statement.csv="+packedCSV),
		"zip with what a Mac adds": zipped(t, "__MACOSX/._a.csv=x", ".DS_Store=y", "sub/=", "a.csv="+packedCSV), "two members": append(gzipped(t, packedCSV[:20]), gzipped(t, packedCSV[20:])...),
	} {
		for _, from := range []io.Reader{bytes.NewReader(data), iotest.OneByteReader(bytes.NewReader(data))} {
			o := tell(from, "dir/march.csv.gz", Options{})
			require.Equal(t, []string{"columns: id | date | amount", `2: ["1" "2026-01-05" "10.00"]`}, o.lines[1:], name)
			require.Contains(t, o.lines[0], ".csv in march.csv.gz", name)
		}
	}
	r, err := Open(bytes.NewReader(zipped(t, "a.csv="+packedCSV)), "a.zip", Options{})
	require.NoError(t, err)
	require.Positive(t, r.Bytes())
}

func TestT38_ArchivesAreRefusedByName(t *testing.T) {
	whole, locked := zipped(t, "a.csv="+packedCSV), zipped(t, "a.csv="+packedCSV)
	locked[bytes.LastIndex(locked, []byte("PK\x01\x02"))+8] |= 1
	strange := zipped(t, "a.csv="+packedCSV)
	strange[bytes.LastIndex(strange, []byte("PK\x01\x02"))+10] = 9
	broken := gzipped(t, strings.Repeat(packedCSV, 99))
	broken[len(broken)-8] ^= 1
	var many []string
	for n := range 5_000 {
		many = append(many, fmt.Sprintf("%0200d.csv", n))
	}
	for name, c := range map[string]struct {
		data []byte
		want string
	}{
		"two files":         {zipped(t, "a.csv=1", "b.sta=2"), `is a ZIP archive of 2 files ("a.csv", "b.sta"): unpack it`},
		"too many":          {zipped(t, many...), "is a ZIP archive of too many files"},
		"none":              {zipped(t), "without a file in it"},
		"only rubbish":      {zipped(t, "__MACOSX/x=1", "a/="), "without a file in it"},
		"password":          {locked, "with a password"},
		"a strange method":  {strange, "by a method that is not read"},
		"a cut archive":     {whole[:len(whole)-9], "damaged or cut"},
		"a cut gzip":        {gzipped(t, packedCSV)[:30], "ends too early"},
		"a broken gzip":     {broken, "damaged or cut"},
		"no gzip":           {[]byte("\x1f\x8bnothing at all"), "damaged or cut"},
		"gzip in gzip":      {gzipped(t, string(gzipped(t, packedCSV))), "an archive inside an archive"},
		"zip in zip":        {zipped(t, "b.zip="+string(whole)), "an archive inside an archive"},
		"a picture":         {zipped(t, "a.png=\x89PNG"), "a.png in x.zip is a picture"},
		"an empty file":     {zipped(t, "a.csv="), "x.zip is empty"},
		"a Word document":   {zipped(t, "[Content_Types].xml=", "word/document.xml="), "a Word document"},
		"an ODS":            {zipped(t, "mimetype=", "content.xml="), "an OpenDocument file, but no spreadsheet"},
		"some Office thing": {zipped(t, "_rels/.rels=", "[Content_Types].xml="), "an Office document"},
	} {
		o := tell(bytes.NewReader(c.data), "x.zip", Options{})
		require.ErrorContains(t, o.err, c.want, name)
		require.Zero(t, strings.Count(o.err.Error(), "\n"))
	}
	gone := errors.New("connection reset")
	o := tell(io.MultiReader(bytes.NewReader(broken[:50]), iotest.ErrReader(gone)), "x.gz", Options{})
	require.ErrorIs(t, o.err, gone)
	require.Equal(t, gone, damaged(gone))
}

// TestT31_ADeflateBombIsRefused unpacks gigabytes of a few megabytes: the ratio ends it long before.
func TestT31_ADeflateBombIsRefused(t *testing.T) {
	var b bytes.Buffer
	z, err := gzip.NewWriterLevel(&b, gzip.BestSpeed)
	require.NoError(t, err)
	_, err = io.Copy(z, &endless{begin: "id,date,amount\n", fill: '\n', size: 70 << 20})
	require.NoError(t, err)
	require.NoError(t, z.Close())
	var o outcome
	used := allocated(func() { o = tell(&b, "bomb.csv.gz", Options{MayBeBare: true}) })
	require.Equal(t, recon.CodeFileTooLarge, recon.CodeOf(o.err))
	require.ErrorContains(t, o.err, "bomb.csv in bomb.csv.gz unpacks to more than 250 times its size")
	require.Less(t, used, uint64(16<<20))
}
