package format

import (
	"bytes"
	"cmp"
	"fmt"
	"html"
	"io"
	"regexp"
	"slices"
	"strings"

	"matcher/internal/recon"
)

// tag is an opening or closing tag with the text behind it. An attribute has the form name="value".
type tag struct {
	name   string // in capitals
	attrs  string
	text   string // up to the next tag, references to characters resolved
	line   int
	closes bool // </NAME>
	empty  bool // <NAME/>
	wrong  string
}

// tagReader reads SGML, XML and HTML as a stream of tags: closing ones may be missing. It resolves no entity but those
// of single characters, and fetches nothing.
type tagReader struct {
	w     *window
	exact bool // white space counts
}

// next returns the next tag; io.EOF at the end, a tag that is cut off included.
func (r *tagReader) next() (tag, error) {
	for {
		at, last, err := r.begin(0)
		if err != nil {
			return tag{}, err
		}
		r.w.take(at)
		if last {
			return tag{}, io.EOF
		}
		ends, skip := ">", true
		switch next := r.w.rest()[1]; {
		case r.starts(0, "<!--"):
			ends = "-->"
		case next != '!' && next != '?':
			skip = false
		}
		end, last, err := r.index(ends, 1)
		if err != nil || last {
			return tag{}, orEnd(err)
		}
		if !skip {
			return r.tag(end)
		}
		r.w.take(end + len(ends))
	}
}

// skip takes everything up to where an element ends, whatever it holds; io.EOF where it does not.
func (r *tagReader) skip(name string) error {
	ends := "</" + name
	for {
		at, last, err := r.index("</", 0)
		if err != nil || last {
			return orEnd(err)
		}
		_, _, err = r.w.byteAt(at + len(ends))
		if err != nil {
			return readError(r.w, err)
		}
		rest := r.w.rest()[at:]
		if len(rest) >= len(ends) && strings.EqualFold(string(rest[:len(ends)]), ends) {
			r.w.take(at)
			return nil
		}
		r.w.take(at + 1)
	}
}

func orEnd(err error) error {
	if err == nil {
		return io.EOF
	}
	return err
}

// tag takes the tag that ends at an offset, and the text behind it.
func (r *tagReader) tag(end int) (tag, error) {
	t := tag{line: r.w.line}
	inside := string(r.w.rest()[1:end])
	r.w.take(end + 1)
	if strings.ContainsRune(inside, '<') {
		return t, recon.Unprocessable(recon.CodeMalformed,
			fmt.Sprintf("has a tag on line %d that is not closed: <%s", t.line, quoteCut(inside)))
	}
	if inside, t.closes = strings.CutPrefix(inside, "/"); !t.closes {
		inside, t.empty = strings.CutSuffix(inside, "/")
	}
	t.name, t.attrs, _ = strings.Cut(strings.TrimSpace(strings.Map(oneLine, inside)), " ")
	t.name = strings.ToUpper(t.name)
	raw, err := r.text()
	if t.wrong = r.w.undecoded(raw); err == nil && len(raw) > FieldBytesMax {
		err = recon.TooLarge(recon.CodeFieldTooLong, "has a text of more than %d MB behind <%s> on line %d",
			FieldBytesMax>>20, t.name, t.line)
	}
	t.text = string(raw)
	return t, err
}

func oneLine(r rune) rune {
	if r == '\n' || r == '\r' || r == '\t' {
		return ' '
	}
	return r
}

var characterReference = regexp.MustCompile(`&(?:#\d+|#[xX][0-9a-fA-F]+|[a-zA-Z]\w*);`)

// resolve replaces references to characters by these.
func resolve(text []byte) []byte {
	if bytes.IndexByte(text, '&') < 0 {
		return text
	}
	return characterReference.ReplaceAllFunc(text, func(ref []byte) []byte {
		return []byte(html.UnescapeString(string(ref)))
	})
}

// local is the name of a tag without its prefix.
func (t *tag) local() string { return t.name[strings.LastIndexByte(t.name, ':')+1:] }

// attr is the value of an attribute, whatever its prefix; "" where there is none.
func (t *tag) attr(name string) string {
	for rest := t.attrs; ; {
		key, after, _ := strings.Cut(rest, "=")
		after = strings.TrimLeft(after, " ")
		if after == "" || after[0] != '"' && after[0] != '\'' {
			return ""
		}
		value, more, _ := strings.Cut(after[1:], after[:1])
		key = strings.TrimSpace(key)
		if key[strings.LastIndexByte(key, ':')+1:] == name {
			return string(resolve([]byte(value)))
		}
		rest = more
	}
}

// text takes the text up to the next tag. Comments and processing instructions inside it are nothing.
func (r *tagReader) text() ([]byte, error) {
	var text []byte
	for len(text) <= FieldBytesMax {
		end, _, err := r.begin(0)
		if err != nil {
			return nil, err
		}
		text = append(text, resolve(r.w.rest()[:end])...)
		r.w.take(end)
		at := slices.IndexFunc(insets, func(i inset) bool { return r.starts(0, i.begins) })
		if at < 0 {
			break
		}
		inset := insets[at]
		end, last, err := r.index(inset.ends, len(inset.begins))
		if err != nil || last {
			return text, err
		}
		if inset.text {
			text = append(text, r.w.rest()[len(inset.begins):end]...)
		}
		r.w.take(end + len(inset.ends))
	}
	if r.exact || len(text) > FieldBytesMax {
		return text, nil
	}
	return bytes.Join(bytes.Fields(text), []byte{' '}), nil
}

// inset is what may be between texts without being a tag.
type inset struct {
	begins, ends string
	text         bool // what is in it is text
}

var insets = []inset{{"<![CDATA[", "]]>", true}, {"<!--", "-->", false}, {"<?", "?>", false}}

// begin is the offset at which the next tag begins: a < with other characters behind it is text.
func (r *tagReader) begin(from int) (at int, last bool, err error) {
	for {
		at, last, err = r.index("<", from)
		if err != nil || last {
			return at, last, err
		}
		c, ok, err := r.w.byteAt(at + 1)
		switch {
		case err != nil:
			return 0, false, readError(r.w, err)
		case !ok, c == '/', c == '!', c == '?', c|' ' >= 'a' && c|' ' <= 'z':
			return at, !ok, nil
		}
		from = at + 1
	}
}

// starts reports whether a text is at an offset.
func (r *tagReader) starts(at int, text string) bool {
	_, _, err := r.w.byteAt(at + len(text) - 1)
	return err == nil && bytes.HasPrefix(r.w.rest()[min(at, len(r.w.rest())):], []byte(text))
}

// index is the offset of a text at or after another offset; the end of input, with last, where there is none.
func (r *tagReader) index(text string, from int) (at int, last bool, err error) {
	for {
		rest := r.w.rest()
		if i := bytes.Index(rest[min(from, len(rest)):], []byte(text)); i >= 0 {
			return from + i, false, nil
		}
		if r.w.eof {
			if r.w.err != nil {
				return 0, false, readError(r.w, r.w.err)
			}
			return len(rest), true, nil
		}
		from = max(from, len(rest)-len(text)+1)
		if err := r.w.fill(); err != nil {
			return 0, false, readError(r.w, err)
		}
	}
}

// rest reads what is left, since the checksum of a packed file comes at its end.
func (r *tagReader) rest() error {
	w := r.w
	for w.err == nil && !w.eof {
		w.start = w.end
		if err := w.fill(); err != nil {
			return err
		}
	}
	return cmp.Or(w.err, io.EOF)
}
