package format

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"matcher/internal/recon"
)

// looksJSON accepts a list, or an object that may hold one.
func looksJSON(head []byte) bool {
	text := bytes.TrimLeft(head, " \t\r\n")
	if len(text) == 0 || text[0] != '[' && text[0] != '{' {
		return false
	}
	inside := bytes.TrimLeft(text[1:], " \t\r\n")
	if text[0] == '{' {
		return len(inside) == 0 || inside[0] == '"' || inside[0] == '}'
	}
	return len(inside) == 0 || inside[0] == '{' || inside[0] == ']'
}

// looksNDJSON accepts lines that are objects; a lone line that holds a list of objects is JSON.
func looksNDJSON(head []byte) bool {
	first, rest, _ := bytes.Cut(bytes.TrimLeft(head, " \t\r\n"), []byte{'\n'})
	if len(first) == 0 || first[0] != '{' || !json.Valid(first) {
		return false
	}
	return bytes.HasPrefix(bytes.TrimLeft(rest, " \t\r\n"), []byte{'{'}) || !holdsList(first, 0)
}

// holdsList reports whether an object, or one inside it, holds a list of objects.
func holdsList(object []byte, depth int) bool {
	var keys map[string]json.RawMessage
	if depth > depthMax || json.Unmarshal(object, &keys) != nil {
		return false
	}
	for _, value := range keys {
		switch {
		case value[0] == '{' && holdsList(value, depth+1):
			return true
		case value[0] == '[' && bytes.HasPrefix(bytes.TrimLeft(value[1:], " \t\r\n"), []byte{'{'}):
			return true
		}
	}
	return false
}

// ndjsonDecoder reads one object a line: a bad line costs only itself.
type ndjsonDecoder struct {
	w       *window
	flatten flattener
}

func openNDJSON(in *input) (decoder, string, error) {
	w, err := in.text()
	if err != nil {
		return nil, "", err
	}
	return &ndjsonDecoder{w: w, flatten: newFlattener(w)}, "one object a line", nil
}

func (d *ndjsonDecoder) next(rec *recon.Record) error {
	for {
		rec.Line = d.w.line
		end, last, err := d.w.lineEnd(0)
		if err != nil {
			return readError(d.w, err)
		}
		if last && end == 0 {
			return io.EOF
		}
		text := bytes.TrimSpace(d.w.rest()[:end])
		if len(text) > 0 {
			err = d.flatten.object(text, rec)
		}
		if !last {
			end++
		}
		empty := len(text) == 0
		d.w.take(end)
		if !empty {
			return err
		}
	}
}

// jsonDecoder walks down objects to the first list of objects and reads that element by element; the rest of the file
// is walked too, because with a second list a person must decide which one counts.
type jsonDecoder struct {
	w       *window
	flatten flattener
	path    []string // keys of the objects around the place at hand
	list    string   // path of the list being read
	inList  bool
	first   bool // no element of the list has been read
	done    bool // the list has ended
}

func openJSON(in *input) (decoder, string, error) {
	w, err := in.text()
	if err != nil {
		return nil, "", err
	}
	d := &jsonDecoder{w: w, flatten: newFlattener(w), first: true}
	c, err := d.skipSpace()
	if err != nil {
		return nil, "", err
	}
	if c != '[' && c != '{' {
		return nil, "", recon.Unprocessable(recon.CodeNotJSON, "is not JSON: it begins with neither { nor [")
	}
	w.take(1)
	if c == '[' {
		d.inList = true
		return d, "a list", nil
	}
	d.path = append(d.path, "")
	if err := d.walk(); err != nil {
		return nil, "", err
	}
	if !d.inList {
		return nil, "", recon.Unprocessable(recon.CodeNoList,
			"holds no list of objects: rows are expected as [{…}, {…}] or as one object a line")
	}
	return d, "the list " + d.list, nil
}

// skipSpace moves to the next byte that means something; at the end of input it fails.
func (d *jsonDecoder) skipSpace() (byte, error) {
	for {
		rest := d.w.rest()
		for i, c := range rest {
			if c != ' ' && c != '\t' && c != '\n' && c != '\r' {
				d.w.take(i)
				return c, nil
			}
		}
		d.w.take(len(rest))
		if d.w.eof {
			return 0, d.cut()
		}
		if err := d.w.fill(); err != nil {
			return 0, readError(d.w, err)
		}
	}
}

func (d *jsonDecoder) cut() error {
	if d.w.err != nil {
		return readError(d.w, d.w.err)
	}
	return recon.Unprocessable(recon.CodeFileCut,
		fmt.Sprintf("ends on line %d in the middle of its JSON: the file is not complete", d.w.line))
}

func (d *jsonDecoder) broken(want string) error {
	return recon.Unprocessable(recon.CodeNotJSON,
		fmt.Sprintf("is not valid JSON: %s is expected on line %d", want, d.w.line))
}

