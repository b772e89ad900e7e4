package format

import (
	"cmp"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"slices"

	"matcher/internal/recon"
)

const (
	xmlDepthMax = 64                         // of nested elements
	xmlTokenMax = FieldBytesMax + (64 << 10) // bytes of one tag or text
)

// xmlReader walks the elements of an XML text. It knows no entities but the five of XML itself, refuses a document
// type, and takes several documents one behind the other.
type xmlReader struct {
	bytes  xmlBytes
	tokens *xml.Decoder

	path  []byte     // of the element at hand, without prefixes: /Document/BkToCstmrStmt/Stmt
	open  []int      // where the name of each open element begins in path
	line  int        // of the tag at hand
	attrs []xml.Attr // of the element that begins
	text  []byte     // of the element that ends, behind the last one inside it
	ended bool       // the element at hand leaves the path with the next one
}

func newXML(w *window) *xmlReader {
	r := &xmlReader{bytes: xmlBytes{w: w}}
	r.tokens = xml.NewDecoder(&r.bytes)
	// The window is UTF-8 already, whatever the declaration states.
	r.tokens.CharsetReader = func(_ string, in io.Reader) (io.Reader, error) { return in, nil }
	return r
}

// next moves to where an element begins or ends; io.EOF at the end.
func (r *xmlReader) next() (begins bool, err error) {
	if r.ended {
		last := len(r.open) - 1
		r.path, r.open, r.ended, r.text = r.path[:r.open[last]-1], r.open[:last], false, r.text[:0]
	}
	for {
		r.bytes.left = xmlTokenMax
		r.line, _ = r.tokens.InputPos()
		token, err := r.tokens.RawToken()
		if err != nil {
			return false, r.problem(err)
		}
		switch t := token.(type) {
		case xml.StartElement:
			return true, r.begin(t)
		case xml.EndElement:
			return false, r.end(t.Name.Local)
		case xml.CharData:
			if len(r.text)+len(t) > FieldBytesMax {
				return false, r.problem(errWindowFull)
			}
			r.text = append(r.text, t...)
		case xml.Directive:
			return false, recon.Unprocessable(recon.CodeMalformed, fmt.Sprintf("has a document type (<!DOCTYPE) on "+
				"line %d, which is never followed and which no bank writes: get the file again, without it", r.line))
		}
	}
}

func (r *xmlReader) begin(t xml.StartElement) error {
	if len(r.open) == xmlDepthMax || len(t.Name.Local) > NameBytesMax {
		return recon.Unprocessable(recon.CodeMalformed, fmt.Sprintf("has, on line %d, a name of more than %d bytes or "+
			"more than %d elements in each other: get the file again", r.line, NameBytesMax, xmlDepthMax))
	}
	r.path = append(r.path, '/')
	r.open = append(r.open, len(r.path))
	r.path = append(r.path, t.Name.Local...)
	r.attrs, r.text = t.Attr, r.text[:0]
	return nil
}

func (r *xmlReader) end(name string) error {
	if len(r.open) == 0 || string(r.path[r.open[len(r.open)-1]:]) != name {
		return r.problem(&xml.SyntaxError{Line: r.line, Msg: "</" + name + "> ends what did not begin"})
	}
	r.ended = true
	return nil
}

// attr is an attribute of the element that begins.
func (r *xmlReader) attr(name string) string {
	if i := slices.IndexFunc(r.attrs, func(a xml.Attr) bool { return a.Name.Local == name }); i >= 0 {
		return r.attrs[i].Value
	}
	return ""
}

// problem is the refusal of a text that cannot be read on.
func (r *xmlReader) problem(err error) error {
	var syntax *xml.SyntaxError
	cut := errors.Is(err, io.EOF) && len(r.open) > 0
	switch {
	case cut, errors.As(err, &syntax) && syntax.Msg == "unexpected EOF":
		line, _ := r.tokens.InputPos()
		return recon.Unprocessable(recon.CodeFileCut,
			fmt.Sprintf("ends on line %d in the middle of %s: get the whole file", line, quoteCut(string(r.path))))
	case syntax != nil:
		return recon.Unprocessable(recon.CodeMalformed,
			fmt.Sprintf("is no XML on line %d: %s; get the file again", syntax.Line, syntax.Msg))
	case errors.Is(err, errWindowFull):
		return recon.TooLarge(recon.CodeFieldTooLong, "has a text or a tag of more than %d MB that begins on line %d",
			FieldBytesMax>>20, r.line)
	}
	return err
}

// xmlBytes are the bytes of a window, of which one token may take so many.
type xmlBytes struct {
	w    *window
	left int
}

// ReadByte returns the next byte.
func (b *xmlBytes) ReadByte() (byte, error) {
	w := b.w
	for w.start == w.end {
		if w.eof {
			return 0, cmp.Or(w.err, io.EOF)
		}
		if err := w.fill(); err != nil {
			return 0, err
		}
	}
	if b.left--; b.left < 0 {
		return 0, errWindowFull
	}
	w.start++
	return w.buf[w.start-1], nil
}

// Read is there for xml.Decoder, which takes no reader without it and calls ReadByte.
func (b *xmlBytes) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	c, err := b.ReadByte()
	if err != nil {
		return 0, err
	}
	p[0] = c
	return 1, nil
}
