//go:build unit || !integration

package recon

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestResolution_Check(t *testing.T) {
	t.Parallel()
	for outcome, pointer := range map[Outcome]string{
		0: "/outcome", OutcomeMatched: "/with", OutcomeCorrected: "/with", OutcomeBooked: "/account", OutcomeSuspense: "/account",
		OutcomeUnapplied: "/party", OutcomeTransferred: "/targetId", OutcomeIgnored: "/reviewOn",
	} {
		require.Equal(t, pointer, (&Resolution{Outcome: outcome}).Check()[0].Pointer)
	}
	require.Empty(t, (&Resolution{Outcome: OutcomeWrittenOff}).Check())
}
