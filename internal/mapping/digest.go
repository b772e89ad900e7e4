package mapping

import (
	"crypto/sha256"
	"encoding/binary"

	"matcher/internal/recon"
)

// digestVersion is hashed first, so that another way of counting content can never be mistaken for this one.
const digestVersion = "matcher row 2"

// The parts of a digest: money, content, and everything.
const (
	contentAt = 8
	versionAt = 24
)

// digest is what a row holds, without its id, its position and its source: in 8 bytes its money (amount, currency,
// booking date and account), in 16 its content, and in the last 8 everything. Content is the mapped fields normalised,
// then every other column by name but running balances and volatile ones: they change from one delivery to the next,
// and the row does not. Without such columns the last 8 bytes are the first of the content. Each text is preceded by
// its length, so no two rows can run into each other.
func digest(tx *recon.Transaction, l *layout, rec recon.Record, account string) (d [32]byte) {
	var room [1024]byte
	b := append(room[:0], digestVersion...)
	for _, text := range [...]string{tx.Reference, tx.Currency, tx.Description, tx.Kind, tx.BookingStatus} {
		b = appendText(b, text)
	}
	b = binary.AppendVarint(b, int64(tx.Amount))
	b = binary.AppendVarint(b, int64(tx.Date.Unix()))
	b = binary.AppendVarint(b, int64(tx.ValueDate.Unix()))
	b = binary.AppendVarint(b, tx.Time.Unix())
	b = binary.AppendVarint(b, int64(tx.Time.Nanosecond()))
	for _, named := range [...]recon.NullMinor{tx.Gross, tx.Fee, tx.Tax, tx.Net} {
		if !named.Set {
			b = append(b, 0)
			continue
		}
		b = binary.AppendVarint(append(b, 1), int64(named.Amount))
	}
	var original recon.Money
	if tx.Original != nil {
		original = *tx.Original
	}
	b = appendText(b, original.Currency)
	b = binary.AppendVarint(b, int64(original.Amount))
	content := sha256.Sum256(appendColumns(b, l, rec, l.content))
	copy(d[contentAt:], content[:])
	copy(d[versionAt:], content[:])
	if len(l.volatile) > 0 {
		all := sha256.Sum256(appendColumns(append(b[:0], content[:]...), l, rec, l.volatile))
		copy(d[versionAt:], all[:])
	}
	binary.BigEndian.PutUint64(d[:contentAt], moneyDigest(tx, account))
	return d
}

// moneyDigest parts the money of rows with one id: of one day, currency and account no two amounts share it. The
// constants are those of FNV-1a and of the golden ratio.
func moneyDigest(tx *recon.Transaction, account string) uint64 {
	where := uint64(14695981039346656037)
	for _, text := range [...]string{tx.Currency, account} {
		for i := range len(text) {
			where = (where ^ uint64(text[i])) * 1099511628211
		}
		where = (where ^ uint64(len(text))) * 1099511628211
	}
	return uint64(tx.Amount) + uint64(tx.Date)*0x9E3779B97F4A7C15 + where
}

func appendColumns(b []byte, l *layout, rec recon.Record, columns []int) []byte {
	for _, at := range columns {
		if text := column(rec, at); text != "" {
			b = appendText(b, l.header[at])
			b = appendText(b, text)
		}
	}
	return b
}

func appendText(b []byte, text string) []byte {
	b = binary.AppendUvarint(b, uint64(len(text)))
	return append(b, text...)
}

// Identity names a row within its source, together with Transaction.Ordinal: by its external id where it has one, else
// by its content. It is 4 bytes of place and 12 of hash, 2^48 rows from an even chance that two share one. The place
// is the number in the id, or the day: rows that came together are neighbours in the index over all that a source ever
// delivered, instead of each opening a page of its own. (Measured: half the processor time of an import of a million
// rows.)
func Identity(tx *recon.Transaction) [16]byte {
	place, hash := uint32(tx.Date.Unix()), tx.Digest[contentAt:]
	if tx.ExternalID != "" {
		sum := sha256.Sum256([]byte(tx.ExternalID))
		place, hash = numberIn(tx.ExternalID), sum[:]
	}
	var identity [16]byte
	binary.BigEndian.PutUint32(identity[:4], place)
	copy(identity[4:], hash)
	return identity
}

// numberIn reads all digits of a text as one number, modulo 2^32: documents are numbered in the order in which they
// come.
func numberIn(text string) (number uint32) {
	for i := range len(text) {
		if digit := text[i] - '0'; digit <= 9 {
			number = number*10 + uint32(digit)
		}
	}
	return number
}
