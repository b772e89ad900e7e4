package pgserver

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"syscall"
)

// Reason is why a server could not be started or went away, for callers
// that act on it; Error has the sentences for people.
type Reason string

// The reasons.
const (
	ReasonNoBinaries   Reason = "NO_BINARIES"
	ReasonWrongVersion Reason = "WRONG_VERSION"
	ReasonInUse        Reason = "IN_USE"
	ReasonDiskFull     Reason = "DISK_FULL"
	ReasonNoAccess     Reason = "NO_ACCESS"
	ReasonFailed       Reason = "FAILED"
)

// Error states in three sentences what happened, why, and what to do about it.
type Error struct {
	Reason         Reason
	What, Why, Fix string
	Err            error
}

func (e *Error) Error() string {
	return e.What + ". " + e.Why + ". " + e.Fix + "."
}

func (e *Error) Unwrap() error { return e.Err }

// tailLines is how much of PostgreSQL's own log an error quotes: its FATAL
// line with the DETAIL and HINT around it fits in eight.
const tailLines = 8

// tailBytes bounds what is read for the quote.
const tailBytes = 8 << 10

// tail returns the last lines of a log from an offset on, so that an error
// never quotes the run before this one.
func tail(path string, from int64) string {
	f, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer f.Close()
	size, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		return ""
	}
	if _, err := f.Seek(max(from, size-tailBytes), io.SeekStart); err != nil {
		return ""
	}
	text, err := io.ReadAll(io.LimitReader(f, tailBytes))
	if err != nil {
		return ""
	}
	return lastLines(string(text))
}

func lastLines(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return strings.Join(lines[max(0, len(lines)-tailLines):], "\n")
}

// spaceLow is the free space below which a failure is taken to be a full
// disk even where PostgreSQL had no room left to say so: one WAL segment.
const spaceLow = 16 << 20

// explain turns the end of a failed process's output into an Error. The
// messages are PostgreSQL's own, kept in English by LC_ALL=C.
func explain(what, output string, l layout, cause error) *Error {
	switch {
	case strings.Contains(output, "No space left on device"), errors.Is(cause, syscall.ENOSPC),
		freeBytes(l.cluster) < spaceLow:
		return diskFull(what, l.dir, output, cause)
	case strings.Contains(output, "Permission denied"):
		return &Error{
			Reason: ReasonNoAccess, What: what, Err: cause,
			Why: "A file or folder below " + l.dir + " may not be used by the account PostgreSQL runs " +
				"as" + quote(output),
			Fix: "Start as the user who owns the folder, or name another data folder",
		}
	}
	return &Error{
		Reason: ReasonFailed, What: what, Err: cause,
		Why: fmt.Sprintf("PostgreSQL ended with %v%s", cause, quote(output)),
		Fix: "Read the whole log at " + l.log + "; the data in " + l.cluster + " was not changed by Matcher",
	}
}

func diskFull(what, dir, output string, cause error) *Error {
	return &Error{
		Reason: ReasonDiskFull, What: what, Err: cause,
		Why: "The disk that holds " + dir + " is full" + quote(output),
		Fix: "Free some space there (200 MB at least) and start again, or name a data folder on another disk; " +
			"nothing was deleted",
	}
}

func quote(output string) string {
	if output == "" {
		return ""
	}
	return "; its last words:\n  " + strings.ReplaceAll(lastLines(output), "\n", "\n  ") + "\n"
}
