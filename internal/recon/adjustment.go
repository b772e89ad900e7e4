package recon

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"time"
)

// PostingStatus reports whether an adjustment has reached the books.
type PostingStatus string

// The posting statuses. A reversed adjustment counts for nothing any more.
const (
	Unposted PostingStatus = "UNPOSTED"
	Posted   PostingStatus = "POSTED"
	Reversed PostingStatus = "REVERSED"
)

// Adjustment is a difference, or part of one, that a group keeps and that is owed to the books until it is posted.
type Adjustment struct {
	ID               string           `json:"id"`
	GroupID          string           `json:"groupId"`
	ContextID        string           `json:"contextId"`
	Amount           string           `json:"amount"` // of Σ left − Σ right, with its sign
	Currency         string           `json:"currency"`
	Reason           AdjustmentReason `json:"reason"`
	Number           string           `json:"number"`             // by which a left row books it
	Account          string           `json:"account,omitempty"`  // that it is booked to
	BookedBy         string           `json:"bookedBy,omitempty"` // the left transaction that booked it
	Note             string           `json:"note,omitempty"`
	PostingStatus    PostingStatus    `json:"postingStatus"`
	PostingReference string           `json:"postingReference,omitempty"` // of the entry in the books
	PostedAt         *time.Time       `json:"postedAt,omitempty"`
	PostedBy         string           `json:"postedBy,omitempty"`
	Version          int              `json:"version"` // follows from the posting status
	CreatedAt        time.Time        `json:"createdAt"`
	CreatedBy        string           `json:"createdBy"`
}

// Posting is what a person does to an adjustment.
type Posting struct {
	To        PostingStatus
	Reference string // of the entry in the books
	Version   int    // of the adjustment that was looked at; 0: whatever it is now
}

// Version is that of an adjustment in a status: nothing else of it changes but with the status.
func (s PostingStatus) Version() int {
	return 1 + slices.Index([]PostingStatus{Unposted, Posted, Reversed}, s)
}

// PostingMove is the posting status that an adjustment may be brought into from the one it has.
func PostingMove(from, to PostingStatus) error {
	allowed := map[PostingStatus][]PostingStatus{Posted: {Unposted}, Reversed: {Unposted, Posted}}[to]
	if slices.Contains(allowed, from) {
		return nil
	}
	return Conflict(CodeAdjustmentStatus, "the adjustment is %s: it cannot be %s", from, to)
}

// Owed is an adjustment of an earlier run. Its amount is owed to the books until a left row books it: one that carries
// its number or the reference of its posting, or that is of its account, amount and currency.
type Owed struct {
	ID        int64            `json:"id,omitempty"` // of the caller
	Number    string           `json:"number"`
	Reference string           `json:"reference,omitempty"` // of its posting
	Reason    AdjustmentReason `json:"reason"`
	Account   string           `json:"account,omitempty"`
	Amount    Minor            `json:"amount"` // of Σ left − Σ right: the row that books it has the opposite
	Currency  string           `json:"currency"`
	Date      Day              `json:"date"`             // of the oldest row of its group
	Mixed     bool             `json:"mixed,omitempty"`  // of a group of several currencies
	Booked    string           `json:"booked,omitempty"` // the row that has booked it, as people call it
	Loose     bool             `json:"loose,omitempty"`  // that row is of the account and the amount, and may be for another
}

// RowIdentity is what a row is known by, whatever its file: its day and amount, and its external id, else its content
// and how many equal rows came before it.
type RowIdentity struct {
	Date       Day
	Amount     Minor
	ExternalID string
	Digest     [16]byte
	Ordinal    int32
}

func (r RowIdentity) String() string {
	if r.ExternalID != "" {
		return fmt.Sprintf("%s %d %s", r.Date, r.Amount, r.ExternalID)
	}
	return fmt.Sprintf("%s %d %x %d", r.Date, r.Amount, r.Digest, r.Ordinal)
}

const (
	adjustmentMark    = "ADJ-"
	adjustmentDigits  = "0123456789ABCDEFGHJKMNPQRSTVWXYZ" // no letter that is read as another one
	adjustmentLetters = 11                                 // of 5 bits each, before the one that checks them
)

// AdjustmentNumber is the number of what a group of rows is apart: the same in every run that makes the group. Its last
// letter checks the others.
func AdjustmentNumber(left, right []RowIdentity) string {
	h := sha256.New()
	for _, rows := range [2][]RowIdentity{left, right} {
		names := make([]string, len(rows))
		for i := range rows {
			names[i] = rows[i].String()
		}
		slices.Sort(names)
		fmt.Fprintf(h, "%q", names)
	}
	sum := binary.BigEndian.Uint64(h.Sum(nil))
	letters := make([]byte, adjustmentLetters)
	for i := range letters {
		letters[i] = adjustmentDigits[sum&31]
		sum >>= 5
	}
	return adjustmentMark + string(letters) + string(adjustmentCheck(letters))
}

func adjustmentCheck(letters []byte) byte {
	sum := 0
	for i, letter := range letters {
		sum += (2*i + 1) * strings.IndexByte(adjustmentDigits, letter)
	}
	return adjustmentDigits[sum%len(adjustmentDigits)]
}

// AdjustmentIn is the first number of an adjustment that a text holds, "" where it holds none.
func AdjustmentIn(text string) string {
	for at := strings.Index(text, adjustmentMark); at >= 0; {
		end := at + len(adjustmentMark) + adjustmentLetters + 1
		if end > len(text) {
			return ""
		}
		letters := []byte(text[at+len(adjustmentMark) : end])
		known := func(b byte) bool { return strings.IndexByte(adjustmentDigits, b) >= 0 }
		whole := (end == len(text) || !known(text[end])) && (at == 0 || !known(text[at-1]))
		unknown := slices.ContainsFunc(letters, func(b byte) bool { return !known(b) })
		if whole && !unknown && adjustmentCheck(letters[:adjustmentLetters]) == letters[adjustmentLetters] {
			return text[at:end]
		}
		next := strings.Index(text[at+1:], adjustmentMark)
		if next < 0 {
			return ""
		}
		at += 1 + next
	}
	return ""
}
