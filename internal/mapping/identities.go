package mapping

import (
	"fmt"
	"strings"

	"matcher/internal/recon"
)

// Verdict is what a row is among the rows of its file that came before it.
type Verdict int

// The verdicts.
const (
	Fresh     Verdict = iota // keep it
	Duplicate                // the same row again, or the pending form of a booked one: the first is kept
	Rejected                 // cannot be read, or has the id of a booked row with other money: for a person to decide
	Replacing                // same id, booked now: keep it, and not the pending row that came before
	SetAside                 // a balance, a total, a payment that failed: no money that moved
)

// Identities distinguishes fresh rows from repeated ones within the files of one source and numbers equal rows that
// carry no id. It holds about 60 bytes a row. The zero value is ready.
type Identities struct {
	byID    seen[firstSeen]
	ordinal seen[int32] // in the file at hand
	before  seen[int32] // the most that one of the files before it had
	file    uint16      // counts the files
	touched uint64      // by touch, which the compiler would leave out without it
}

// NextFile is called between two files of one source: rows of the first one are not taken again. Two statements
// that overlap hold the same rows; two equal rows in one of them are two.
func (i *Identities) NextFile() {
	i.ordinal.each(func(identity [16]byte, count int32) {
		most := i.before.put(identity)
		*most = max(*most, count)
	})
	i.ordinal = seen[int32]{}
	i.file++
}

// Traits are what a row with an id is compared by: its money, and everything. Of a row that is known by the first 16
// bytes of its digest alone they are those: money and content.
type Traits [16]byte

// TraitsOf returns the traits of a row.
func TraitsOf(tx *recon.Transaction) (t Traits) {
	copy(t[copy(t[:], tx.Digest[:contentAt]):], tx.Digest[versionAt:])
	return t
}

func (t *Traits) sameMoney(other *Traits) bool {
	return [contentAt]byte(t[:]) == [contentAt]byte(other[:])
}

// Remember makes a row known that an earlier period had: by the Identity of its id, its traits, and how far it had
// come.
func (i *Identities) Remember(identity [16]byte, traits Traits, stage Stage) {
	i.see(identity, firstSeen{traits: traits, stage: stage})
}

func (i *Identities) see(identity [16]byte, seen firstSeen) {
	*i.byID.put(identity) = seen
}

// RememberContent makes a row without an id known, by the first 16 bytes of its digest: as often as it was remembered,
// a later file may hold it without a new row.
func (i *Identities) RememberContent(digest [16]byte) {
	*i.before.put(digest)++
}

// firstSeen is a row with an id. Traits of 8 bytes of a hash collide within a file at the cost of its sender only.
type firstSeen struct {
	traits    Traits
	line, row int32 // 0: in an earlier period
	day       recon.Day
	stage     Stage
	file      uint16 // of line
}

// Stage is how far a row had come when it was seen.
type Stage uint8

// The stages.
const (
	StageBooked Stage = iota
	StagePending
	StagePendingMatched // in a confirmed or partial group of an earlier period, which is not rearranged
	StageReplaced       // a pending row whose booked one has another id
	StageVoid           // it never became money

	stageNone // it was taken back
)

// StageOf is how far a row has come by its own word.
func StageOf(tx *recon.Transaction) Stage {
	switch tx.BookingStatus {
	case recon.Pending:
		return StagePending
	case recon.Void:
		return StageVoid
	}
	return StageBooked
}

// Gone is a pending row that another row took the place of: its booked one, or one by which it never became money.
type Gone struct {
	ExternalID string
	Line, Row  int // 0: in an earlier period, or later in the file
}

// Repeat is how the pending row is listed, with the row that took its place.
func (g *Gone) Repeat(by *recon.Transaction) recon.RowError {
	if by.BookingStatus == recon.Void {
		return recon.NewRowError(g.Line, g.Row, recon.FieldExternalID, g.ExternalID, recon.CodeRowReplaced,
			fmt.Sprintf("was pending, and never became money by line %d", by.Line))
	}
	return recon.NewRowError(g.Line, g.Row, recon.FieldExternalID, g.ExternalID, recon.CodeRowReplaced,
		fmt.Sprintf("was pending, and %q on line %d replaces it", by.ExternalID, by.Line))
}

