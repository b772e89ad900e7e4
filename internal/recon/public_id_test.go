//go:build unit || !integration

package recon

import (
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

var version8 = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)

func TestAPublicIDResolvesOnlyInItsOwnSpace(t *testing.T) {
	t.Parallel()
	const a, b = "11111111-1111-1111-1111-111111111111", "22222222-2222-2222-2222-222222222222"
	own := NewIDSpace("transaction", a)
	foreign := []IDSpace{NewIDSpace("transaction", b), NewIDSpace("group", a), NewIDSpace("exception", a)}
	rapid.Check(t, func(t *rapid.T) {
		key := rapid.Int64Range(0, 1<<62-1).Draw(t, "key")
		id := own.Public(key)
		require.Regexp(t, version8, id)
		back, ok := own.Key(id)
		require.True(t, ok)
		require.Equal(t, key, back)
		for _, space := range foreign {
			_, ok := space.Key(id)
			require.False(t, ok)
		}
	})
	good := own.Public(7)
	for _, bad := range []string{"", strings.ToUpper(own.Public(0xabcdef)), good[:35], good + "0", strings.Replace(good, "-", "0", 1), "{" + good[1:]} {
		_, ok := own.Key(bad)
		require.False(t, ok, bad)
	}
}
