//go:build unit || !integration

package format

import (
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/recon"
)

func TestInputByOffset(t *testing.T) {
	t.Parallel()
	for name, from := range map[string]io.Reader{
		"a file": strings.NewReader("rows of text"), "a pipe": io.MultiReader(strings.NewReader("rows "), strings.NewReader("of text")),
	} {
		in, err := newInput(from, "x", Options{})
		require.NoError(t, err)
		at, size, err := in.readerAt()
		require.NoError(t, err, name)
		require.EqualValues(t, len("rows of text"), size, name)
		part := make([]byte, 4)
		_, err = at.ReadAt(part, 8)
		require.NoError(t, err)
		require.Equal(t, "text", string(part), name)
	}
	_, _, err := inMemory(&repeat{text: strings.Repeat("x", 1<<20)})
	require.Equal(t, "FILE_TOO_LARGE", recon.CodeOf(err))
}

func TestInputIsNamed(t *testing.T) {
	t.Parallel()
	in := &input{name: "dir.csv/ROWS.JSON"}
	require.True(t, in.named(".ndjson", ".json"))
	require.False(t, in.named(".csv"))
}
