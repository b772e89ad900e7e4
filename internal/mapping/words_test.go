//go:build unit || !integration

package mapping

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/recon"
)

func TestWordsMeanOneThingEach(t *testing.T) {
	group := map[string]string{recon.DirectionIn: "way", recon.DirectionOut: "way", recon.DirectionNeutral: "way", "balance": "label", "total": "label"}
	seen := map[string]string{}
	for line := range strings.Lines(wordsText) {
		key, list, ok := strings.Cut(strings.TrimSpace(line), ": ")
		if !ok || strings.HasPrefix(key, "#") {
			continue
		}
		meaning, language, found := strings.Cut(key, " ")
		require.True(t, found && len(language) >= 2, line)
		kind := group[meaning]
		if kind == "" {
			kind = "status"
		}
		for word := range strings.SplitSeq(list, ", ") {
			name := kind + " " + foldWord(word)
			require.True(t, seen[name] == "" || seen[name] == meaning, "%s means %s and %s", word, seen[name], meaning)
			seen[name] = meaning
		}
	}
}

func TestDirectionWords(t *testing.T) {
	for want, words := range map[string][]string{
		recon.DirectionOut: {"D", "DR", "Dr.", "DBIT", "debit", "Débit", "DÉBITO", "Soll", "S", "Af", "Cargo", "-", "saída", "Expense", "支出", "Dare", "Wn"},
		recon.DirectionIn:  {"C", "CR", "cr.", "CRDT", "Credit", "crédito", "Haben", "H", "Bij", "Abono", "+", "entrada", "Income", "收入", "Avere", "Ma"},
		"":                 {"sideways", "", "3"},
	} {
		for _, word := range words {
			require.Equal(t, want, directionOf(word), word)
		}
	}
}

func TestLabels(t *testing.T) {
	for text, want := range map[string]string{
		"S A L D O": labelTotal, "Saldo Anterior": labelBalance, "SALDO DO DIA": labelBalance, "B/F": labelBalance,
		"Beginning balance as of 01/01/2026": labelBalance, "Closing balance": labelBalance, "Total": labelTotal,
		"合计": labelTotal, "Übertrag Saldo": labelBalance, "KONEČNÝ ZŮSTATEK": labelBalance, "ИТОГО": labelTotal,
		"Итого: 12": labelTotal, "Sum 12": labelTotal, "Solde au 31/01/2026": labelBalance,
		"Total Gas Station": "", "Payment of balance": "", "": "", "Balance transfer 12": "",
	} {
		require.Equal(t, want, labelOf(text), text)
	}
}
