package format

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"
	"sync/atomic"

	"matcher/internal/recon"
)

// spoolBytesMax is the largest input that is copied to memory for a format that reads by offset.
const spoolBytesMax = 256 << 20

// input is a file before its format is known: its first bytes as they are, and more of it for the format that asks.
type input struct {
	name  string
	label string // for messages
	opt   Options
	from  io.Reader
	bytes *counter // of from
	raw   *window
	zip   *zip.Reader // of a workbook
	ods   bool        // it is an OpenDocument sheet

	utf8    *window // of text
	notText error
	charset string // of utf8
	guessed bool   // charset is the likeliest one
}

func newInput(from io.Reader, name string, opt Options) (*input, error) {
	in := &input{name: name, label: name, opt: opt, from: from, bytes: &counter{from: from}}
	in.raw = newWindow(in.bytes)
	head := in.raw.head()
	switch {
	case in.raw.err != nil:
		return nil, in.raw.err
	case len(bytes.TrimSpace(head)) == 0 && in.raw.eof:
		return nil, recon.Unprocessable(recon.CodeNoRows, "is empty")
	}
	return in, nil
}

// named reports whether the file's name has one of the extensions.
func (in *input) named(extensions ...string) bool {
	return slices.Contains(extensions, strings.ToLower(path.Ext(in.name)))
}

// head is the first text of the file, nil where it is no text.
func (in *input) head() []byte {
	w, err := in.text()
	if err != nil {
		return nil
	}
	return w.rest()
}

// readerAt returns the whole file by offset, for formats that begin at its end: the file itself where it can be read
// so, else a copy. It must be asked for before text.
func (in *input) readerAt() (io.ReaderAt, int64, error) {
	type file interface {
		io.ReaderAt
		io.Seeker
	}
	if f, ok := in.from.(file); ok {
		if at, err := f.Seek(0, io.SeekCurrent); err == nil { // a pipe has no place
			start := at - in.bytes.n.Load()
			end, err := f.Seek(0, io.SeekEnd)
			return io.NewSectionReader(f, start, end-start), end - start, err
		}
	}
	spool := in.opt.Spool
	if spool == nil {
		spool = inMemory
	}
	return spool(&remainder{in.raw})
}

func inMemory(r io.Reader) (io.ReaderAt, int64, error) {
	data, err := io.ReadAll(io.LimitReader(r, spoolBytesMax+1))
	switch {
	case err != nil:
		return nil, 0, fmt.Errorf("copying the input: %w", err)
	case len(data) > spoolBytesMax:
		return nil, 0, recon.TooLarge(recon.CodeFileTooLarge,
			"is larger than %d MiB and can only be read once: save it as a file", spoolBytesMax>>20)
	}
	return bytes.NewReader(data), int64(len(data)), nil
}

// counter counts what was read through it. Its count is safe for concurrent use.
type counter struct {
	from io.Reader
	n    atomic.Int64
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.from.Read(p)
	c.n.Add(int64(n))
	return n, err
}
