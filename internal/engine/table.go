package engine

import (
	"encoding/binary"
	"hash/maphash"
	"math"
	"slices"

	"matcher/internal/recon"
)

// Table is one side of a reconciliation in columns: only what its plan reads, and one arena for every text. It is
// filled row by row and put into canonical order by the first Run that gets it; from then on an index is a canonical
// rank, the same whatever the order in which rows were added.
type Table struct {
	// Rejected, SetAside and Duplicates are rows of the input that never became rows here; they only enter the counts.
	Rejected, SetAside, Duplicates int64

	plan     *Plan
	side     int
	sealed   bool
	id       []int64
	source   []uint16
	sources  []string
	currency []uint32
	date     []int32
	value    []int32   // value date, where a rule reads it
	amounts  [][]int64 // by amountSpec; absent = an amount that cannot be
	fee      []int64
	digest   [][2]uint64
	ordinal  []int32
	pending  []bool
	carried  []bool              // rows that an earlier period left open; nil without one
	settled  []bool              // rows that an earlier period settled; nil without one
	marks    map[uint32]bookMark // rows that may book an adjustment
	gross    []int64             // nil where no row has one
	original []money             // nil where no row has one
	external []uint32            // start of its text in the arena
	keys     []keyColumn
	texts    []uint32 // start of a row's texts in the arena, until it is sealed
	arena    []byte
	expected int // rows, as the caller foresaw
	scratch  [][]byte
	room     []byte // of one value

	moreColumns
}

// keyColumn holds the normalised values of one key. With one value a row, values are indexed by row; otherwise a row's
// values are first[row] .. first[row]+count[row].
type keyColumn struct {
	hash  []uint64
	start []uint32
	first []uint32
	count []uint32
}

const (
	absent     = int64(math.MinInt64)
	noText     = ^uint32(0)
	arenaMax   = math.MaxUint32 - 1<<20
	rowsMax    = 1 << 30
	sourcesMax = math.MaxUint16
)

// errFull is a side over a limit: 2^30 rows, 4 GiB of ids and key texts, or 65,535 sources.
func errFull() error {
	return recon.Unprocessable(recon.CodeTooManyRows,
		"a side holds at most 2^30 rows, 4 GiB of identifiers and keys, and 65,535 sources: split it")
}

// hashSeed keeps key hashes from being predicted, so no file can be made to collide. No result depends on it:
// hashes only find candidates for a comparison of the texts themselves.
var hashSeed = maphash.MakeSeed()

// NewTable is an empty side with room for hint rows.
func NewTable(p *Plan, side recon.Side, hint int) *Table {
	i := indexOf(side)
	t := &Table{
		plan: p, side: i, expected: hint,
		id: make([]int64, 0, hint), source: make([]uint16, 0, hint), currency: make([]uint32, 0, hint),
		date: make([]int32, 0, hint), digest: make([][2]uint64, 0, hint), ordinal: make([]int32, 0, hint),
		pending: make([]bool, 0, hint),
		texts:   make([]uint32, 0, hint), external: make([]uint32, 0, hint), keys: make([]keyColumn, len(p.columns[i])),
		moreColumns: moreColumns{
			rated: make([][]int32, len(p.amounts[i])), compared: make([][]uint32, len(p.currencies[i])),
			wheres: make([][]bool, len(p.wheres[i])),
		},
	}
	for a := range p.amounts[i] {
		if t.amounts = append(t.amounts, make([]int64, 0, hint)); p.amounts[i][a].rates != nil {
			t.rated[a] = []int32{}
		}
	}
	for i := range t.compared {
		t.compared[i] = make([]uint32, 0, hint)
	}
	for c := range t.keys {
		t.keys[c].hash, t.keys[c].start = make([]uint64, 0, hint), make([]uint32, 0, hint)
		if p.columns[i][c].Multi() {
			t.keys[c].first, t.keys[c].count = make([]uint32, 0, hint), make([]uint32, 0, hint)
		}
	}
	return t
}

