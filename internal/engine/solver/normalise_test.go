//go:build unit || !integration

package solver

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestNormalise(t *testing.T) {
	for _, c := range []struct {
		text  string
		steps []string
		want  string
	}{
		{" inv-1 ", []string{"trim"}, "inv-1"},
		{" inv-1 ", nil, " inv-1 "},
		{"inv-1é", []string{"upper"}, "INV-1É"},
		{"Größe 7/a", []string{"alnum"}, "Größe7a"},
		{"RE 00-42", []string{"digits", "stripZeros"}, "42"},
		{"RE 00-42", []string{"stripZeros", "digits"}, "0042"},
		{"000", []string{"stripZeros"}, ""},
		{"São João ﬁ", []string{"foldAccents", "upper"}, "SAO JOAO FI"},
		{"n° 12", []string{"digits"}, "12"},
	} {
		require.Equal(t, c.want, string(Normalise([]byte(c.text), c.steps)), "%q %v", c.text, c.steps)
	}
}
