//go:build unit || !integration

package format

import (
	"errors"
	"io"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"matcher/internal/recon"
)

// walk lists the elements of a text as they end: line, path and what is in them.
func walk(t *testing.T, from io.Reader) ([]string, error) {
	t.Helper()
	var got []string
	r := newXML(newWindow(from))
	for {
		begins, err := r.next()
		switch {
		case errors.Is(err, io.EOF):
			return got, nil
		case err != nil:
			return got, err
		case begins:
			got = append(got, "<"+string(r.path)+r.attr("a"))
		default:
			got = append(got, string(r.path)+"="+string(r.text))
		}
	}
}

func TestElementsHavePathsAndTexts(t *testing.T) {
	t.Parallel()
	got, err := walk(t, strings.NewReader(`<?xml version="1.0" encoding="x"?><p:a xmlns:p="u">no<b a="1">x &amp;<!-- c --><![CDATA[<y>]]></b>no<c/></p:a><d/>`))
	require.NoError(t, err)
	require.Equal(t, []string{"</a", "</a/b1", "/a/b=x &<y>", "</a/c", "/a/c=", "/a=", "</d", "/d="}, got)
}

func TestWhatIsNoHonestXMLIsRefused(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", FieldBytesMax+1)
	for text, want := range map[string]string{
		"<a>\n<b>":                           recon.CodeFileCut,
		"<a>\n<b":                            recon.CodeFileCut,
		"<a>\n</b>":                          recon.CodeMalformed,
		"</a>":                               recon.CodeMalformed,
		"<a>&b;</a>":                         recon.CodeMalformed,
		"<a>\x00</a>":                        recon.CodeMalformed,
		"<!DOCTYPE a>":                       recon.CodeMalformed,
		strings.Repeat("<a>", xmlDepthMax+1): recon.CodeMalformed,
		"<" + strings.Repeat("a", NameBytesMax+1) + ">": recon.CodeMalformed,
		"<a>" + long + "</a>":                           recon.CodeFieldTooLong,
		"<a>" + long[1:] + "<!-- -->x</a>":              recon.CodeFieldTooLong,
		"<a b=\"" + long + long + "\"/>":                recon.CodeFieldTooLong,
	} {
		_, err := walk(t, strings.NewReader(text))
		require.Equal(t, want, recon.CodeOf(err), "%.40s: %v", text, err)
	}
	endless := io.MultiReader(strings.NewReader("<a><!--"), &repeated{text: strings.Repeat("x", 4096)})
	_, err := walk(t, endless)
	require.Equal(t, recon.CodeFieldTooLong, recon.CodeOf(err), "a comment without an end: %v", err)
}

// repeated is a text without an end.
type repeated struct {
	text string
	at   int
}

func (r *repeated) Read(p []byte) (int, error) {
	n := copy(p, r.text[r.at:])
	r.at = (r.at + n) % len(r.text)
	return n, nil
}

// watched reads an endless text, and keeps the most memory that was held while it was read.
type watched struct {
	repeated
	n, most int64
}

func (w *watched) Read(p []byte) (int, error) {
	const often = 8 << 20
	n, err := w.repeated.Read(p)
	if w.n%often+int64(n) >= often {
		w.most = max(w.most, heap())
	}
	if w.n += int64(n); w.n > 200<<20 {
		return 0, errors.New("read on and on")
	}
	return n, err
}

func heap() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// TestEndlessValuesAreRefused reads values without an end in each format: they are refused soon, in little memory, and
// what holds many small parts takes no more time than what is one.
func TestEndlessValuesAreRefused(t *testing.T) {
	mt := ":20:A\n:25:1\n:28C:1\n:60F:C260101EUR0,\n:61:260102C1,NTRFX\n:86:"
	bai := "01,A,B,260106,0600,1,,,2/\n02,B,A,1,260105,2400,USD,2/\n03,1,,010,0,,/\n"
	camt := `<Document><BkToCstmrStmt><Stmt><Ntry>` + camtAmount
	for name, c := range map[string]struct{ begins, on string }{
		"mt940 line":         {mt, "x"},
		"mt940 lines":        {mt, "x\n"},
		"mt940 separators":   {mt + "166?20", "?"},
		"bai2 text":          {bai + "16,142,1,Z,,,", "x\n"},
		"bai2 continuations": {bai + "16,142,1,Z,,,", "88,\n"},
		"bai2 fields":        {bai, "88,,\n"},
		"camt free text":     {camt + `<NtryDtls><TxDtls><RmtInf>`, `<Ustrd>x</Ustrd>`},
		"camt charges":       {camt, `<Chrgs><Amt Ccy="EUR">1</Amt></Chrgs>`},
		"camt information":   {camt, `<AddtlNtryInf>x</AddtlNtryInf>`},
		"ofx values":         {"<OFX><STMTRS><STMTTRN>", "<MEMO>" + strings.Repeat("x", 2<<20)},
		"qif line":           {"!Type:Bank\nD1/1'26\nM", "x"},
		"qif splits":         {"!Type:Bank\nD1/1'26\n", "SA\n$1.00\n"},
	} {
		base, began := heap(), time.Now()
		file := &watched{repeated: repeated{text: strings.Repeat(c.on, 1+4096/len(c.on))}}
		_, _, err := readAll(t, io.MultiReader(strings.NewReader(c.begins), file), Options{})
		require.Contains(t, []string{recon.CodeFieldTooLong, recon.CodeTooManyColumns}, recon.CodeOf(err), name)
		require.Less(t, file.most-base, int64(64<<20), name)
		require.Less(t, time.Since(began), 20*time.Second, name)
	}
}
