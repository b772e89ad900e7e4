//go:build unit || !integration

package format

import (
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"
)

func TestWindow(t *testing.T) {
	t.Run("finds line ends however the bytes come, and counts lines", func(t *testing.T) {
		w := newWindow(iotest.OneByteReader(strings.NewReader("ab\ncd\n\nlast")))
		var lines []string
		for {
			end, last, err := w.lineEnd(0)
			require.NoError(t, err)
			lines = append(lines, string(w.rest()[:end]))
			if last {
				break
			}
			w.take(end + 1)
		}
		require.Equal(t, []string{"ab", "cd", "", "last"}, lines)
		require.Equal(t, 4, w.line)
	})
	t.Run("grows to its limit and no further", func(t *testing.T) {
		w := newWindow(&endless{fill: 'x', size: 1 << 40})
		_, _, err := w.lineEnd(0)
		require.ErrorIs(t, err, errWindowFull)
		require.Len(t, w.buf, RecordBytesMax)
	})
	t.Run("a byte behind the end is none", func(t *testing.T) {
		w := newWindow(strings.NewReader("ab"))
		c, ok, err := w.byteAt(1)
		require.True(t, ok && c == 'b' && err == nil)
		_, ok, err = w.byteAt(2)
		require.False(t, ok || err != nil)
	})
}
