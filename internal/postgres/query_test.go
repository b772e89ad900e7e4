//go:build unit || !integration

package postgres

import (
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"matcher/internal/recon"
)

func TestANoun_IsNotLookedForUnderATextThatIsNoUUID(t *testing.T) {
	_, err := runs.read(t.Context(), nil, "7", "")
	require.Equal(t, recon.NotFound("run"), err)
	_, err = sources.forChange(t.Context(), nil, "' OR true", 0)
	require.Equal(t, recon.NotFound("source"), err)
}

func TestAList_RefusesAForeignCursor(t *testing.T) {
	l := list[recon.Run]{args: pgx.NamedArgs{}}
	for _, cursor := range []string{"?", "YWJj"} { // no base64; no number
		_, _, err := l.page(t.Context(), nil, Page{After: cursor})
		require.Equal(t, "BAD_CURSOR", recon.CodeOf(err))
	}
}
