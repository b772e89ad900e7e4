package format

import (
	"fmt"
	"strings"

	"matcher/internal/recon"
)

// Part is a row that is one of the payments of an entry. It has the names by which another file may have that entry as
// one row.
type Part struct {
	Entry

	At, Of int // 3 of 37
}

// Entry is what names an entry of an account in every file that has it.
type Entry struct {
	Account, Currency string
	Reference         string // the bank's; "": there is none
	Batch             string // as the payer calls it; "": it is none
}

// Same reports whether two names are of one entry.
func (e Entry) Same(other Entry) bool {
	return e.Account == other.Account && e.Currency == other.Currency &&
		(e.Reference != "" && e.Reference == other.Reference || e.Batch != "" && e.Batch == other.Batch)
}

// PartOf returns which part of an entry a row is. A row that is an entry as a whole is At 0.
func PartOf(rec recon.Record) (p Part) {
	if len(rec.Fields) != entryColumns || len(rec.Header) != entryColumns || rec.Header[entryPartOf] != PartColumn {
		return p
	}
	f := rec.Fields
	p.Entry = Entry{f[entryAccount], f[entryCurrency], f[entryID], f[entryBatch]}
	if _, err := fmt.Sscanf(f[entryPartOf], "%d of %d of ", &p.At, &p.Of); err != nil || p.At < 1 {
		p.At, p.Of = 0, 0
		return p
	}
	_, named, _ := strings.Cut(f[entryPartOf], " of ")
	_, p.Reference, _ = strings.Cut(named, " of ")
	if p.Reference == p.Batch {
		p.Reference = ""
	}
	return p
}
