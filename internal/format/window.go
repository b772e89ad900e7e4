package format

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"

	"matcher/internal/recon"
)

// window is a moving view of the text: what is unread is in buf[start:end]. It grows to RecordBytesMax and no
// further, which is what bounds memory. Offsets handed in and out are relative to start, because filling moves bytes.
type window struct {
	src        io.Reader
	buf        []byte
	start, end int
	eof        bool
	err        error // of src, returned once its bytes are used up
	newline    byte
	line       int    // 1-based number of the line of start
	validate   bool   // the text should be UTF-8, and has not been checked
	charset    string // that the text was decoded from
}

func newWindow(src io.Reader) *window {
	return &window{src: src, buf: make([]byte, headBytes), newline: '\n', line: 1}
}

var errWindowFull = errors.New("row longer than the window")

// rest is the text at hand.
func (w *window) rest() []byte { return w.buf[w.start:w.end] }

// head fills the first view and returns it. It must be called before anything is taken.
func (w *window) head() []byte {
	for !w.eof && w.end-w.start < headBytes {
		if w.fill() != nil {
			break
		}
	}
	return w.rest()
}

// fill reads more, making room first. It returns errWindowFull when the limit is reached, and nil at the end of input.
func (w *window) fill() error {
	if w.start > 0 {
		copy(w.buf, w.rest())
		w.end -= w.start
		w.start = 0
	}
	if w.end == len(w.buf) {
		if len(w.buf) >= RecordBytesMax {
			return errWindowFull
		}
		w.buf = append(w.buf, make([]byte, len(w.buf))...)
	}
	n, err := w.src.Read(w.buf[w.end:])
	w.end += n
	if err != nil {
		w.eof = true
		if !errors.Is(err, io.EOF) {
			w.err = err
		}
	}
	return nil
}

// lineEnd is the offset of the first line break at or after from. At the end of input it is the end, with last true.
func (w *window) lineEnd(from int) (end int, last bool, err error) {
	for {
		rest := w.rest()
		if i := bytes.IndexByte(rest[from:], w.newline); i >= 0 {
			return from + i, false, nil
		}
		if w.eof {
			return len(rest), true, w.err
		}
		from = len(rest)
		if err := w.fill(); err != nil {
			return 0, false, err
		}
	}
}

// byteAt is the byte at an offset, reading on as needed; ok is false behind the end of input.
func (w *window) byteAt(offset int) (c byte, ok bool, err error) {
	for w.start+offset >= w.end {
		if w.eof {
			return 0, false, w.err
		}
		if err := w.fill(); err != nil {
			return 0, false, err
		}
	}
	return w.buf[w.start+offset], true, nil
}

// take moves the window past n bytes and counts their line breaks.
func (w *window) take(n int) {
	lineBreak := [1]byte{w.newline}
	w.line += bytes.Count(w.buf[w.start:w.start+n], lineBreak[:])
	w.start += n
}

// undecoded returns what is wrong with the bytes of a row, or "".
func (w *window) undecoded(text []byte) string {
	switch {
	case w.validate && !utf8.Valid(text):
		return "this row is not UTF-8 although the file begins so: save the whole file in one encoding"
	case !w.validate && bytes.Contains(text, replacement):
		return "this row holds bytes that are no text in " + w.charset + ": set the charset, or save the file anew"
	}
	return ""
}

// replacement is what decoders put for bytes that they do not know.
var replacement = []byte("\uFFFD")

// readError is err about the place at which the window starts. No honest file has a row that fills the window.
func readError(w *window, err error) error {
	if errors.Is(err, errWindowFull) {
		return recon.TooLarge(recon.CodeFieldTooLong,
			"has a row of more than %d MB that begins on line %d: a closing quote or a line break is probably missing there",
			RecordBytesMax>>20, w.line)
	}
	return fmt.Errorf("after line %d: %w", w.line, err)
}
