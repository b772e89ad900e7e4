package recon

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
)

// IDSpace turns bigint keys into UUIDs and back, for one kind of row of one tenant. The UUID (version 8, RFC 9562)
// carries a tag of the kind and the tenant next to the key, so the public id needs no index of its own and an id of
// another tenant, or of another kind, is simply unknown. It hides nothing; the tenant's schema is what protects.
type IDSpace struct{ tag uint64 }

const (
	uuidVersion8  = 0x8000
	uuidVariant   = uint64(0b10) << 62
	idMask        = uint64(1)<<62 - 1
	tagVersionOff = ^uint64(0xf000)
)

// NewIDSpace is the id space of a kind ("transaction", "group", "exception") in a tenant.
func NewIDSpace(kind, tenantID string) IDSpace {
	sum := sha256.Sum256([]byte(kind + ":" + tenantID))
	return IDSpace{tag: binary.BigEndian.Uint64(sum[:8])&tagVersionOff | uuidVersion8}
}

// Public is the UUID of key n, 0 ≤ n < 2^62.
func (s IDSpace) Public(n int64) string {
	var raw [16]byte
	binary.BigEndian.PutUint64(raw[:8], s.tag)
	binary.BigEndian.PutUint64(raw[8:], uint64(n)&idMask|uuidVariant)
	var text [36]byte
	hex.Encode(text[:8], raw[:4])
	hex.Encode(text[9:13], raw[4:6])
	hex.Encode(text[14:18], raw[6:8])
	hex.Encode(text[19:23], raw[8:10])
	hex.Encode(text[24:], raw[10:])
	text[8], text[13], text[18], text[23] = '-', '-', '-', '-'
	return string(text[:])
}

// Key is the bigint behind a UUID of this space, and whether the UUID is of this space at all.
func (s IDSpace) Key(id string) (int64, bool) {
	if len(id) != 36 || id[8] != '-' || id[13] != '-' || id[18] != '-' || id[23] != '-' {
		return 0, false
	}
	var raw [16]byte
	if _, err := hex.Decode(raw[:], []byte(id[:8]+id[9:13]+id[14:18]+id[19:23]+id[24:])); err != nil {
		return 0, false
	}
	low := binary.BigEndian.Uint64(raw[8:])
	if binary.BigEndian.Uint64(raw[:8]) != s.tag || low&^idMask != uuidVariant {
		return 0, false
	}
	key := int64(low & idMask)
	return key, s.Public(key) == id
}
