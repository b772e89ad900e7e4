//go:build unit || !integration

package mapping

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestPlainDate(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"Mon 2026-03-02": "2026-03-02", "mardi 3 mars 2026": "3 mars 2026", "Mar 03, 2026": "Mar 03, 2026",
		"R8.01.25": "2026-01-25", "令和元年5月1日": "2019-5-1", "2026年1月5日": "2026-1-5", "Sep 5, 2026": "Sep 5, 2026",
		"Tue 03/02/2026": "03/02/2026", "": "",
	} {
		require.Equal(t, want, plainDate(text), text)
	}
}
