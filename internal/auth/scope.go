package auth

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

const (
	// maxRedisSegmentBytes bounds what one segment may bring in; escaped it is at most three times as long.
	maxRedisSegmentBytes = 512
	// maxObjectSegmentBytes is the longest file name of common file systems, since a folder is one of the stores.
	maxObjectSegmentBytes = 255
	// maxObjectKeyBytes is the longest key of S3.
	maxObjectKeyBytes = 1024
)

// ErrBadSegment is returned for a segment that may not stand in a scoped key.
var ErrBadSegment = errors.New("bad key segment")

// ScopedRedisSegments builds the one form of a Redis key: tenant:{tenantID}:a:b. Bytes other than ASCII letters,
// digits and "-._" are percent-escaped, so a segment can hold a subject or an address, and yet no segment can bring a
// separator, a glob or a hash tag into the key: different (tenant, segments) are different keys.
func ScopedRedisSegments(ctx context.Context, segments ...string) (string, error) {
	tenantID, err := TenantID(ctx)
	if err != nil {
		return "", err
	}
	if len(segments) == 0 {
		return "", fmt.Errorf("%w: a Redis key needs at least one", ErrBadSegment)
	}
	var key strings.Builder
	key.WriteString("tenant:" + tenantID)
	for i, segment := range segments {
		if segment == "" || len(segment) > maxRedisSegmentBytes {
			return "", fmt.Errorf("%w: Redis segment %d has %d bytes, allowed are 1 to %d",
				ErrBadSegment, i, len(segment), maxRedisSegmentBytes)
		}
		key.WriteByte(':')
		escapeRedisSegment(&key, segment)
	}
	return key.String(), nil
}

func escapeRedisSegment(key *strings.Builder, segment string) {
	const hex = "0123456789ABCDEF"
	for i := range len(segment) {
		b := segment[i]
		if plainKeyByte(b) {
			key.WriteByte(b)
			continue
		}
		key.WriteByte('%')
		key.WriteByte(hex[b>>4])
		key.WriteByte(hex[b&15])
	}
}

func plainKeyByte(b byte) bool {
	switch {
	case 'a' <= b && b <= 'z', 'A' <= b && b <= 'Z', '0' <= b && b <= '9':
		return true
	default:
		return b == '-' || b == '.' || b == '_'
	}
}

// ScopedObjectStorageKey builds the one form of an object's key: {tenantID}/a/b. A segment that could leave the
// tenant's prefix in any store, or in a proxy that decodes once more, is refused rather than rewritten: names given
// by users belong in the object's row, not in its key.
func ScopedObjectStorageKey(ctx context.Context, segments ...string) (string, error) {
	tenantID, err := TenantID(ctx)
	if err != nil {
		return "", err
	}
	if len(segments) == 0 {
		return "", fmt.Errorf("%w: an object key needs at least one", ErrBadSegment)
	}
	for i, segment := range segments {
		if reason := objectSegmentFault(segment); reason != "" {
			return "", fmt.Errorf("%w: object segment %d %s", ErrBadSegment, i, reason)
		}
	}
	key := tenantID + "/" + strings.Join(segments, "/")
	if len(key) > maxObjectKeyBytes {
		return "", fmt.Errorf("%w: the object key has %d bytes, allowed are %d", ErrBadSegment, len(key),
			maxObjectKeyBytes)
	}
	return key, nil
}

// objectSegmentFault returns why a segment is refused, without repeating it: it may be hostile and ends in a log.
func objectSegmentFault(segment string) string {
	switch {
	case segment == "":
		return "is empty"
	case segment == "." || segment == "..":
		return "is a dot segment"
	case len(segment) > maxObjectSegmentBytes:
		return fmt.Sprintf("has %d bytes, allowed are %d", len(segment), maxObjectSegmentBytes)
	case !utf8.ValidString(segment):
		return "is not UTF-8"
	case strings.ContainsAny(segment, `/\%`):
		return `holds "/", "\" or "%"`
	case strings.ContainsFunc(segment, func(r rune) bool { return r < ' ' || r == 0x7f }):
		return "holds a control character"
	default:
		return ""
	}
}
