//go:build unit || !integration

package mapping

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"matcher/internal/recon"
)

func TestDigestIsContentOnly(t *testing.T) {
	header := []string{"id", "amount", "day", "text"}
	m := compile(t, `{"externalId":"id","amount":"amount","date":"day","description":"text","currency":{"constant":"EUR"},"decimal":"."}`, header)
	base := recon.Record{Line: 2, Row: 1, Header: header, Fields: []string{"A", "1.00", "2026-01-02", "Rent"}}
	digest := func(change func(*recon.Record)) [32]byte {
		rec := base.Clone()
		change(&rec)
		tx, wrong := m.Map(rec)
		require.Empty(t, wrong)
		return tx.Digest
	}
	same := digest(func(*recon.Record) {})
	require.Equal(t, same, digest(func(r *recon.Record) { r.Fields[0] = "B" }), "the id is no content")
	require.Equal(t, same, digest(func(r *recon.Record) { r.Line, r.Row = 90, 80 }), "nor is the position")
	require.Equal(t, same, digest(func(r *recon.Record) { r.Fields[3] = "  Rent " }), "nor is space around a value")
	for i, other := range []string{"", "1.01", "2026-01-03", "Rent May"} {
		if i > 0 {
			require.NotEqual(t, same, digest(func(r *recon.Record) { r.Fields[i] = other }), header[i])
		}
	}
}

// TestDigestSurvivesTheOrderOfColumns shuffles the columns of a file: the rows are the same rows.
func TestDigestSurvivesTheOrderOfColumns(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		header := []string{"amount", "day", "a", "b", "c"}
		fields := []string{"1.00", "2026-01-02", "x", "", "z"}
		order := rapid.Permutation([]int{0, 1, 2, 3, 4}).Draw(t, "order")
		var shuffled recon.Record
		for _, i := range order {
			shuffled.Header, shuffled.Fields = append(shuffled.Header, header[i]), append(shuffled.Fields, fields[i])
		}
		fieldMap := recon.FieldMap{Fields: map[string]recon.MapField{"amount": recon.Column("amount"), "date": recon.Column("day")}}
		one, problems := Compile(fieldMap, header)
		other, more := Compile(fieldMap, shuffled.Header)
		if len(problems)+len(more) > 0 {
			t.Fatal(problems, more)
		}
		a, _ := one.Map(recon.Record{Header: header, Fields: fields})
		b, _ := other.Map(shuffled)
		if a.Digest != b.Digest || a.Digest == [32]byte{} {
			t.Fatalf("%x and %x", a.Digest, b.Digest)
		}
	})
}

func TestIdentities(t *testing.T) {
	row := func(line int, id string, content byte) *recon.Transaction {
		return &recon.Transaction{Line: line, Row: line - 1, ExternalID: id, Digest: sha256.Sum256([]byte{content})}
	}
	var seen Identities
	t.Run("a delivery repeated is kept once", func(t *testing.T) {
		verdict, _ := seen.Admit(row(2, "A", 1))
		require.Equal(t, Fresh, verdict)
		verdict, _ = seen.Admit(row(3, "A", 1))
		require.Equal(t, Duplicate, verdict)
	})
	t.Run("the same id with other content is for a person", func(t *testing.T) {
		verdict, wrong := seen.Admit(row(4, "A", 2))
		require.Equal(t, Rejected, verdict)
		require.Equal(t, recon.CodeConflictingID, wrong.Code)
		require.Equal(t, 4, wrong.Line)
		require.Contains(t, wrong.Reason, "line 2")
	})
	t.Run("a booked row replaces its pending one, whichever comes first", func(t *testing.T) {
		status := func(content byte, status string) *recon.Transaction {
			tx := row(20, "P", content)
			tx.BookingStatus = status
			return tx
		}
		var seen Identities
		var verdicts []Verdict
		for _, tx := range []*recon.Transaction{
			status(1, recon.Pending), status(2, recon.Pending), status(3, recon.Booked), status(3, recon.Booked),
			status(1, recon.Pending), status(4, recon.Booked),
		} {
			verdict, _ := seen.Admit(tx)
			verdicts = append(verdicts, verdict)
		}
		require.Equal(t, []Verdict{Fresh, Rejected, Replacing, Duplicate, Duplicate, Rejected}, verdicts)
	})
	t.Run("equal rows without an id stay as many as they are", func(t *testing.T) {
		for want := range int32(3) {
			tx := row(10, "", 9)
			verdict, _ := seen.Admit(tx)
			require.Equal(t, Fresh, verdict)
			require.Equal(t, want, tx.Ordinal)
		}
		other := row(10, "", 8)
		_, _ = seen.Admit(other)
		require.Zero(t, other.Ordinal)
	})
	t.Run("and stand in the next file of the source again", func(t *testing.T) {
		var seen Identities
		var verdicts []Verdict
		for range 3 {
			for range 2 {
				verdict, _ := seen.Admit(row(10, "", 9))
				verdicts = append(verdicts, verdict)
			}
			seen.NextFile()
		}
		verdict, _ := seen.Admit(row(10, "", 7))
		require.Equal(t, []Verdict{Fresh, Fresh, Duplicate, Duplicate, Duplicate, Duplicate, Fresh}, append(verdicts, verdict))
	})
	t.Run("an earlier period's rows are known by id and by content", func(t *testing.T) {
		var later Identities
		byID := row(2, "A", 1)
		later.Remember(Identity(byID), binary.BigEndian.Uint64(byID.Digest[:8]), StageBooked)
		verdict, _ := later.Admit(row(2, "A", 1))
		require.Equal(t, Duplicate, verdict)
		verdict, conflict := later.Admit(row(3, "A", 2))
		require.Equal(t, Rejected, verdict)
		require.Contains(t, conflict.Reason, "an earlier period")
		first, second := row(4, "", 5), row(5, "", 5)
		later.RememberContent([16]byte(first.Digest[:16]))
		verdict, _ = later.Admit(first)
		require.Equal(t, Duplicate, verdict)
		verdict, _ = later.Admit(second)
		require.Equal(t, Fresh, verdict, "one was known, two are there")
		require.Equal(t, int32(1), second.Ordinal)
	})
	t.Run("a row that was pending in an earlier period is replaced, unless a group holds it", func(t *testing.T) {
		var later Identities
		was := map[string]Stage{"open": StagePending, "matched": StagePendingMatched, "booked": StageBooked}
		for id, stage := range was {
			later.Remember(Identity(row(2, id, 1)), 0, stage)
		}
		for id, want := range map[string]Verdict{"open": Replacing, "matched": Rejected, "booked": Rejected} {
			verdict, wrong := later.Admit(row(3, id, 2))
			require.Equal(t, want, verdict, id)
			if id == "matched" {
				require.Equal(t, recon.CodePendingMatched, wrong.Code)
			}
			late := row(4, id, 3)
			late.BookingStatus = recon.Pending
			verdict, _ = later.Admit(late)
			require.Equal(t, id == "matched", verdict == Rejected, id)
		}
	})
	t.Run("an id and equal content are different identities", func(t *testing.T) {
		require.NotEqual(t, Identity(row(1, "A", 1)), Identity(row(1, "", 1)))
		require.Equal(t, Identity(row(1, "A", 1)), Identity(row(1, "A", 2)))
	})
	t.Run("rows that come together have identities beside each other", func(t *testing.T) {
		ascending := func(ids ...string) {
			for i := range ids[1:] {
				a, b := Identity(row(1, ids[i], 1)), Identity(row(1, ids[i+1], 1))
				require.Negative(t, bytes.Compare(a[:], b[:]), ids[i])
			}
		}
		ascending("INV-9", "INV-10", "INV-11", "INV-100")
		ascending("2026-0001", "2026-0002", "2026-0010")
		monday, tuesday := row(1, "", 2), row(1, "", 1)
		monday.Date, tuesday.Date = recon.Epoch+20454, recon.Epoch+20455
		a, b := Identity(monday), Identity(tuesday)
		require.Negative(t, bytes.Compare(a[:], b[:]))
	})
	t.Run("ids of one number are still different", func(t *testing.T) {
		require.NotEqual(t, Identity(row(1, "A1", 1)), Identity(row(1, "B1", 1)))
		require.NotEqual(t, Identity(row(1, "1", 1)), Identity(row(1, "4294967297", 1)), "modulo 2^32")
	})
}

