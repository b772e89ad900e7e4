package format

import (
	"archive/zip"
	"bytes"
	"cmp"
	"compress/flate"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"
	"unicode"

	"matcher/internal/recon"
)

// Limits of what is compressed. A statement is packed to a tenth; a bomb to a thousandth, again and again.
const (
	unpackedBytesMax  = 8 << 30
	ratioMax          = 250
	ratioFree         = 64 << 20 // bytes that may come of anything
	directoryBytesMax = 1 << 20  // of the list of files in a ZIP archive
)

// workbookFile is in every XLSX file.
const workbookFile = "xl/workbook.xml"

const archiveAdvice = "unpack it and load the file inside"

// unpacked returns the one data file in a gzip or ZIP archive as an input of its own, and any other input as it is.
func (in *input) unpacked() (*input, error) {
	inner, err := in.unpack()
	if err != nil || inner == in {
		return in, err
	}
	again, err := inner.unpack()
	if err == nil && again != inner {
		err = refuse("holds an archive inside an archive: " + archiveAdvice)
	}
	return inner, err
}

// unpack opens the archive that an input is, and returns any other input as it is, a workbook too.
func (in *input) unpack() (*input, error) {
	switch head := in.raw.rest(); {
	case bytes.HasPrefix(head, []byte("\x1F\x8B")):
		z, err := gzip.NewReader(&remainder{in.raw})
		if err != nil {
			return nil, damaged(err)
		}
		name, _ := strings.CutSuffix(path.Base(in.name), ".gz")
		return in.within(z, cmp.Or(z.Name, name))
	case bytes.HasPrefix(head, []byte("PK\x03\x04")), bytes.HasPrefix(head, []byte("PK\x05\x06")):
		return in.unzip()
	}
	return in, nil
}

// within is the input that an archive holds.
func (in *input) within(from io.Reader, name string) (*input, error) {
	name = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return -1
		}
		return r
	}, path.Base(name))
	inner, err := newInput(&unpacking{from: from, packed: in.bytes}, name, in.opt)
	if err != nil {
		return nil, err
	}
	if inner.bytes = in.bytes; in.label != "" && in.label != "-" {
		inner.label = fmt.Sprintf("%s in %s", name, path.Base(in.label))
	}
	return inner, nil
}

// unzip opens the one data file of a ZIP archive.
func (in *input) unzip() (*input, error) {
	at, size, err := in.readerAt()
	if err != nil {
		return nil, err
	}
	file := &archiveFile{at: at, left: directoryBytesMax, bytes: in.bytes}
	z, err := zip.NewReader(file, size)
	if err != nil {
		return nil, damaged(err)
	}
	file.left = -1
	names := map[string]bool{}
	var data []*zip.File
	for _, f := range z.File {
		names[f.Name] = true
		if base := path.Base(f.Name); !strings.HasSuffix(f.Name, "/") && base[0] != '.' &&
			!strings.HasPrefix(f.Name, "__MACOSX/") && base != "Thumbs.db" && base != "desktop.ini" {
			data = append(data, f)
		}
	}
	if names[workbookFile] {
		in.zip = z
		return in, nil
	}
	if names[odsContent] {
		return in, in.openDocument(z, names)
	}
	for _, document := range archives {
		if names[document.begins] {
			return nil, refuse(document.advice)
		}
	}
	switch {
	case len(data) == 0:
		return nil, refuse("is a ZIP archive without a file in it: export it again")
	case len(data) > 1:
		return nil, refuse(fmt.Sprintf("is a ZIP archive of %d files (%s): unpack it and load each of them by itself",
			len(data), firstNames(data)))
	case data[0].Flags&1 != 0:
		return nil, refuse("is a ZIP archive with a password: " + archiveAdvice)
	}
	from, err := data[0].Open()
	if err != nil {
		return nil, damaged(err)
	}
	return in.within(from, data[0].Name)
}

func firstNames(files []*zip.File) string {
	const shown = 4
	names := make([]string, 0, shown+1)
	for _, f := range files[:min(len(files), shown)] {
		names = append(names, quoteCut(f.Name))
	}
	if len(files) > shown {
		names = append(names, "…")
	}
	return strings.Join(names, ", ")
}

// archiveFile reads an archive by offset, within a limit until its list of files is read.
type archiveFile struct {
	at    io.ReaderAt
	left  int // bytes; below 0: any number
	bytes *counter
}

func (f *archiveFile) ReadAt(p []byte, offset int64) (int, error) {
	if f.left >= 0 {
		if f.left -= len(p); f.left < 0 {
			return 0, recon.TooLarge(recon.CodeFileTooLarge, "is a ZIP archive of too many files: %s", archiveAdvice)
		}
	}
	n, err := f.at.ReadAt(p, offset)
	f.bytes.n.Store(max(f.bytes.n.Load(), offset+int64(n)))
	return n, err //nolint:wrapcheck // a reader hands its errors on as they are
}

// unpacking holds what comes of an archive to its limits, and names what is wrong with it.
type unpacking struct {
	from   io.Reader
	packed *counter
	n      int64
}

func (u *unpacking) Read(p []byte) (int, error) {
	n, err := u.from.Read(p)
	u.n += int64(n)
	switch {
	case u.n > unpackedBytesMax:
		return 0, recon.TooLarge(recon.CodeFileTooLarge, "unpacks to more than %d GiB: split it", unpackedBytesMax>>30)
	case u.n > ratioFree && u.n > u.packed.n.Load()*ratioMax:
		return 0, recon.TooLarge(recon.CodeFileTooLarge,
			"unpacks to more than %d times its size, which no statement does: %s", ratioMax, archiveAdvice)
	case err != nil && !errors.Is(err, io.EOF):
		return n, damaged(err)
	}
	return n, err
}

// damaged is what is wrong with an archive; an error of the reader below it stays what it is.
func damaged(err error) error {
	var corrupt flate.CorruptInputError
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return recon.Unprocessable(recon.CodeFileCut, "is compressed and ends too early: get the whole file")
	case errors.Is(err, zip.ErrAlgorithm):
		return refuse("is compressed by a method that is not read: " + archiveAdvice)
	case errors.As(err, &corrupt), slices.ContainsFunc([]error{
		gzip.ErrChecksum, gzip.ErrHeader, zip.ErrFormat, zip.ErrChecksum,
	}, func(known error) bool { return errors.Is(err, known) }):
		return recon.Unprocessable(recon.CodeFileCut, "is compressed and damaged or cut: get the whole file again")
	}
	return err
}
