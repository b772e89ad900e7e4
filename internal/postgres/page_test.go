//go:build unit || !integration

package postgres

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"matcher/internal/recon"
)

func TestPage_Size(t *testing.T) {
	require.Equal(t, DefaultPageLimit, Page{}.Size())
	require.Equal(t, DefaultPageLimit, Page{Limit: -1}.Size())
	require.Equal(t, 7, Page{Limit: 7}.Size())
	require.Equal(t, MaxPageLimit, Page{Limit: MaxPageLimit + 1}.Size())
}

func TestPage_CursorsComeBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text, number := rapid.StringN(1, -1, -1).Draw(t, "text"), rapid.Int64().Draw(t, "number")
		gotText, err := Page{After: cursorOf(text)}.afterText()
		require.NoError(t, err)
		require.Equal(t, text, gotText)
		gotNumber, err := Page{After: cursorOf(number)}.afterInt(0)
		require.NoError(t, err)
		require.Equal(t, number, gotNumber)
	})
	var day string
	var id int64
	some, err := Page{After: cursorOf("2026-01-31", int64(1)<<62)}.afterKeys(&day, &id)
	require.NoError(t, err)
	require.True(t, some)
	require.Equal(t, "2026-01-31", day)
	require.Equal(t, int64(1)<<62, id)
}

func TestPage_TheFirstPageHasNoKey(t *testing.T) {
	first, err := Page{}.afterInt(-1)
	require.NoError(t, err)
	require.EqualValues(t, -1, first)
	some, err := Page{}.afterKeys()
	require.NoError(t, err)
	require.False(t, some)
}

func TestPage_ACursorOfAnotherListIsRefused(t *testing.T) {
	var text string
	var number int64
	for _, after := range []string{"!", "a b", cursorOf("x"), cursorOf("1", "2", "3"), cursorOf("1", "x"), cursorOf(int64(1))} {
		_, err := Page{After: after}.afterKeys(&text, &number)
		require.Equal(t, recon.KindInvalid, recon.KindOf(err), after)
	}
	_, err := Page{After: cursorOf("x")}.afterInt(0)
	require.Equal(t, recon.KindInvalid, recon.KindOf(err))
}

func TestPageOf(t *testing.T) {
	key := func(n int64) []any { return []any{n} }
	part, next := pageOf([]int64{1, 2, 3}, Page{Limit: 2}, key)
	require.Equal(t, []int64{1, 2}, part)
	after, err := Page{After: next}.afterInt(0)
	require.NoError(t, err)
	require.EqualValues(t, 2, after)
	part, next = pageOf([]int64{1, 2}, Page{Limit: 2}, key)
	require.Len(t, part, 2)
	require.Empty(t, next)
}
