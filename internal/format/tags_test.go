//go:build unit || !integration

package format

import (
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"

	"matcher/internal/recon"
)

func TestTagsAreReadAtAnyPace(t *testing.T) {
	t.Parallel()
	const text = "x <?pi a>b?><!DOCTYPE y><a k=\"1\"\n l='2'>1 < 2 &lt;&#65; &amp AT&T<!-- <no> -->\n<B/>\n</c>skipped<d><![CDATA[<e> & ]]>f"
	r := &tagReader{w: newWindow(iotest.OneByteReader(strings.NewReader(text)))}
	var got []tag
	for {
		next, err := r.next()
		if errors.Is(err, io.EOF) {
			break
		}
		require.NoError(t, err)
		got = append(got, next)
	}
	require.Equal(t, []tag{
		{name: "A", attrs: `k="1"  l='2'`, text: "1 < 2 <A &amp AT&T", line: 1},
		{name: "B", empty: true, line: 3},
		{name: "C", closes: true, text: "skipped", line: 4},
		{name: "D", text: "<e> & f", line: 4},
	}, got)
}

// A comment inside an element is no end of its text: bank software writes them into amounts and references.
func TestTextBehindACommentIsRead(t *testing.T) {
	t.Parallel()
	read := func(text string, exact bool) string {
		first, err := (&tagReader{w: newWindow(iotest.OneByteReader(strings.NewReader(text))), exact: exact}).next()
		require.NoError(t, err)
		return first.text
	}
	require.Equal(t, "INV-7", read("<Ref>INV<!-- id > here -->-7</Ref>", false))
	require.Equal(t, "100.00", read("<Amt><!-- EUR -->100<?x a=\"b\"?>.00</Amt>", false))
	require.Equal(t, " a  b ", read("<td> a <!----> b </td>", true))
	require.Equal(t, "a<b>c", read("<x>a<!-- 1 --><![CDATA[<b>]]><!-- 2 -->c</x>", false))
	_, err := (&tagReader{w: newWindow(strings.NewReader("<a>" + strings.Repeat("x<!-- -->", FieldBytesMax+1)))}).next()
	require.Equal(t, recon.CodeFieldTooLong, recon.CodeOf(err))
}

func TestDamagedTagsAreRefused(t *testing.T) {
	t.Parallel()
	for text, code := range map[string]string{
		"<a <b>": recon.CodeMalformed, "<a>" + strings.Repeat("x", FieldBytesMax+1): recon.CodeFieldTooLong,
		"<a" + strings.Repeat(" ", RecordBytesMax+1): recon.CodeFieldTooLong, "<!--" + strings.Repeat("x", RecordBytesMax+1): recon.CodeFieldTooLong,
	} {
		_, err := (&tagReader{w: newWindow(strings.NewReader(text))}).next()
		require.Equal(t, code, recon.CodeOf(err), "%.20s", text)
	}
	for _, text := range []string{"", "<", "<a", "a < b", "<!-- never", "</"} {
		_, err := (&tagReader{w: newWindow(strings.NewReader(text))}).next()
		require.ErrorIs(t, err, io.EOF, text)
	}
}
