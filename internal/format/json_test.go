//go:build unit || !integration

package format

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"matcher/internal/recon"
)

func TestJSONShapes(t *testing.T) {
	deep := strings.Repeat(`{"a":`, depthMax+2) + "1" + strings.Repeat("}", depthMax+2)
	for _, c := range []struct{ name, text, want string }{
		{"a list in an object in an object", `{"a":{"b":{"rows":[{"id":1}]}}}`, "the list a.b.rows"},
		{"a list behind values of every kind", "{\"n\":1.5e3,\n\"s\":\"a]}\\\"\",\"t\":true,\"l\":[1,[2]],\"rows\":[{\"id\":1}]}", "the list rows"},
		{"numbers keep their digits", `[{"a":1.10,"b":12345678901234567890.123}]`, `["1.10" "12345678901234567890.123"]`},
		{"escapes are undone", `[{"a":"\u00e9\n\"\ud83d\ude00"}]`, `["é\n\"😀"]`},
		{"a NUL inside a text is damage", `[{"a":"x\u0000"},{"a":"y"}]`, "NUL"},
		{"depth has a limit", "[" + deep + `,{"a":"y"}]`, "nested more than"},
		{"a key has a limit", `[{"` + strings.Repeat("k", 300) + `":1},{"a":"y"}]`, "a key of this object is longer than 200 bytes"},
		{"a colon may not be missing", `{"a" 1}` + "\n", "a colon is expected on line 1"},
		{"a key is quoted", "{\"b\":1,\n a:1}", `a key in quotes, a comma or } is expected on line 2`},
		{"text in another encoding costs its row", "[{\"a\":\"" + strings.Repeat("x", headBytes) + "\"},{\"a\":\"\xff\"}]", "INVALID_ENCODING"},
		{"an element that is no value at all", `[{"a":1},}]`, "an object is expected on line 1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := strings.Join(tell(strings.NewReader(c.text), "x", Options{}).lines, "\n")
			require.Contains(t, got, c.want)
		})
	}
}

// TestJSONAgreesWithTheStandardLibrary flattens random objects both ways.
func TestJSONAgreesWithTheStandardLibrary(t *testing.T) {
	leaf := rapid.OneOf(rapid.Just[any](nil), rapid.Map(rapid.Bool(), func(b bool) any { return b }),
		rapid.Map(rapid.Int(), func(i int) any { return i }), rapid.Map(rapid.String(), func(s string) any { return strings.ReplaceAll(s, "\x00", "") }))
	key := rapid.StringMatching(`[a-z]{1,3}`)
	inner := rapid.OneOf(leaf, rapid.Map(rapid.MapOfN(key, leaf, 0, 3), func(m map[string]any) any { return m }),
		rapid.Map(rapid.SliceOfN(leaf, 0, 3), func(l []any) any { return l }))
	object := rapid.MapOfN(key, inner, 1, 4)
	rapid.Check(t, func(t *rapid.T) {
		objects := rapid.SliceOfN(object, 1, 6).Draw(t, "objects")
		text, err := json.Marshal(objects)
		check(t, err)
		var lines strings.Builder
		for _, o := range objects {
			line, err := json.Marshal(o)
			check(t, err)
			lines.Write(append(line, '\n'))
		}
		for _, in := range []struct{ format, text string }{{JSON, string(text)}, {NDJSON, lines.String()}} {
			r, err := Open(strings.NewReader(in.text), "x", Options{Format: in.format, Charset: "utf-8"})
			check(t, err)
			for _, o := range objects {
				rec, err := r.Next()
				check(t, err)
				compare(t, rec, o)
			}
			if _, err := r.Next(); !errors.Is(err, io.EOF) {
				t.Fatalf("more than was written: %v", err)
			}
		}
	})
}

func compare(t *rapid.T, rec recon.Record, object map[string]any) {
	want := map[string]string{}
	flat("", object, want)
	for i, name := range rec.Header {
		if i < len(rec.Fields) && rec.Fields[i] != want[name] {
			t.Fatalf("%s: %q, want %q", name, rec.Fields[i], want[name])
		}
		delete(want, name)
	}
	for name, value := range want {
		if value != "" {
			t.Fatalf("%s = %q was not read", name, value)
		}
	}
}

// flat is the slow and obvious way of doing what flattener does.
func flat(path string, value any, into map[string]string) {
	join := func(part string) string { return strings.TrimPrefix(path+"."+part, ".") }
	switch v := value.(type) {
	case map[string]any:
		for k, x := range v {
			flat(join(k), x, into)
		}
	case []any:
		for i, x := range v {
			flat(join(fmt.Sprint(i)), x, into)
		}
	case nil:
		into[path] = ""
	default:
		into[path] = fmt.Sprint(v)
	}
}

func TestLooksLikeJSON(t *testing.T) {
	for _, c := range []struct {
		head         string
		json, ndjson bool
	}{
		{"[{\"a\":1}]", true, false},
		{" \n[ ]", true, false},
		{"{\"a\":1}\n{\"a\":2}", true, true},
		{"{\"a\":1}", true, true},
		{"{\"a\":[{\"b\":1}]}", true, false},
		{"{\"x\":{\"a\":[{\"b\":1}]}}", true, false},
		{"{\n\"a\":1}", true, false},
		{"[id],amount", false, false},
		{"{id};x", false, false},
		{"id,amount", false, false},
		{"", false, false},
	} {
		require.Equal(t, c.json, looksJSON([]byte(c.head)), c.head)
		require.Equal(t, c.ndjson, looksNDJSON([]byte(c.head)), c.head)
	}
}
