//go:build unit || !integration

package engine

import (
	"regexp"
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
		require.Equal(t, c.want, string(normalise([]byte(c.text), c.steps)), "%q %v", c.text, c.steps)
	}
}

func TestValues(t *testing.T) {
	texts := func(s keySpec, text string) (list []string) {
		for _, v := range s.values(text, nil) {
			list = append(list, string(v))
		}
		return list
	}
	trim := []string{"trim"}
	require.Equal(t, []string{"A", "B"}, texts(keySpec{normalise: trim, split: ";"}, "A; B;;A"), "empty and repeated values go")
	require.Equal(t, []string{"12", "34"}, texts(keySpec{normalise: trim, extract: regexp.MustCompile("[0-9]+")}, "a12 b34"))
	require.Equal(t, []string{"12"}, texts(keySpec{normalise: trim, extract: regexp.MustCompile("a([0-9]+)")}, "a12 b34"), "the group, where there is one")
	require.Equal(t, []string{"12", "3"}, texts(keySpec{normalise: trim, split: ",", extract: regexp.MustCompile("[0-9]+")}, "12,x,y3"))
	require.Empty(t, texts(keySpec{normalise: trim}, "   "))
}