// walk goes through an object's members until it is inside a list of objects, or everything is read.
func (d *jsonDecoder) walk() error {
	for len(d.path) > 0 {
		c, err := d.skipSpace()
		switch {
		case err != nil:
			return err
		case c == '}':
			d.w.take(1)
			d.path = d.path[:len(d.path)-1]
		case c == ',':
			d.w.take(1)
		case c == '"':
			if err := d.member(); err != nil || d.inList {
				return err
			}
		default:
			return d.broken("a key in quotes, a comma or }")
		}
	}
	return nil
}

// member reads one key and enters its value, or skips it.
func (d *jsonDecoder) member() error {
	end, err := d.valueEnd()
	if err != nil {
		return err
	}
	var key string
	if json.Unmarshal(d.w.rest()[:end], &key) != nil {
		return d.broken("a key in quotes")
	}
	d.w.take(end)
	c, err := d.skipSpace()
	if err == nil && c != ':' {
		return d.broken("a colon")
	} else if err == nil {
		d.w.take(1)
		c, err = d.skipSpace()
	}
	switch {
	case err != nil:
		return err
	case c == '{' && len(d.path) < depthMax:
		d.w.take(1)
		d.path = append(d.path, key)
		return nil
	case c == '[':
		return d.enterList(key)
	}
	return d.skipValue()
}

func (d *jsonDecoder) skipValue() error {
	end, err := d.valueEnd()
	if err == nil {
		d.w.take(end)
	}
	return err
}

// enterList is called before a [. A list whose first element is an object is what we look for; any other is skipped.
func (d *jsonDecoder) enterList(key string) error {
	at := 1
	for {
		c, ok, err := d.w.byteAt(at)
		if err != nil {
			return readError(d.w, err)
		}
		if !ok {
			return d.cut()
		}
		if c == '{' {
			break
		}
		if c != ' ' && c != '\t' && c != '\n' && c != '\r' {
			return d.skipValue()
		}
		at++
	}
	name := strings.TrimPrefix(strings.Join(append(slices.Clip(d.path), key), "."), ".")
	if d.done {
		return recon.Unprocessable(recon.CodeSeveralLists,
			fmt.Sprintf("holds several lists of objects, %s and %s: keep the one that holds the rows", d.list, name))
	}
	d.list, d.inList = name, true
	d.w.take(1)
	return nil
}

// valueEnd is the offset behind the value at which the window starts. It only counts brackets: whether the value is
// good JSON is asked when it is read.
func (d *jsonDecoder) valueEnd() (int, error) {
	depth, inString, escaped := 0, false, false
	for at := 0; ; {
		for rest := d.w.rest(); at < len(rest); at++ {
			c := rest[at]
			switch {
			case escaped:
				escaped = false
			case inString && c == '\\':
				escaped = true
			case c == '"':
				inString = !inString
				if !inString && depth == 0 {
					return at + 1, nil
				}
			case inString:
			case c == '{' || c == '[':
				depth++
			case c == '}' || c == ']':
				if depth--; depth == 0 {
					return at + 1, nil
				} else if depth < 0 {
					return at, nil
				}
			case depth == 0 && (c == ',' || c == ' ' || c == '\n' || c == '\r' || c == '\t'):
				return at, nil
			}
		}
		if d.w.eof {
			return 0, d.cut()
		}
		if err := d.w.fill(); err != nil {
			return 0, readError(d.w, err)
		}
	}
}

func (d *jsonDecoder) next(rec *recon.Record) error {
	if d.done {
		return io.EOF
	}
	c, err := d.skipSpace()
	if err != nil {
		return err
	}
	if c == ',' && !d.first {
		d.w.take(1)
		if c, err = d.skipSpace(); err != nil {
			return err
		}
	} else if c != ']' && !d.first {
		return d.broken("a comma or ]")
	}
	if c == ']' {
		return d.endList()
	}
	d.first = false
	rec.Line = d.w.line
	end, err := d.valueEnd()
	if err != nil {
		return err
	}
	if end == 0 {
		return d.broken("an object")
	}
	problem := d.flatten.object(d.w.rest()[:end], rec)
	d.w.take(end)
	return problem
}

// endList reads the rest of the file, which must hold no second list.
func (d *jsonDecoder) endList() error {
	d.w.take(1)
	d.inList, d.done = false, true
	if err := d.walk(); err != nil {
		return err
	}
	if c, err := d.skipSpace(); err == nil {
		return d.broken(fmt.Sprintf("the end of the file, not %q,", rune(c)))
	}
	if d.w.err != nil {
		return readError(d.w, d.w.err)
	}
	return io.EOF
}

// valid returns what is wrong with the text of one object, if anything.
func (f *flattener) valid(text []byte, line int) *recon.RowError {
	fail := func(code, reason string) *recon.RowError {
		e := recon.NewRowError(line, 0, "", string(text[:min(len(text), 80)]), code, reason)
		return &e
	}
	undecoded := f.w.undecoded(text)
	switch {
	case undecoded != "":
		return fail(recon.CodeInvalidEncoding, undecoded)
	case text[0] != '{':
		return fail(recon.CodeMalformed, "an object {…} is expected here")
	case !json.Valid(text):
		return fail(recon.CodeMalformed, "this object is not valid JSON")
	}
	return nil
}