// touch fetches into the cache what Admit looks up for some rows.
func (i *Identities) touch(rows []Row) {
	for at := range rows {
		i.touched |= i.byID.touch(&rows[at].Identity)
	}
}

// Admit judges a row that has a Tx: it sets Verdict, Wrong, Gone and the Ordinal of the transaction.
func (i *Identities) Admit(row *Row) {
	tx := &row.Tx
	switch {
	case tx.ExternalID != "":
		i.admitID(row)
	case i.count(tx) <= i.known(tx):
		row.Verdict, row.Wrong = Duplicate, []recon.RowError{recon.NewRowError(tx.Line, tx.Row, "", "",
			recon.CodeRowKnown, "an earlier file of the source has this row, which has no id: it counts once")}
	default:
		row.Verdict = Fresh
	}
	if tx.PendingOf != "" && tx.PendingOf != tx.ExternalID && row.Verdict != Rejected && StageOf(tx) == StageBooked {
		i.replaceNamed(row)
	}
}

func (i *Identities) admitID(row *Row) {
	tx := &row.Tx
	now := firstSeen{TraitsOf(tx), int32(tx.Line), int32(tx.Row), tx.Date, StageOf(tx), i.file}
	seen, repeated := i.seenAs(row.Identity)
	void := now.stage == StageVoid // which is set aside as it is
	gone := func() {
		row.Gone = append(row.Gone, Gone{tx.ExternalID, int(seen.line), int(seen.row)})
	}
	switch {
	case !repeated:
	case void && seen.stage == StageBooked && now.day >= seen.day:
		row.reject(bookedVoid(tx, seen.line, "booked"))
		return
	case void && seen.stage == StagePendingMatched:
		row.reject(pendingMatched(tx))
		return
	case void && seen.stage == StageBooked:
		return
	case void:
		if seen.stage == StagePending {
			gone()
		}
	case seen.stage == StageVoid && now.stage == StageBooked && seen.day >= now.day:
		row.reject(bookedVoid(tx, seen.line, "no money"))
		return
	case seen.stage == StagePendingMatched && !(now.stage == StagePending && seen.traits.sameMoney(&now.traits)):
		row.reject(pendingMatched(tx))
		return
	case seen.stage == StagePending && (now.stage == StageBooked ||
		!seen.traits.sameMoney(&now.traits) && now.day >= seen.day):
		row.Verdict = Replacing
		gone()
	case now.stage == StagePending && seen.stage != StagePending && seen.stage != StagePendingMatched,
		now.stage == StagePending && !seen.traits.sameMoney(&now.traits):
		row.repeat(recon.CodeRowReplaced, seen.line, "is pending here and has gone on")
		return
	case now.stage == StageBooked && seen.stage != StageBooked: // it was replaced, or failed before it was booked
	case !seen.traits.sameMoney(&now.traits):
		row.reject(conflict(tx, seen.line))
		return
	case seen.traits != now.traits && row.counts && seen.file == i.file && seen.line > 0:
		row.alike = true
		tx.ExternalID = ""
		row.Identity = Identity(tx)
		i.Admit(row)
		return
	default:
		row.Verdict = Duplicate
		if seen.traits != now.traits && seen.traits != Traits(tx.Digest[:]) {
			row.repeat(recon.CodeRowChanged, seen.line, "with the same money, and is kept as it was; here it is "+
				asItCame(row.Record))
		}
		return
	}
	i.see(row.Identity, now)
}

