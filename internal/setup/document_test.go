//go:build unit || !integration

package setup

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/recon"
)

func TestDocumentsKeepLinesAndPointers(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"{\"a/b\":\n [1, null, \"x\"]}", "a/b:\n  [1, null, x]"} {
		root, faults := parseDocument([]byte("\xef\xbb\xbf" + text))
		require.Empty(t, faults)
		list := root.items[0]
		require.Equal(t, []nodeKind{scalarNode, nullNode, textNode}, []nodeKind{list.items[0].kind, list.items[1].kind, list.items[2].kind})
		require.Equal(t, 2, list.items[2].line)
		require.Equal(t, "/a~1b/2", list.childPointer(root.childPointer("", 0), 2))
	}
	for text, want := range map[string]string{
		"{": "line 1", "[1] 2": "follows the end", "\t- x: [": "neither YAML nor JSON", " ": "is empty", "a: 1\n---\nb: 2": "more than one document",
		strings.Repeat(" ", bytesMax+1): "is longer than",
	} {
		_, faults := parseDocument([]byte(text))
		require.Len(t, faults, 1)
		require.Equal(t, recon.CodeSyntax, faults[0].Code)
		require.Contains(t, faults[0].Message, want)
	}
}