// TestDigestsAndIdentitiesStayWhatTheyAre holds a handful of rows to the digests that databases and carried files hold
// already. Days are hashed as days since 1970-01-01, whatever a Day is in memory, and an absent one as the least int32.
func TestDigestsAndIdentitiesStayWhatTheyAre(t *testing.T) {
	header := []string{"id", "amount", "day", "value", "text"}
	m := compile(t, `{"externalId":"id","amount":"amount","date":"day","valueDate":"value","description":"text","currency":{"constant":"EUR"},"decimal":"."}`, header)
	for _, row := range []struct{ id, day, value, digest, identity string }{
		{"", "2026-01-02", "", "a3b8534bacad0824c6a98819be03434c7fff58c2188b4ac18b1e9d4440dbda8f", "00004fe7a3b8534bacad0824c6a98819"},
		{"", "2026-01-02", "2026-01-05", "6dff25c4e0c63f33fdfddcf671622ac324ef820ca961fea9c6e328290b57a51d", "00004fe76dff25c4e0c63f33fdfddcf6"},
		{"", "1970-01-01", "1970-01-01", "0839d1af68796ae38c45ee49cf22e56a2646013e3e98c2d1d3e4a1e3a495628a", "000000000839d1af68796ae38c45ee49"},
		{"", "1969-12-31", "1900-01-01", "be5313df35551dbe6b2380b8fd0c26420b7d292953f6c6acd417f66c9814fa0d", "ffffffffbe5313df35551dbe6b2380b8"},
		{"", "2199-12-31", "2199-12-31", "920ba591c9139710e1eaab8f6720563b467d94b7db7b7197346b7167f8b3eaed", "00014825920ba591c9139710e1eaab8f"},
		{"", "2026-01-02T10:11:12Z", "", "3e32d463be676ba242a5e00608d44743c11a3b2e689833830607b9a36e4a3a17", "00004fe73e32d463be676ba242a5e006"},
		{"INV-17", "2026-01-02", "", "a3b8534bacad0824c6a98819be03434c7fff58c2188b4ac18b1e9d4440dbda8f", "00000011b0a41fac46245e241e65c726"},
	} {
		tx, wrong := m.Map(recon.Record{Line: 2, Row: 1, Header: header, Fields: []string{row.id, "12.50", row.day, row.value, "Rent"}})
		require.Empty(t, wrong)
		require.Equal(t, row.digest, hex.EncodeToString(tx.Digest[:]), row.day)
		identity := Identity(&tx)
		require.Equal(t, row.identity, hex.EncodeToString(identity[:]), row.day)
	}
}
