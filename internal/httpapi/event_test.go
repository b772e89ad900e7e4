//go:build integration

package httpapi_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/recon"
	"matcher/internal/testkit"
)

func TestEvents(t *testing.T) {
	t.Parallel()
	api := testkit.Server(t)
	w := newWorld(t, api, api.NewTenant("acme"))
	t.Run("the event feed is gapless", func(t *testing.T) {
		listEvents := items[recon.Event](t, w.Client, "/v1/events")
		require.NotEmpty(t, listEvents)
		for i, event := range listEvents {
			require.EqualValues(t, i+1, event.Seq)
		}
		require.Len(t, items[recon.Event](t, w.Client, "/v1/events?limit=1&after=1"), 1)
	})
}
