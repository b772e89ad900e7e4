//go:build unit || !integration

package engine

import (
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/recon"
)

func TestGroupEvidence(t *testing.T) {
	p := compile(t, payoutRule())
	left, right := payout(3)
	res, l, r := run(t, p, left, right)
	require.Len(t, res.Groups, 1)
	fields := map[string]recon.Evidence{}
	g := &res.Groups[0]
	for _, e := range res.Evidence(p, l, r, g) {
		fields[e.Component] = e
	}
	require.Equal(t, "PO-1", fields[recon.ComponentKey].Left, "the key that all rows carry")
	require.Equal(t, "30.03", fields[recon.ComponentAmount].Left, "the sum")
	require.Equal(t, "4", fields[recon.ComponentDate].Difference, "from the oldest row")
}
