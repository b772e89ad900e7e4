//go:build unit || !integration

package format

import (
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/recon"
)

func TestTheDayOfAReturnHasNoYear(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ created, julian, want string }{
		{"2026-01-08", "008", "2026-01-08"},
		{"2026-01-02", "364", "2025-12-30"},
		{"2025-12-30", "002", "2026-01-02"},
		{"2026-03-05", "   ", "2026-03-05"},
		{"2026-03-05", "000", "2026-03-05"},
	} {
		created, err := recon.ParseDay(c.created)
		require.NoError(t, err)
		header := make([]rune, 94)
		for i := range header {
			header[i] = ' '
		}
		copy(header[75:], []rune(c.julian))
		d := &nachaDecoder{created: created, r: fixedReader{text: header}}
		d.begins()
		require.Equal(t, c.want, d.settled.String(), c.julian)
	}
}