// replaceNamed takes away the pending row that a booked one names, also where it comes later.
func (i *Identities) replaceNamed(row *Row) {
	identity := Identity(&recon.Transaction{ExternalID: row.Tx.PendingOf})
	seen, known := i.seenAs(identity)
	switch {
	case known && seen.stage == StagePendingMatched && row.Verdict == Duplicate:
	case known && seen.stage == StagePendingMatched:
		i.byID.put(row.Identity).stage = stageNone
		row.reject(pendingMatched(&row.Tx))
	case known && seen.stage != StagePending:
	default:
		row.Gone = append(row.Gone, Gone{row.Tx.PendingOf, int(seen.line), int(seen.row)})
		seen.stage = StageReplaced
		i.see(identity, seen)
		if row.Verdict == Fresh && known {
			row.Verdict = Replacing
		}
	}
}

// count numbers rows of equal content: two equal real rows stay two. It returns how many the file has had so far.
func (i *Identities) count(tx *recon.Transaction) int32 {
	times := i.ordinal.put([16]byte(tx.Digest[:]))
	tx.Ordinal = *times
	*times++
	return *times
}

// known is how often one of the files before has a row of equal content.
func (i *Identities) known(tx *recon.Transaction) int32 {
	if times := i.before.find([16]byte(tx.Digest[:])); times != nil {
		return *times
	}
	return 0
}

// seenAs is the row that was seen with an identity.
func (i *Identities) seenAs(identity [16]byte) (firstSeen, bool) {
	row := i.byID.find(identity)
	if row == nil || row.stage == stageNone {
		return firstSeen{}, false
	}
	return *row, true
}

func (r *Row) reject(e recon.RowError) { r.Verdict, r.Wrong = Rejected, []recon.RowError{e} }

// repeat marks a duplicate that is not letter for letter what came before.
func (r *Row) repeat(code string, line int32, what string) {
	r.Verdict = Duplicate
	where := "in an earlier period"
	if line > 0 {
		where = fmt.Sprintf("on line %d", line)
	}
	r.Wrong = []recon.RowError{recon.NewRowError(r.Tx.Line, r.Tx.Row, recon.FieldExternalID, r.Tx.ExternalID, code,
		"the row is there "+where+" "+what)}
}

// asItCame is a row as text.
func asItCame(rec recon.Record) string {
	var parts []string
	for at, name := range rec.Header[:min(len(rec.Header), len(rec.Fields))] {
		if text := column(rec, at); text != "" {
			parts = append(parts, name+": "+text)
		}
	}
	return strings.Join(parts, " · ")
}

func pendingMatched(tx *recon.Transaction) recon.RowError {
	return recon.NewRowError(tx.Line, tx.Row, recon.FieldExternalID, tx.ExternalID, recon.CodePendingMatched,
		"its pending row is in a confirmed or partial group of an earlier period, which stays: to take this row "+
			"instead, run that period again with --reject for the rows of that group")
}

func bookedVoid(tx *recon.Transaction, line int32, as string) recon.RowError {
	where := "came in an earlier period as " + as
	if line > 0 {
		where = fmt.Sprintf("is on line %d as %s", line, as)
	}
	return recon.NewRowError(tx.Line, tx.Row, recon.FieldExternalID, tx.ExternalID, recon.CodeBookedAndVoid,
		fmt.Sprintf("the id %s, and here it is %s: if the money came back, its return is a row of its own; "+
			"if it never moved, take the booked row out", where, strings.ToLower(tx.BookingStatus)))
}

func conflict(tx *recon.Transaction, firstLine int32) recon.RowError {
	reason := fmt.Sprintf("the id is on line %d already, with other money (amount, currency, date or account): "+
		"correct one of the two rows, or map externalId to a column that is unique", firstLine)
	if firstLine == 0 {
		reason = "the id came in an earlier period, with other money (amount, currency, date or account): correct " +
			"one of the two, map externalId to a column that is unique, or read both periods by one map"
	}
	return recon.NewRowError(tx.Line, tx.Row, recon.FieldExternalID, tx.ExternalID, recon.CodeConflictingID, reason)
}
