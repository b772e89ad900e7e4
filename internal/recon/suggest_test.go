//go:build unit || !integration

package recon

import (
	"strings"
	"testing"
)

func TestSuggest(t *testing.T) {
	known := []string{"amount", "direction", "valueDate", "date"}
	for word, want := range map[string]string{
		"amuont": "amount", "Amount": "amount", "amonut": "amount", "valuedate": "valueDate", "dte": "date", "dirction": "direction",
		"banana": "", "": "", "x": "", strings.Repeat("a", 1000): "",
	} {
		if got := Suggest(word, known); got != want {
			t.Errorf("%q: %q, want %q", word, got, want)
		}
	}
}
