//go:build unit || !integration

package adapters

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/recon"
	"matcher/internal/shared/ports"
)

// Every refusal has one of a few reasons: a label that could grow with tenants would take the metrics down with it.
func TestRefusalReason(t *testing.T) {
	for reason, err := range map[string]error{
		reasonUnknown:     recon.NotFound("tenant"),
		reasonSuspended:   recon.Forbidden("TENANT_SUSPENDED", "x"),
		reasonBusy:        recon.Unavailable("TENANT_BUSY", retryAfterBusy, "x"),
		reasonUnreachable: errors.Join(unreachableNow(), errUnreachable),
		reasonCanceled:    fmt.Errorf("waiting: %w", context.Canceled),
		reasonAuthority:   recon.Unavailable("TENANT_MANAGER_UNAVAILABLE", failurePause, "x"),
		reasonOther:       errors.New("x"),
	} {
		require.Equal(t, reason, refusalReason(err))
	}
	require.Equal(t, reasonCanceled, refusalReason(context.DeadlineExceeded))
	_, err := new(ConnectionSettings).placementOf(&ports.TenantConfig{Cluster: "nowhere"})
	require.Equal(t, reasonUnreachable, refusalReason(err))
}