// Len is the number of rows.
func (t *Table) Len() int { return len(t.id) }

// ID is the id that Add was given for a row.
func (t *Table) ID(row uint32) int64 { return t.id[row] }

// Source is the source that Add was given for a row.
func (t *Table) Source(row uint32) string { return t.sources[t.source[row]] }

// Currency, Amount and Date are what every row has.
func (t *Table) Currency(row uint32) string { return currencyName(t.currency[row]) }

// Amount of a row in minor units of its currency.
func (t *Table) Amount(row uint32) recon.Minor { return recon.Minor(t.amounts[0][row]) }

// Date is a row's booking date.
func (t *Table) Date(row uint32) recon.Day { return recon.Day(t.date[row]) }

// Pending reports whether a row was not booked yet.
func (t *Table) Pending(row uint32) bool { return t.pending[row] }

// Content is what distinguishes a row without an id from others: its digest, and how many equal rows came before it.
func (t *Table) Content(row uint32) (digest [16]byte, ordinal int32) {
	binary.BigEndian.PutUint64(digest[:8], t.digest[row][0])
	binary.BigEndian.PutUint64(digest[8:], t.digest[row][1])
	return digest, t.ordinal[row]
}

// ExternalID of a row, "" when it has none.
func (t *Table) ExternalID(row uint32) string { return string(t.text(t.external[row])) }

// Add appends a row. id is the caller's: a server id, or the position in its own slice; source names the file or the
// configured source. What the plan does not read is not kept, and tx is not held.
func (t *Table) Add(tx *recon.Transaction, id int64, source string) error {
	if t.sealed {
		panic("engine: a row was added to a table that has run")
	}
	if len(t.id) >= rowsMax || len(t.arena) > arenaMax {
		return errFull()
	}
	number, err := t.sourceNumber(source)
	if err != nil {
		return err
	}
	t.id, t.source = append(t.id, id), append(t.source, number)
	t.currency = append(t.currency, currencyCode(tx.Currency))
	t.date = append(t.date, int32(tx.Date))
	t.digest = append(t.digest, [2]uint64{
		binary.BigEndian.Uint64(tx.Digest[:]),
		binary.BigEndian.Uint64(tx.Digest[8:]),
	})
	t.ordinal = append(t.ordinal, tx.Ordinal)
	t.pending = append(t.pending, tx.BookingStatus == recon.Pending)
	if t.carried != nil {
		t.carried = append(t.carried, false)
	}
	if t.settled != nil {
		t.settled = append(t.settled, false)
	}
	t.addMonies(tx)
	t.addMark(tx)
	t.growArena()
	t.texts = append(t.texts, uint32(len(t.arena)))
	t.external = append(t.external, t.store([]byte(tx.ExternalID)))
	if t.plan.valueDate[t.side] {
		t.value = append(t.value, int32(tx.ValueDate))
	}
	if t.plan.fees {
		t.fee = append(t.fee, amountOf(tx, "fee"))
	}
	for i := range t.plan.amounts[t.side] {
		value, rate := t.plan.amounts[t.side][i].value(tx)
		if t.amounts[i] = append(t.amounts[i], value); t.rated[i] != nil {
			t.rated[i] = append(t.rated[i], rate)
		}
	}
	for i, spec := range t.plan.currencies[t.side] {
		t.compared[i] = append(t.compared[i], spec.of(tx))
	}
	t.row.Set(tx)
	for i, where := range t.plan.wheres[t.side] {
		t.wheres[i] = append(t.wheres[i], where.Holds(&t.row))
	}
	t.row.Set(nil)
	if t.plan.instants[t.side] {
		t.instant = append(t.instant, instantOf(tx))
	}
	for c := range t.keys {
		t.addKey(c, tx)
	}
	return nil
}

