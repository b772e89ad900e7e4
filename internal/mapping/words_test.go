//go:build unit || !integration

package mapping

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestDirectionWords(t *testing.T) {
	for _, word := range []string{"D", "DR", "Dr.", "DBIT", "debit", "Débit", "DÉBITO", "Soll", "S", "Af", "Cargo", "-", "saída"} {
		debit, known := isDebit(word)
		require.True(t, known && debit, word)
	}
	for _, word := range []string{"C", "CR", "cr.", "CRDT", "Credit", "crédito", "Haben", "H", "Bij", "Abono", "+", "entrada"} {
		debit, known := isDebit(word)
		require.True(t, known && !debit, word)
	}
	_, known := isDebit("sideways")
	require.False(t, known)
}
