//go:build unit || !integration

package engine

import (
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"
)

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
