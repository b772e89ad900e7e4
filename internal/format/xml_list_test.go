//go:build unit || !integration

package format

import (
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/recon"
)

func TestListsOfXMLAreFoundByWhatComesAgain(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"<x><a><b>1</b></a><a><b>2</b></a></x>":                                         "/x/a",
		"<x><day><tx><v/></tx><tx><v/></tx></day></x>":                                  "/x/day/tx",
		"<x><day><tx><v/></tx></day><day><tx><v/></tx></day></x>":                       "/x/day",
		"<x><note>1</note><note>2</note><a v='1'/><a v='2'/></x>":                       "/x/a",
		"<x xmlns:xsi='u'><h xsi:type='a'/><h xsi:type='b'/><a><b/></a><a><b/></a></x>": "/x/a",
	} {
		list, err := xmlListOf([]byte(text))
		require.NoError(t, err, text)
		require.Equal(t, want, list)
	}
}

// TestALateListOfXMLIsNotLost holds that a list behind what detection sees refuses the file, and that a row has a limit.
func TestALateListOfXMLIsNotLost(t *testing.T) {
	t.Parallel()
	sales := "<x>" + strings.Repeat("<sale><amount>1</amount></sale>", headBytes/20)
	_, _, err := readAll(t, strings.NewReader(sales+"<refund><amount>1</amount></refund><refund><amount>2</amount></refund></x>"), Options{})
	require.Equal(t, recon.CodeSeveralLists, recon.CodeOf(err))
	rows, _, err := readAll(t, strings.NewReader(sales+"<total><amount>1</amount></total></x>"), Options{})
	require.NoError(t, err)
	require.Len(t, rows, headBytes/20)
	file := &watched{repeated: repeated{text: strings.Repeat("<b>1</b>", 500)}}
	_, _, err = readAll(t, io.MultiReader(strings.NewReader("<x><a><b>1</b></a><a>"), file), Options{})
	require.Equal(t, recon.CodeFieldTooLong, recon.CodeOf(err), "%v", err)
}
