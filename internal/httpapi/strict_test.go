//go:build unit || !integration

package httpapi

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAmbiguity(t *testing.T) {
	for text, want := range map[string]string{
		`{"a":1,"a":2}`:                  "/a is there twice",
		`{"a":1,"\u0061":2}`:             "/a is there twice",
		`[{"b":[{},{"x/y":1,"x/y":2}]}]`: "/0/b/1/x~1y is there twice",
		`{"a":{"a":1},"b":{"a":1}}`:      "",
		`{"a":1,"A":2}`:                  "", // of a map; a property in another case is unknown to the schema
		`"\ud83d\ude00"`:                 "",
		`"\ud83d"`:                       " holds half of a surrogate pair, which is no text",
		`"\ude00\ud83d"`:                 " holds half of a surrogate pair, which is no text",
		`"\ud83dx\ude00"`:                " holds half of a surrogate pair, which is no text",
		`{"\uD800":1}`:                   " holds half of a surrogate pair, which is no text",
		`"\\ud83d"`:                      "",
		`"\\\ud83d"`:                     " holds half of a surrogate pair, which is no text",
		`"\n\"\u00e9"`:                   "",
	} {
		require.True(t, json.Valid([]byte(text)), text)
		pointer, fault := ambiguity([]byte(text))
		require.Equal(t, strings.TrimSpace(want), strings.TrimSpace(pointer+" "+fault), text)
	}
}

func FuzzAmbiguity(f *testing.F) {
	f.Add([]byte(`{"a":["\ud83d\ude00",{"a":1}]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		if !json.Valid(text) {
			return
		}
		var value any
		require.NoError(t, json.Unmarshal(text, &value))
		again, err := json.Marshal(value)
		require.NoError(t, err)
		pointer, fault := ambiguity(again)
		require.Empty(t, pointer+fault, "what was written by one reader is read the same by another")
		ambiguity(text)
	})
}
