//go:build unit || !integration

package rabbitmq

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/auth"
	"matcher/internal/recon"
)

const tenantID = "aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa"

// keys records routing keys.
type keys []string

func (k *keys) Send(_ context.Context, routingKey string, _ recon.Event) error {
	*k = append(*k, routingKey)
	return nil
}

func TestNewEventPublisher(t *testing.T) {
	t.Parallel()
	event := recon.Event{Key: Prefix + ".something"}
	ofTenant := auth.WithTenant(t.Context(), tenantID)
	var sent keys
	require.NoError(t, NewEventPublisher(true).PublishEvent(ofTenant, &sent, event))
	require.NoError(t, NewEventPublisher(false).PublishEvent(ofTenant, &sent, event))
	require.NoError(t, NewEventPublisher(true).PublishEvent(t.Context(), &sent, event))
	require.Equal(t, keys{Prefix + ".something." + tenantID, Prefix + ".something", Prefix + ".something"}, sent,
		"the key names the tenant where there are several, and only then")
}
