//go:build unit || !integration

package solver

import (
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestValues(t *testing.T) {
	texts := func(s TextSpec, text string) (list []string) {
		for _, v := range s.Values(text, nil) {
			list = append(list, string(v))
		}
		return list
	}
	trim := []string{"trim"}
	require.Equal(t, []string{"A", "B"}, texts(TextSpec{Normalise: trim, Split: ";"}, "A; B;;A"), "empty and repeated values go")
	require.Equal(t, []string{"12", "34"}, texts(TextSpec{Normalise: trim, Extract: regexp.MustCompile("[0-9]+")}, "a12 b34"))
	require.Equal(t, []string{"12"}, texts(TextSpec{Normalise: trim, Extract: regexp.MustCompile("a([0-9]+)")}, "a12 b34"), "the group, where there is one")
	require.Equal(t, []string{"12", "3"}, texts(TextSpec{Normalise: trim, Split: ",", Extract: regexp.MustCompile("[0-9]+")}, "12,x,y3"))
	require.Empty(t, texts(TextSpec{Normalise: trim}, "   "))
}
