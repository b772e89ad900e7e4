//go:build unit || !integration

package format

import (
	"errors"
	"io"
	"strings"
	"testing"

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
