//go:build unit || !integration

package mapping

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"strings"
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

func TestIdentity(t *testing.T) {
	row := func(id string, content byte) *recon.Transaction {
		return &recon.Transaction{ExternalID: id, Digest: sha256.Sum256([]byte{content})}
	}
	t.Run("an id and equal content are different identities", func(t *testing.T) {
		require.NotEqual(t, Identity(row("A", 1)), Identity(row("", 1)))
		require.Equal(t, Identity(row("A", 1)), Identity(row("A", 2)))
	})
	t.Run("rows that come together have identities beside each other", func(t *testing.T) {
		ascending := func(ids ...string) {
			for i := range ids[1:] {
				a, b := Identity(row(ids[i], 1)), Identity(row(ids[i+1], 1))
				require.Negative(t, bytes.Compare(a[:], b[:]), ids[i])
			}
		}
		ascending("INV-9", "INV-10", "INV-11", "INV-100")
		ascending("2026-0001", "2026-0002", "2026-0010")
		monday, tuesday := row("", 2), row("", 1)
		monday.Date, tuesday.Date = recon.Epoch+20454, recon.Epoch+20455
		a, b := Identity(monday), Identity(tuesday)
		require.Negative(t, bytes.Compare(a[:], b[:]))
	})
	t.Run("ids of one number are still different", func(t *testing.T) {
		require.NotEqual(t, Identity(row("A1", 1)), Identity(row("B1", 1)))
		require.NotEqual(t, Identity(row("1", 1)), Identity(row("4294967297", 1)), "modulo 2^32")
	})
}

// TestDigestsAndIdentitiesStayWhatTheyAre holds a handful of rows to the digests that databases and carried files hold
// already. Days are hashed as days since 1970-01-01, whatever a Day is in memory, and an absent one as the least int32.
func TestDigestsAndIdentitiesStayWhatTheyAre(t *testing.T) {
	header := []string{"id", "amount", "day", "value", "text"}
	m := compile(t, `{"externalId":"id","amount":"amount","date":"day","valueDate":"value","description":"text","currency":{"constant":"EUR"},"decimal":"."}`, header)
	for _, row := range []struct{ id, day, value, digest, identity string }{
		{"", "2026-01-02", "", "055de49ab8a1cb997ad2e839057d77ab37e84463fceb560c7ad2e839057d77ab", "00004fe77ad2e839057d77ab37e84463"},
		{"", "2026-01-02", "2026-01-05", "055de49ab8a1cb998ed07479c83813738246af3ed928ece68ed07479c8381373", "00004fe78ed07479c83813738246af3e"},
		{"", "1970-01-01", "1970-01-01", "22becff0e02159a60e964d830fe268b5a94d95d8b8b6d0060e964d830fe268b5", "000000000e964d830fe268b5a94d95d8"},
		{"", "1969-12-31", "1900-01-01", "8487563760d6dd918c96a22a5656605945328ad4d413662b8c96a22a56566059", "ffffffff8c96a22a5656605945328ad4"},
		{"", "2199-12-31", "2199-12-31", "14b912d7b4e030aff773f5dc78cbf23276ea2366bbdff797f773f5dc78cbf232", "00014825f773f5dc78cbf23276ea2366"},
		{"", "2026-01-02T10:11:12Z", "", "055de49ab8a1cb990702ad13fad8390715dba7b84ae118d60702ad13fad83907", "00004fe70702ad13fad8390715dba7b8"},
		{"INV-17", "2026-01-02", "", "055de49ab8a1cb997ad2e839057d77ab37e84463fceb560c7ad2e839057d77ab", "00000011b0a41fac46245e241e65c726"},
	} {
		tx, wrong := m.Map(recon.Record{Line: 2, Row: 1, Header: header, Fields: []string{row.id, "12.50", row.day, row.value, "Rent"}})
		require.Empty(t, wrong)
		require.Equal(t, row.digest, hex.EncodeToString(tx.Digest[:]), row.day)
		identity := Identity(&tx)
		require.Equal(t, row.identity, hex.EncodeToString(identity[:]), row.day)
	}
}

// TestDigestKnowsMoneyFromText changes one thing at a time, and finds it in its part of the digest alone.
func TestDigestKnowsMoneyFromText(t *testing.T) {
	t.Parallel()
	header := []string{"id", "amount", "day", "cur", "iban", "text", "saldo", "no"}
	m := compile(t, `{"externalId":"id","amount":"amount","date":"day","currency":"cur","account":"iban","balance":"saldo","volatile":["no"],"decimal":"."}`, header)
	parts := func(fields ...string) (money, content, all string) {
		tx, wrong := m.Map(recon.Record{Line: 2, Row: 1, Header: header, Fields: fields})
		require.Empty(t, wrong)
		d := tx.Digest[:]
		return string(d[:contentAt]), string(d[contentAt:versionAt]), string(d[versionAt:])
	}
	base := []string{"A", "1.00", "2026-01-02", "EUR", "DE1", "Rent", "5.00", "1"}
	money, content, all := parts(base...)
	for at, want := range map[int]string{
		0: "", 1: "money content all", 2: "money content all", 3: "money content all", 4: "money content all",
		5: "content all", 6: "all", 7: "all",
	} {
		other := append([]string{}, base...)
		other[at] = []string{"B", "2.00", "2026-01-03", "USD", "DE2", "Rent May", "9.00", "2"}[at]
		var differ []string
		m, c, a := parts(other...)
		for _, part := range []struct{ name, one, other string }{{"money", money, m}, {"content", content, c}, {"all", all, a}} {
			if part.one != part.other {
				differ = append(differ, part.name)
			}
		}
		require.Equal(t, want, strings.Join(differ, " "), header[at])
	}
}
