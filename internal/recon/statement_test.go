//go:build unit || !integration

package recon

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestStatement_Bridges(t *testing.T) {
	of := func(right, amount, class string) *Statement {
		return &Statement{Currencies: []StatementCurrency{{
			Currency: "JPY", Left: "1000", Right: right, Items: []StatementItem{{Label: LabelRightOnly, Side: Right, Class: class, Amount: amount, Count: 3}},
		}}}
	}
	bridges, err := of("1500", "500", "MISSING").Bridges()
	require.NoError(t, err)
	require.Equal(t, []Bridge{{Currency: "JPY", Left: 1000, Right: 1500, Items: []BridgeItem{{Label: LabelRightOnly, Side: Right, Class: ClassMissing, Amount: 500, Count: 3}}}}, bridges)
	for message, s := range map[string]*Statement{
		"reached 1500, not 1501":   of("1501", "500", ""),
		"the statement in JPY: ":   of("1500", "five", ""),
		"the statement in JPY: \"": of("1500", "500", "GONE"),
	} {
		_, err := s.Bridges()
		require.ErrorContains(t, err, message)
	}
}
