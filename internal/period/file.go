package period

import (
	"encoding/json"
	"time"

	"matcher/internal/recon"
)

// FileName is the name of the file that a Closing is written to.
const FileName = "open.ndjson"

// version 2 has the rows of settled groups.
const version = 2

// Types of lines.
const (
	lineOpen     = "open"
	lineRow      = "row"
	linePartial  = "partial"
	lineGroup    = "group"
	lineRejected = "rejected"
	lineSettled  = "settled"
	lineOwed     = "owed"
	lineEnd      = "end"
)

// head is the first line.
type head struct {
	Type     string    `json:"type"`
	Version  int       `json:"version"`
	Written  string    `json:"writtenBy"`
	AsOf     recon.Day `json:"asOf"`
	Result   string    `json:"resultHash"`
	Sources  []Source  `json:"sources"`
	Balances []balance `json:"balances"`

	WrittenOff []recon.WriteOff `json:"writtenOff,omitempty"` // by this period and those before it
}

// Source is how a source was read.
type Source struct {
	Side    recon.Side      `json:"side"`
	Name    string          `json:"name"`
	Named   bool            `json:"named"` // by a user, rather than after its file
	Map     json.RawMessage `json:"map"`
	Flipped bool            `json:"flipped,omitempty"` // negate in the map is the contrary of what was detected or written
	Columns []string        `json:"columns,omitempty"` // of its file; none: not known

	Answered []string `json:"answered,omitempty"` // ids of the questions about its files that were answered
}

// balance is the closing balance of a currency, and what leads from its left to its right side besides the rows that
// are carried: left − Σ left rows + Σ right rows + Σ items = right.
type balance struct {
	Currency string       `json:"currency"`
	Left     string       `json:"left"`
	Right    string       `json:"right"`
	Stated   []recon.Side `json:"stated,omitempty"` // given by the user, rather than added up
	Items    []item       `json:"items"`
}

type item struct {
	Label  string `json:"label"`
	Reason string `json:"reason,omitempty"`
	Amount string `json:"amount"`
	Count  int64  `json:"count"`
}

// rowLine is one row that is carried whole. N is its number in the groups of the file.
type rowLine struct {
	Type          string            `json:"type"`
	N             int               `json:"n"`
	Side          recon.Side        `json:"side"`
	Source        string            `json:"source"`
	File          string            `json:"file"`
	Row           int               `json:"row"`
	Line          int               `json:"line"`
	ExternalID    string            `json:"externalId,omitempty"`
	Reference     string            `json:"reference,omitempty"`
	Amount        string            `json:"amount"`
	Currency      string            `json:"currency"`
	Date          recon.Day         `json:"date"`
	ValueDate     recon.Day         `json:"valueDate"`
	Time          time.Time         `json:"time,omitzero"`
	Description   string            `json:"description,omitempty"`
	Kind          string            `json:"kind,omitempty"`
	BookingStatus string            `json:"bookingStatus"`
	Gross         string            `json:"gross,omitempty"`
	Fee           string            `json:"fee,omitempty"`
	Tax           string            `json:"tax,omitempty"`
	Net           string            `json:"net,omitempty"`
	Original      *money            `json:"original,omitempty"`
	Metadata      map[string]string `json:"metadata"`
	Digest        string            `json:"digest"`
	Ordinal       int32             `json:"ordinal,omitempty"`
	Status        recon.State       `json:"status"` // OPEN, PROPOSED or PARTIAL; CONFIRMED where it was settled
	Class         recon.Class       `json:"class,omitempty"`
	Reason        recon.Reason      `json:"reason,omitempty"`
}

type money struct {
	Amount   string `json:"amount"`
	Currency string `json:"currency"`
}

// setLine is a partial group, with what is left of it, a settled group, or a rejected set. Left and Right are rows by
// their N.
type setLine struct {
	Type     string     `json:"type"`
	Rule     string     `json:"rule,omitempty"`
	Reason   string     `json:"reason,omitempty"` // of what a settled group is apart
	Left     []int      `json:"left"`
	Right    []int      `json:"right"`
	Residual string     `json:"residual,omitempty"` // Σ left − Σ right
	Currency string     `json:"currency,omitempty"`
	Side     recon.Side `json:"side,omitempty"` // on which the residual counts as one row
	Date     recon.Day  `json:"date,omitempty"` // of that row: the oldest of all
}

// settledLine are rows of one source and day that are settled. A row with an id is 32 bytes in base64, its identity and
// its traits; one without is 16, of its digest.
type settledLine struct {
	Type    string     `json:"type"`
	Side    recon.Side `json:"side"`
	Source  string     `json:"source"`
	Date    recon.Day  `json:"date"`
	Pending bool       `json:"pending,omitempty"` // all of them were, when they were confirmed
	Rows    []string   `json:"rows"`
}

// owedLine is an adjustment. Its amount is in minor units.
type owedLine struct {
	Type string `json:"type"`
	recon.Owed
}

// endLine is the last line: how many lines precede it, and their SHA-256.
type endLine struct {
	Type   string `json:"type"`
	Lines  int    `json:"lines"`
	SHA256 string `json:"sha256"`
}
