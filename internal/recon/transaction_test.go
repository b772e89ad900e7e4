//go:build unit || !integration

package recon

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAnAbsentColumnReadsAsEmpty(t *testing.T) {
	t.Parallel()
	tx := Transaction{Metadata: []Attribute{{Name: "branch", Value: "Lyon"}, {Name: "e2e", Value: "X1"}}}
	require.Equal(t, "X1", tx.Attribute("e2e"))
	require.Empty(t, tx.Attribute("E2E"))
	require.Equal(t, Right, Left.Other())
	require.Equal(t, Left, Right.Other())
}
