// Package recon holds the nouns of reconciliation: transactions, rules, groups, exceptions, money and the one
// error type that crosses a border. It is pure: no context, clock, database or logger, and it imports nothing of ours.
package recon

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// Kind is what a caller can do about an Error. The HTTP edge maps each kind to one status.
type Kind string

// The kinds, with the status that the HTTP edge gives each.
const (
	KindInvalid       Kind = "INVALID"       // 400: the request cannot be read
	KindUnauthorized  Kind = "UNAUTHORIZED"  // 401
	KindForbidden     Kind = "FORBIDDEN"     // 403
	KindNotFound      Kind = "NOT_FOUND"     // 404: unknown and foreign ids alike
	KindConflict      Kind = "CONFLICT"      // 409
	KindStale         Kind = "STALE"         // 412: If-Match names an older version
	KindTooLarge      Kind = "TOO_LARGE"     // 413
	KindUnprocessable Kind = "UNPROCESSABLE" // 422: read, but it cannot be true; Fields names where
	KindRateLimited   Kind = "RATE_LIMITED"  // 429
	KindUnavailable   Kind = "UNAVAILABLE"   // 503: try again after RetryAfter
)

// Error is what a user may read. Code is stable and upper case, Message is a sentence, Fields point into the input.
// Anything else that reaches the edge is an internal error and its text is never shown.
type Error struct {
	Kind       Kind          `json:"-"`
	Code       string        `json:"code"`
	Message    string        `json:"message"`
	Fields     []FieldError  `json:"errors,omitempty"`
	RetryAfter time.Duration `json:"-"`
}

// FieldError points at one bad value by JSON pointer (RFC 6901), "/keys/0/op" say. It never repeats the value of a
// secret.
type FieldError struct {
	Pointer string `json:"pointer"`
	Code    string `json:"code,omitempty"`
	Message string `json:"message"`
}

func (e FieldError) String() string {
	if e.Pointer == "" {
		return e.Message
	}
	return e.Pointer + ": " + e.Message
}

func (e *Error) Error() string {
	if len(e.Fields) == 0 {
		return e.Message
	}
	parts := make([]string, len(e.Fields))
	for i, f := range e.Fields {
		parts[i] = f.String()
	}
	return e.Message + ": " + strings.Join(parts, "; ")
}

// Is makes errors.Is(err, target) hold for an Error with the same code.
func (e *Error) Is(target error) bool {
	var other *Error
	return errors.As(target, &other) && other.Code == e.Code
}

// KindOf is the kind of the first Error in err's chain, or "" when there is none.
func KindOf(err error) Kind {
	var e *Error
	if errors.As(err, &e) {
		return e.Kind
	}
	return ""
}

// CodeOf is the code of the first Error in err's chain, or "".
func CodeOf(err error) string {
	var e *Error
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}

func newError(kind Kind, code, format string, args []any) *Error {
	return &Error{Kind: kind, Code: code, Message: fmt.Sprintf(format, args...)}
}

// Invalid is a request that cannot be read at all.
func Invalid(code, format string, args ...any) *Error {
	return newError(KindInvalid, code, format, args)
}

// Unauthorized is a missing or unusable token.
func Unauthorized(code, format string, args ...any) *Error {
	return newError(KindUnauthorized, code, format, args)
}

// Forbidden is a good token without the right.
func Forbidden(code, format string, args ...any) *Error {
	return newError(KindForbidden, code, format, args)
}

// NotFound is the one answer to an unknown and to a foreign id: noun is "context", "run" and so on.
func NotFound(noun string) *Error {
	return newError(KindNotFound, CodeNotFound, "no such %s", []any{noun})
}

// Conflict is a state that forbids the change.
func Conflict(code, format string, args ...any) *Error {
	return newError(KindConflict, code, format, args)
}

// Stale is an If-Match that names another version than the stored one.
func Stale(noun string) *Error {
	return newError(KindStale, CodeStaleVersion, "this %s was changed meanwhile: read it again and repeat the change",
		[]any{noun})
}

// TooLarge is an input over a limit; the message names the limit.
func TooLarge(code, format string, args ...any) *Error {
	return newError(KindTooLarge, code, format, args)
}

// Unprocessable is well-formed input that cannot be true; fields say where.
func Unprocessable(code, message string, fields ...FieldError) *Error {
	return &Error{Kind: KindUnprocessable, Code: code, Message: message, Fields: fields}
}

// Unavailable asks the caller to come back after a while.
func Unavailable(code string, after time.Duration, format string, args ...any) *Error {
	e := newError(KindUnavailable, code, format, args)
	e.RetryAfter = after
	return e
}

// RateLimited asks the caller to slow down.
func RateLimited(after time.Duration, format string, args ...any) *Error {
	e := newError(KindRateLimited, CodeRateLimited, format, args)
	e.RetryAfter = after
	return e
}

// Below puts a pointer before those of faults that were found one level down.
func Below(pointer string, faults []FieldError) []FieldError {
	for i := range faults {
		faults[i].Pointer = pointer + faults[i].Pointer
	}
	return faults
}

// PointerName returns a name as a JSON pointer writes it (RFC 6901).
func PointerName(name string) string {
	return strings.NewReplacer("~", "~0", "/", "~1").Replace(Clip(name, 80))
}

// Clip returns a text of at most so many bytes, cut on a character's border and marked where it was cut.
func Clip(text string, bytesMax int) string {
	if len(text) <= bytesMax {
		return text
	}
	const ellipsis = "…"
	end := bytesMax - len(ellipsis)
	for end > 0 && text[end]&0xC0 == 0x80 {
		end--
	}
	return text[:end] + ellipsis
}
