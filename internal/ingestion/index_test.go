//go:build unit || !integration

package ingestion

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"matcher/internal/postgres"
)

func TestSampleIsSpreadOverTheWholeFile(t *testing.T) {
	t.Parallel()
	for _, rows := range []int{0, 1, sampleMax, sampleMax + 1, 100_000} {
		s := sample{stride: 1}
		for i := range rows {
			s.offer(postgres.RowKey{Ordinal: int32(i)})
		}
		require.LessOrEqual(t, len(s.keys), sampleMax)
		require.GreaterOrEqual(t, len(s.keys), min(rows, sampleMax/2))
		for i := range s.keys {
			require.EqualValues(t, i*s.stride, s.keys[i].Ordinal)
		}
		if rows > sampleMax {
			require.Greater(t, int(s.keys[len(s.keys)-1].Ordinal)+s.stride, rows-s.stride)
		}
	}
}

func TestLineIndex(t *testing.T) {
	t.Parallel()
	var x lineIndex
	lines := map[int64]int64{}
	line := int64(2)
	for row := int64(1); row <= 1000; row++ {
		x.note(row, line)
		lines[row] = line
		line++
		if row%100 == 0 { // a row of three lines
			line += 2
		}
	}
	for row, line := range lines {
		require.Equal(t, line, x.of(row))
	}
	require.Len(t, x.rows, 10)
	require.EqualValues(t, 7, (&lineIndex{}).of(7))
}

func TestStorableText(t *testing.T) {
	t.Parallel()
	require.Equal(t, "plain", storableText("plain"))
	require.True(t, postgres.Storable(storableText("a\x00b\xff")))
}

func TestStorableName(t *testing.T) {
	t.Parallel()
	name := storableName(strings.Repeat("é", 200) + "\x00")
	require.True(t, utf8.ValidString(name))
	require.LessOrEqual(t, len(name), FileNameBytesMax+utf8.UTFMax)
}
