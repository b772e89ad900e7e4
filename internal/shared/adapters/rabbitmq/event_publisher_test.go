//go:build unit || !integration

package rabbitmq

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/auth"
	"matcher/internal/recon"
)

// keys records routing keys.
type keys []string

func (k *keys) Send(_ context.Context, routingKey string, _ recon.Event) error {
	*k = append(*k, routingKey)
	return nil
}

func TestNewDefaultEventPublisher(t *testing.T) {
	t.Parallel()
	ofTenant := auth.WithTenant(t.Context(), tenantA)
	var sent keys
	for _, publisher := range []EventPublisher{NewDefaultEventPublisher(true), NewDefaultEventPublisher(false)} {
		require.NoError(t, publisher.PublishEvent(ofTenant, &sent, recon.Event{Key: "period.closed"}))
	}
	require.Equal(t, keys{"period.closed." + tenantA, "period.closed"}, sent)
}