// Carry appends a row that an earlier period left open. It is open in every period until something is done about it, so
// no period leaves it outside.
func (t *Table) Carry(tx *recon.Transaction, id int64, source string) error {
	return t.addMarked(&t.carried, tx, id, source)
}

// Settle appends a row that an earlier period settled. It is in no balance and no count, and nothing matches it: it is
// there to be taken back.
func (t *Table) Settle(tx *recon.Transaction, id int64, source string) error {
	return t.addMarked(&t.settled, tx, id, source)
}

// addMarked appends a row and marks it in a column that few tables have.
func (t *Table) addMarked(mark *[]bool, tx *recon.Transaction, id int64, source string) error {
	if err := t.Add(tx, id, source); err != nil {
		return err
	}
	if *mark == nil {
		*mark = make([]bool, t.Len())
	}
	(*mark)[t.Len()-1] = true
	return nil
}

func (t *Table) settledRows() (n int) {
	for _, settled := range t.settled {
		n += int(truth(settled))
	}
	return n
}

// Settled reports whether an earlier period settled a row.
func (t *Table) Settled(row uint32) bool { return t.settled != nil && t.settled[row] }

func (t *Table) sourceNumber(name string) (uint16, error) {
	for i, v := range slices.Backward(t.sources) {
		if v == name {
			return uint16(i), nil
		}
	}
	if len(t.sources) == sourcesMax {
		return 0, errFull()
	}
	t.sources = append(t.sources, name)
	return uint16(len(t.sources) - 1), nil
}

// amountOf is a named amount, absent where the row has none.
func amountOf(tx *recon.Transaction, field string) int64 {
	if amount, has := tx.NamedAmount(field); has {
		return int64(amount)
	}
	return absent
}

func (t *Table) addKey(c int, tx *recon.Transaction) {
	spec, column := &t.plan.columns[t.side][c], &t.keys[c]
	if !spec.Multi() {
		t.room = spec.Value(tx.Field(spec.Field), t.room[:0])
		if len(t.room) == 0 {
			column.hash, column.start = append(column.hash, 0), append(column.start, noText)
			return
		}
		t.addValue(column, t.room)
		return
	}
	t.scratch = spec.Values(tx.Field(spec.Field), t.scratch[:0])
	column.first = append(column.first, uint32(len(column.hash)))
	column.count = append(column.count, uint32(len(t.scratch)))
	for _, value := range t.scratch {
		t.addValue(column, value)
	}
}

func (t *Table) addValue(column *keyColumn, value []byte) {
	column.hash = append(column.hash, maphash.Bytes(hashSeed, value))
	column.start = append(column.start, t.store(value))
}

// growArena makes room for the texts of all expected rows, as long as those of the rows so far, and a sixteenth.
// Grown by small steps it would be copied a dozen times.
func (t *Table) growArena() {
	const judgeable, nearlyFull = 1024, 256
	if t.Len() < judgeable || t.Len() >= t.expected || cap(t.arena)-len(t.arena) >= nearlyFull {
		return
	}
	if want := len(t.arena) * t.expected / t.Len() * 17 / 16; want > cap(t.arena) && want < arenaMax {
		t.arena = append(make([]byte, 0, want), t.arena...) // Grow would clear it all first
	}
}

// store puts a text behind its length into the arena and returns where.
func (t *Table) store(text []byte) uint32 {
	if len(text) == 0 {
		return noText
	}
	at := uint32(len(t.arena))
	t.arena = binary.AppendUvarint(t.arena, uint64(len(text)))
	t.arena = append(t.arena, text...)
	return at
}

func (t *Table) text(start uint32) []byte {
	if start == noText {
		return nil
	}
	// Nearly every text is shorter than 128 bytes, so its length is one byte.
	if n := t.arena[start]; n < 0x80 {
		return t.arena[start+1:][:n]
	}
	n, width := binary.Uvarint(t.arena[start:])
	return t.arena[int(start)+width:][:n]
}
