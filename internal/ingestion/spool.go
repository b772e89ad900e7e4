package ingestion

import (
	"bufio"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"

	"matcher/internal/recon"
)

// spoolBuffer is written to the disk at once.
const spoolBuffer = 256 << 10

// RoomStep is how much of the disk a file takes at a time.
const RoomStep = 1 << 20

// spool is a temporary file that has no name: whatever ends the process, nothing of it is left behind.
type spool struct {
	file *os.File
	to   *bufio.Writer
	size int64
	had  int64        // that room was given for
	room func() error // for another RoomStep; nil has no limit
}

func newSpool(dir string, room func() error) (*spool, error) {
	file, err := os.CreateTemp(dir, "matcher-import-*")
	if err != nil {
		return nil, fmt.Errorf("making a spool file: %w", err)
	}
	if err := os.Remove(file.Name()); err != nil {
		_ = file.Close()
		return nil, fmt.Errorf("hiding the spool file: %w", err)
	}
	s := &spool{file: file, room: room}
	s.to = bufio.NewWriterSize(s, spoolBuffer)
	return s, nil
}

// Write is what to flushes into.
func (s *spool) Write(p []byte) (int, error) {
	for s.room != nil && s.had < s.size+int64(len(p)) {
		if err := s.room(); err != nil {
			return 0, err
		}
		s.had += RoomStep
	}
	n, err := s.file.Write(p)
	s.size += int64(n)
	return n, err //nolint:wrapcheck // a writer hands its errors on as they are
}

// open reads the whole spool from its start, as often as it is asked to.
func (s *spool) open() (io.Reader, error) {
	return io.NewSectionReader(s.file, 0, s.size), nil
}

func (s *spool) close() { _ = s.file.Close() }

// upload reads a body once: it counts, hashes, refuses what is too large, and turns a connection that broke into an
// error that names it.
type upload struct {
	from io.Reader
	hash hash.Hash
	size int64
	max  int64
	copy io.Writer // of the original; nil: it is not kept
}

func newUpload(body io.Reader, sizeMax int64) *upload {
	return &upload{from: body, hash: sha256.New(), max: sizeMax}
}

func (u *upload) Read(p []byte) (int, error) {
	n, err := u.from.Read(p)
	u.hash.Write(p[:n])
	u.size += int64(n)
	if u.copy != nil {
		if _, err := u.copy.Write(p[:n]); err != nil {
			return n, err //nolint:wrapcheck // of the spool
		}
	}
	switch {
	case u.max > 0 && u.size > u.max:
		return n, recon.TooLarge(recon.CodeFileTooLarge, "is larger than %d MiB: split it", u.max>>20)
	case err == nil || errors.Is(err, io.EOF) || recon.CodeOf(err) != "":
		return n, err //nolint:wrapcheck // a reader must hand io.EOF on as it is
	}
	return n, recon.Invalid(recon.CodeBodyIncomplete, "ended before it was complete: send it again")
}
