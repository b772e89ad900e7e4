// Package gen writes two sides of a made-up business for measuring the engine: references that look real, amounts that
// collide, rows that are missing, late, short, mistyped or entered twice, and the truth with them. The same seed gives
// the same rows on any machine.
package gen

import (
	"crypto/sha256"
	"encoding/binary"
	"math/rand/v2"
	"strconv"

	"matcher/internal/recon"
)

// Shape is the number of rows, and how often each fault occurs. Shares are in 1/1000.
type Shape struct {
	Rows    int // truly related pairs a side, before anything is taken away
	Seed    uint64
	Days    int // over how many days they are spread
	Missing int // share that is missing on the right (and as many are missing on the left)
	Late    int // booked one to three days later on the right
	Short   int // up to 0.50 less arrives
	Typo    int // the reference is mistyped on the right
	Twice   int // entered twice on the left, with another id
	NoRef   int // the right row has lost its reference
	Shared  int // the reference is a customer number that many rows share
	Amounts int // how many distinct amounts; 0: as many as there are
}

// Ordinary is a business day by day: nine rows of ten agree.
func Ordinary(rows int, seed uint64) Shape {
	return Shape{Rows: rows, Seed: seed, Days: 365, Missing: 30, Late: 20, Short: 10, Typo: 10, Twice: 5, NoRef: 10, Shared: 5, Amounts: 20_000}
}

// Matching is for timing one exact rule: `share` of 1000 rows a side agree, the others have no partner.
func Matching(rows, share int, seed uint64) Shape {
	return Shape{Rows: rows, Seed: seed, Days: 365, Missing: 1000 - share}
}

// Row is one generated row. Truth is the number of the pair that it belongs to: a left and a right row of one number
// are the same money; a row that was entered twice keeps its number.
type Row struct {
	Truth int
	recon.Transaction
}

const share = 1000

// Each writes the two sides row by row, in an order that has nothing to do with their dates.
func (s Shape) Each(emit func(side recon.Side, row *Row)) {
	random := rand.New(rand.NewPCG(s.Seed, s.Seed^0x9e3779b97f4a7c15))
	var left, right Row
	for n := range s.Rows {
		s.pair(random, n, &left, &right)
		fate := random.IntN(share)
		if fate >= s.Missing {
			s.damage(random, &right)
			finish(&right, 'R', n)
			emit(recon.Right, &right)
		} else {
			other := right
			other.Truth = s.Rows + n
			other.Reference = reference(random, s.Rows+n)
			finish(&other, 'R', s.Rows+n)
			emit(recon.Right, &other)
		}
		finish(&left, 'L', n)
		emit(recon.Left, &left)
		if random.IntN(share) < s.Twice {
			finish(&left, 'L', 2*s.Rows+n)
			emit(recon.Left, &left)
		}
	}
}

// firstDay is 2026-01-01.
const firstDay = recon.Epoch + 20454

func (s Shape) pair(random *rand.Rand, n int, left, right *Row) {
	amount := 1 + random.IntN(5_000_00)
	if s.Amounts > 0 {
		amount = 100 + 37*random.IntN(s.Amounts)
	}
	left.Truth = n
	left.Transaction = recon.Transaction{
		Amount: recon.Minor(amount), Currency: "EUR", BookingStatus: recon.Booked,
		Date: firstDay + recon.Day(random.IntN(max(s.Days, 1))), Reference: reference(random, n),
	}
	if random.IntN(10) == 0 {
		left.Amount = -left.Amount
	}
	if random.IntN(share) < s.Shared {
		left.Reference = "CUST-" + strconv.Itoa(random.IntN(1+s.Rows/50))
	}
	*right = *left
}

func reference(random *rand.Rand, n int) string {
	return "INV-" + strconv.Itoa(1_000_000+n) + string(rune('A'+random.IntN(26)))
}

func (s Shape) damage(random *rand.Rand, right *Row) {
	hit := func(permille int) bool { return random.IntN(share) < permille }
	if hit(s.Late) {
		right.Date += recon.Day(1 + random.IntN(3))
	}
	if hit(s.Short) {
		right.Amount -= recon.Minor(1 + random.IntN(50))
	}
	if hit(s.Typo) {
		text := []byte(right.Reference)
		at := 4 + random.IntN(len(text)-5)
		text[at] = '0' + byte(random.IntN(10))
		right.Reference = string(text)
	}
	if hit(s.NoRef) {
		right.Reference = ""
	}
}

func finish(row *Row, side byte, n int) {
	row.ExternalID = string(side) + strconv.Itoa(n)
	row.Digest = Digest(&row.Transaction)
}

// Digest replaces the one of the mapping: every compared field, without the id.
func Digest(tx *recon.Transaction) [32]byte {
	text := make([]byte, 0, 96)
	text = binary.BigEndian.AppendUint64(text, uint64(tx.Amount))
	text = binary.BigEndian.AppendUint32(text, uint32(tx.Date.Unix()))
	text = binary.BigEndian.AppendUint32(text, uint32(tx.ValueDate.Unix()))
	text = append(text, tx.Currency...)
	for _, part := range []string{tx.Reference, tx.Description, tx.Kind, tx.BookingStatus} {
		text = append(append(text, part...), 0)
	}
	for _, named := range []recon.NullMinor{tx.Gross, tx.Fee, tx.Tax, tx.Net} {
		text = binary.BigEndian.AppendUint64(text, uint64(named.Amount))
		text = strconv.AppendBool(text, named.Set)
	}
	for _, a := range tx.Metadata {
		text = append(append(append(append(text, a.Name...), 0), a.Value...), 0)
	}
	return sha256.Sum256(text)
}
