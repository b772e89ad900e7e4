package format

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"matcher/internal/recon"
)

// flattener lays nested objects out as columns named by dotted paths ("payer.name", "tags.0"). Numbers keep the digits
// they were written with. Columns are numbered as they first occur.
type flattener struct {
	w       *window // of the text
	header  []string
	column  map[string]int
	fields  []string
	seen    []int // by column: the last row that had it, to find a duplicate key
	row     int
	path    []byte
	line    int
	problem error
}

func newFlattener(w *window) flattener {
	return flattener{w: w, column: map[string]int{}}
}

// object fills rec from the text of one JSON object.
func (f *flattener) object(text []byte, rec *recon.Record) error {
	if problem := f.valid(text, rec.Line); problem != nil {
		return problem
	}
	f.row++
	f.line, f.problem, f.path = rec.Line, nil, f.path[:0]
	clear(f.fields)
	f.value(string(text), 0, 0)
	if f.problem != nil {
		return f.problem
	}
	rec.Header, rec.Fields = f.header, f.fields
	return nil
}

func (f *flattener) fail(value, code, format string, args ...any) {
	if f.problem == nil {
		e := recon.NewRowError(f.line, 0, string(f.path), value, code, fmt.Sprintf(format, args...))
		f.problem = &e
	}
}

// value lays out the value at s[at:], which is known to be valid JSON, and returns where it ends.
func (f *flattener) value(s string, at, depth int) int {
	if depth > depthMax {
		f.fail("", recon.CodeMalformed, "this object is nested more than %d deep", depthMax)
		return len(s)
	}
	switch s[at] {
	case '{':
		return f.members(s, at+1, depth)
	case '[':
		return f.elements(s, at+1, depth)
	case '"':
		text, end := f.text(s, at)
		f.put(text)
		return end
	}
	end := at
	for end < len(s) && !strings.ContainsRune(",]} \t\r\n", rune(s[end])) {
		end++
	}
	if word := s[at:end]; word != "null" {
		f.put(word)
	} else {
		f.put("")
	}
	return end
}

func (f *flattener) members(s string, at, depth int) int {
	outer := len(f.path)
	for f.problem == nil {
		at = space(s, at)
		if s[at] == '}' {
			break
		}
		if s[at] == ',' {
			at++
			continue
		}
		var key string
		key, at = f.text(s, at)
		at = space(s, space(s, at)+1) // over the colon
		if outer > 0 {
			f.path = append(f.path, '.')
		}
		f.path = append(f.path, key...)
		at = f.value(s, at, depth+1)
		f.path = f.path[:outer]
	}
	return at + 1
}

func (f *flattener) elements(s string, at, depth int) int {
	outer := len(f.path)
	for i := 0; f.problem == nil; {
		at = space(s, at)
		if s[at] == ']' {
			break
		}
		if s[at] == ',' {
			at++
			continue
		}
		f.path = append(f.path, '.')
		f.path = strconv.AppendInt(f.path, int64(i), 10)
		at = f.value(s, at, depth+1)
		f.path = f.path[:outer]
		i++
	}
	return at + 1
}

func space(s string, at int) int {
	for s[at] == ' ' || s[at] == '\t' || s[at] == '\n' || s[at] == '\r' {
		at++
	}
	return at
}

// text is the string that begins at a quote. Without escapes it is a part of s.
func (f *flattener) text(s string, at int) (string, int) {
	plain := true
	for end := at + 1; ; end++ {
		switch s[end] {
		case '\\':
			plain = false
			end++
		case '"':
			if plain {
				return s[at+1 : end], end + 1
			}
			var text string
			if err := json.Unmarshal([]byte(s[at:end+1]), &text); err != nil {
				panic("a string of valid JSON does not decode: " + err.Error())
			}
			return text, end + 1
		}
	}
}

// put stores a value under the path at hand.
func (f *flattener) put(value string) {
	at, known := f.column[string(f.path)]
	switch {
	case !known && len(f.header) >= ColumnsMax:
		if f.problem == nil {
			f.problem = recon.TooLarge(recon.CodeTooManyColumns,
				"has objects with more than %d different keys (line %d)",
				ColumnsMax, f.line)
		}
		return
	case !known && len(f.path) > NameBytesMax:
		f.fail("", recon.CodeMalformed, "a key of this object is longer than %d bytes", NameBytesMax)
		return
	case !known:
		at = len(f.header)
		f.header = append(f.header, string(f.path))
		f.column[f.header[at]] = at
		f.fields, f.seen = append(f.fields, ""), append(f.seen, 0)
	}
	switch {
	case f.seen[at] == f.row:
		f.fail(value, recon.CodeMalformed, "this object has the key %q twice", f.header[at])
	case len(value) > FieldBytesMax:
		f.fail(value, recon.CodeFieldTooLong, "one value of this object is longer than %d MB", FieldBytesMax>>20)
	case strings.IndexByte(value, 0) >= 0:
		f.fail("", recon.CodeMalformed, "a value of this object holds a NUL character")
	}
	f.seen[at] = f.row
	f.fields[at] = value
}
