package mapping

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"

	"matcher/internal/recon"
)

// digestVersion is hashed first, so that another way of counting content can never be mistaken for this one.
const digestVersion = "matcher row 1"

// digest is SHA-256 over the content of a row: the mapped fields normalised, then every column by name, without the id
// and its columns, the position and the source. Each part is preceded by its length, so no two rows can run into each
// other.
func digest(tx *recon.Transaction, l *layout, rec recon.Record) [32]byte {
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
	for _, at := range l.content {
		if text := column(rec, at); text != "" {
			b = appendText(b, l.header[at])
			b = appendText(b, text)
		}
	}
	return sha256.Sum256(b)
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
	place, hash := uint32(tx.Date.Unix()), tx.Digest
	if tx.ExternalID != "" {
		place, hash = numberIn(tx.ExternalID), sha256.Sum256([]byte(tx.ExternalID))
	}
	var identity [16]byte
	binary.BigEndian.PutUint32(identity[:4], place)
	copy(identity[4:], hash[:])
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

// Verdict is what a row is among the rows of its file that came before it.
type Verdict int

// The verdicts.
const (
	Fresh     Verdict = iota // keep it
	Duplicate                // same id, same content, or the pending form of a booked row: kept once
	Rejected                 // cannot be read, or has the id of a row with other content: for a person to decide
	Replacing                // same id, booked now: keep it, and not the pending row that came before
	SetAside                 // a balance, a total, a payment that failed: no money that moved
)

// Identities distinguishes fresh rows from repeated ones within the files of one source and numbers equal rows that
// carry no id. It holds about 50 bytes a row. The zero value is ready.
type Identities struct {
	byID    map[[16]byte]firstSeen
	ordinal map[[16]byte]int32 // in the file at hand
	before  map[[16]byte]int32 // the most that one of the files before it had
}

// NextFile is called between two files of one source: rows of the first one are not taken again. Two statements
// that overlap hold the same rows; two equal rows in one of them are two.
func (i *Identities) NextFile() {
	if i.before == nil {
		i.before, i.ordinal = i.ordinal, nil
		return
	}
	for identity, count := range i.ordinal {
		i.before[identity] = max(i.before[identity], count)
	}
	clear(i.ordinal)
}

// Remember makes a row known that an earlier period had: by the Identity of its id, the first 8 bytes of its digest,
// and how far it had come.
func (i *Identities) Remember(identity [16]byte, digest uint64, stage Stage) {
	if i.byID == nil {
		i.byID = map[[16]byte]firstSeen{}
	}
	i.byID[identity] = firstSeen{digest: digest, stage: stage}
}

// RememberContent makes a row without an id known, by the first 16 bytes of its digest: as often as it was remembered,
// a later file may hold it without a new row.
func (i *Identities) RememberContent(digest [16]byte) {
	if i.before == nil {
		i.before = map[[16]byte]int32{}
	}
	i.before[digest]++
}

type firstSeen struct {
	digest uint64 // its first 8 bytes: a collision within a file harms only its sender
	line   int    // 0: in an earlier period
	stage  Stage
}

// Stage is how far a row had come when it was seen.
type Stage uint8

// The stages.
const (
	StageBooked Stage = iota
	StagePending
	StagePendingMatched // in a confirmed or partial group of an earlier period, which is not rearranged
)

// StageOf is how far a row has come by its own word.
func StageOf(tx *recon.Transaction) Stage {
	if tx.BookingStatus == recon.Pending {
		return StagePending
	}
	return StageBooked
}

// Admit judges a row and sets its Ordinal. For a conflicting one it returns the error.
func (i *Identities) Admit(tx *recon.Transaction) (Verdict, *recon.RowError) {
	return i.AdmitAs(tx, Identity(tx))
}

// AdmitAs is Admit for a caller that knows the row's Identity already.
func (i *Identities) AdmitAs(tx *recon.Transaction, identity [16]byte) (Verdict, *recon.RowError) {
	if tx.ExternalID == "" {
		if i.count(tx) <= i.before[[16]byte(tx.Digest[:16])] {
			return Duplicate, nil
		}
		return Fresh, nil
	}
	if i.byID == nil {
		i.byID = map[[16]byte]firstSeen{}
	}
	head := binary.BigEndian.Uint64(tx.Digest[:8])
	seen, repeated := i.byID[identity]
	switch {
	case !repeated:
		i.byID[identity] = firstSeen{head, tx.Line, StageOf(tx)}
		return Fresh, nil
	case seen.digest == head:
		return Duplicate, nil
	case seen.stage == StagePending && StageOf(tx) == StageBooked:
		i.byID[identity] = firstSeen{head, tx.Line, StageBooked}
		return Replacing, nil
	case seen.stage == StagePendingMatched && StageOf(tx) == StageBooked:
		return Rejected, pendingMatched(tx)
	case seen.stage == StageBooked && StageOf(tx) == StagePending:
		return Duplicate, nil
	}
	return Rejected, conflict(tx, seen.line)
}

// count numbers rows of equal content: two equal real rows stay two. It returns how many the file has had so far.
func (i *Identities) count(tx *recon.Transaction) int32 {
	if i.ordinal == nil {
		i.ordinal = map[[16]byte]int32{}
	}
	identity := [16]byte(tx.Digest[:16])
	tx.Ordinal = i.ordinal[identity]
	i.ordinal[identity] = tx.Ordinal + 1
	return tx.Ordinal + 1
}

func pendingMatched(tx *recon.Transaction) *recon.RowError {
	e := recon.NewRowError(tx.Line, tx.Row, recon.FieldExternalID, tx.ExternalID, recon.CodePendingMatched,
		"its pending row is in a confirmed or partial group of an earlier period, which stays: to take the booked row instead, run that period again with --reject for the rows of that group")
	return &e
}

func conflict(tx *recon.Transaction, firstLine int) *recon.RowError {
	if firstLine == 0 {
		e := recon.NewRowError(tx.Line, tx.Row, recon.FieldExternalID, tx.ExternalID, recon.CodeConflictingID,
			"the id came in an earlier period, with other content: correct one of the two, map externalId to a column that is unique, or read both periods by one map")
		return &e
	}
	e := recon.NewRowError(tx.Line, tx.Row, recon.FieldExternalID, tx.ExternalID, recon.CodeConflictingID,
		fmt.Sprintf("the id is on line %d already, with other content: correct one of the two rows, or map "+
			"externalId to a column that is unique", firstLine))
	return &e
}
