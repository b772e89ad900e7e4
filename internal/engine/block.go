package engine

import (
	"cmp"
	"encoding/binary"
	"slices"
	"sort"

	"matcher/internal/engine/solver"
	"matcher/internal/recon"
)

// block is a closed set of rows: no row of it has a candidate outside. It is matched by itself, on any core.
type block struct {
	x      *evaluator
	rows   [2][]uint32 // in canonical order when given, by node afterwards
	nodes  [2][]node
	flags  [2][]uint8 // of nodes: why rows of theirs that stay open do
	edges  []solver.Edge
	fan    int                    // candidates that one left node may have
	budget int64                  // work units for exact assignment
	best   [2][][]solver.Edge     // of nodes: their two best edges, made when first asked for
	taker  [2][]int32             // of nodes, from 1: a node of the other side that took part in them
	shared [2]map[uint32][]uint32 // by row: the references that it shares with the other side, where rows go by them
	tied   [2][]uint32            // rows about which age left a tie open
	out    *outcome
}

// node is a kind of row on one side of a block: rows equal in every field that the rule compares. Collapsing them is
// what makes a million equal rows one decision.
type node struct {
	amount   int64
	day      int32
	from, to uint32 // its rows, in canonical order, in block.rows of its side
	distinct bool   // its rows are not all of the same digest, so which of them is taken matters
}

func (n *node) count() int64 { return int64(n.to - n.from) }

// outcome collects what blocks found, in the order in which they were given.
type outcome struct {
	pairs      []pair
	candidates int64
	capped     int64
	gap        int64
	marks      []mark
}

// pair is one 1:1 group before it becomes a Group.
type pair struct {
	left, right  uint32
	compared     int64
	score        int64
	alternatives int32
	method       Method
	held         recon.HeldBy
	rivals       [2]uint32 // from 1: the next best row of each side, where nothing else keeps the pair apart from it
}

// mark is why a row that took part in a rule found no partner there.
type mark struct {
	lost lost
	row  uint32
	side uint8
	flag uint8
}

const (
	flagAmbiguous uint8 = 1 << iota // as good as the row that was taken
	flagSurplus                     // equal to the row that was taken
	flagCapped                      // not all of its candidates were weighed
	flagBeaten                      // had candidates that better pairs took
)

// crossMax is where a block is small enough that comparing each with each is cheaper than an index over it.
const crossMax = 64

func (b *block) solve() {
	if b.x.named {
		b.takeNamed()
	}
	b.collapse(LeftIndex)
	b.collapse(RightIndex)
	if len(b.nodes[0])*len(b.nodes[1]) <= crossMax {
		b.crossAll()
	} else {
		b.windows()
	}
	if len(b.edges) > 0 {
		b.assign()
	}
}

// single settles two rows that have no other candidates.
func (o *outcome) single(x *evaluator, left, right uint32) {
	if v, ok := x.judge(left, right); ok {
		o.candidates++
		o.pairs = append(o.pairs, pair{
			left: left, right: right, compared: v.compared, score: v.score,
			held: x.gate(left, right, v),
		})
	}
}

// collapse turns the rows of a side into nodes by amount, day and whatever else distinguishes them for this rule.
func (b *block) collapse(side int) {
	x, rows := b.x, b.rows[side]
	solver.Sort(rows, func(row uint32) uint64 { return uint64(uint32(x.dayOf(side, row)) ^ 1<<31) })
	solver.Sort(rows, func(row uint32) uint64 { return uint64(x.amountOf(side, row)) ^ 1<<63 })
	signed, texts := x.signature(), x.text != nil
	for from := 0; from < len(rows); {
		amount, day := x.amountOf(side, rows[from]), x.dayOf(side, rows[from])
		to := from + 1
		for to < len(rows) && x.amountOf(side, rows[to]) == amount && x.dayOf(side, rows[to]) == day {
			to++
		}
		if (len(signed) > 0 || texts || x.memory.pair != nil || x.newest[side] != nil || x.prefers ||
			b.shared[side] != nil) && to-from > 1 {
			b.splitBySignature(side, from, to, signed)
		} else {
			b.addNode(side, from, to)
		}
		from = to
	}
}

// signature lists the key pairs on which rows of one block may differ and still matter: the rule's own keys, and the
// live ones on which rows may contradict each other, where that decides anything. Blocks without a key hold one
// currency and have nothing else.
func (x *evaluator) signature() []int {
	var pairs []int
	for _, k := range x.keys {
		pairs = append(pairs, k.pair)
	}
	if len(pairs) > 0 {
		pairs = append(pairs, x.foreign...)
	}
	return pairs
}

// splitBySignature parts rows of one amount and day by currency and keys, in the order in which each kind first occurs.
func (b *block) splitBySignature(side, from, to int, pairs []int) {
	rows := b.rows[side][from:to]
	kinds := make(numbering[string], 4)
	number := make([]uint32, len(rows))
	var text []byte
	for i, row := range rows {
		text = binary.BigEndian.AppendUint32(text[:0], b.x.currency[side][row])
		if b.x.text != nil {
			text = binary.BigEndian.AppendUint32(text, b.x.texts[b.x.text.pair].ids[side][row])
		}
		if b.x.newest[side] != nil {
			text = binary.BigEndian.AppendUint32(text, uint32(b.x.newest[side][row]))
		}
		if b.x.prefers {
			text = binary.BigEndian.AppendUint32(text, uint32(b.x.due(side, row)))
			text = binary.BigEndian.AppendUint32(text, uint32(b.x.tables[side].date[row]))
		}
		for _, reference := range b.shared[side][row] {
			text = binary.BigEndian.AppendUint32(text, reference)
		}
		for _, pair := range pairs {
			for _, id := range b.x.values(pair, side, row) {
				text = binary.BigEndian.AppendUint32(text, id)
			}
			text = append(text, 0, 0, 0, 0) // no value has number 0
		}
		if b.x.memory.pair != nil && b.x.memory.touched[side][row] {
			text = binary.BigEndian.AppendUint32(text, row) // rejections are per row, so such rows get their own node
		}
		if number[i] = kinds[string(text)]; number[i] == 0 {
			number[i] = kinds.of(string(text))
		}
	}
	if len(kinds) > 1 {
		sort.Stable(&byKind{rows, number})
	}
	for start := 0; start < len(rows); {
		end := start + 1
		for end < len(rows) && number[end] == number[start] {
			end++
		}
		b.addNode(side, from+start, from+end)
		start = end
	}
}

type byKind struct {
	rows []uint32
	kind []uint32
}

func (k *byKind) Len() int           { return len(k.rows) }
func (k *byKind) Less(i, j int) bool { return k.kind[i] < k.kind[j] }
func (k *byKind) Swap(i, j int) {
	k.rows[i], k.rows[j] = k.rows[j], k.rows[i]
	k.kind[i], k.kind[j] = k.kind[j], k.kind[i]
}

func (b *block) addNode(side, from, to int) {
	x, rows, digests := b.x, b.rows[side], b.x.tables[side].digest
	n := node{amount: x.amountOf(side, rows[from]), day: x.dayOf(side, rows[from]), from: uint32(from), to: uint32(to)}
	for _, row := range rows[from+1 : to] {
		if digests[row] != digests[rows[from]] {
			n.distinct = true
			break
		}
	}
	b.nodes[side] = append(b.nodes[side], n)
}

// first is the row that represents a node.
func (b *block) first(side int, n int32) uint32 { return b.rows[side][b.nodes[side][n].from] }

func (b *block) crossAll() {
	for l := range b.nodes[0] {
		for r := range b.nodes[1] {
			if e, ok := b.candidate(int32(l), int32(r)); ok {
				b.edges = append(b.edges, e)
			}
		}
	}
}

func (b *block) candidate(l, r int32) (solver.Edge, bool) {
	left, right := b.first(LeftIndex, l), b.first(RightIndex, r)
	v, ok := b.x.judge(left, right)
	if !ok {
		return solver.Edge{}, false
	}
	return solver.Edge{Score: v.score, Left: l, Right: r, Preferred: v.keyed &&
		b.x.gate(left, right, v) == recon.HeldByNothing}, true
}

// windowSize is how many left nodes one core enumerates at a time.
const windowSize = 2048

// windows finds candidates by binary search in an index over the right nodes: by amount where the rule's window in days
// is wide, by day and then amount where it is narrow.
func (b *block) windows() {
	index := newNodeIndex(b)
	parts := solver.Ranges(len(b.nodes[0]), windowSize)
	found := make([][]solver.Edge, len(parts))
	capped := make([][]int32, len(parts))
	solver.InParallel(len(parts), func(p int) {
		for l := parts[p][0]; l < parts[p][1]; l++ {
			var full bool
			if found[p], full = index.candidates(found[p], int32(l)); full {
				capped[p] = append(capped[p], int32(l))
			}
		}
	})
	b.edges = slices.Concat(found...)
	for _, part := range capped {
		for _, l := range part {
			n := b.nodes[0][l]
			b.out.capped += int64(n.to - n.from)
			b.markAll(LeftIndex, n, flagCapped)
		}
	}
}

func (b *block) markAll(side int, n node, flag uint8) {
	for _, row := range b.rows[side][n.from:n.to] {
		b.out.marks = append(b.out.marks, mark{row: row, side: uint8(side), flag: flag})
	}
}

// nodeIndex finds the right nodes near a left one.
type nodeIndex struct {
	b      *block
	order  []int32 // right nodes by day and amount; nil: their own order, by amount and day
	days   []int32
	starts []int32 // of each day in order; one more at the end
}

// dayWindowMax is the widest window in days that is searched day by day.
const dayWindowMax = 62

func newNodeIndex(b *block) *nodeIndex {
	x := &nodeIndex{b: b}
	if b.x.maxLag-b.x.minLag > dayWindowMax/2 {
		return x
	}
	nodes := b.nodes[1]
	x.order = make([]int32, len(nodes))
	for i := range x.order {
		x.order[i] = int32(i)
	}
	slices.SortStableFunc(x.order, func(i, j int32) int { return cmp.Compare(nodes[i].day, nodes[j].day) })
	for i, n := range x.order {
		if i == 0 || nodes[n].day != nodes[x.order[i-1]].day {
			x.days, x.starts = append(x.days, nodes[n].day), append(x.starts, int32(i))
		}
	}
	x.starts = append(x.starts, int32(len(nodes)))
	return x
}

// candidates appends the edges of a left node, nearest amounts first, and reports whether the cap cut them off.
func (x *nodeIndex) candidates(edges []solver.Edge, l int32) ([]solver.Edge, bool) {
	b := x.b
	n := b.nodes[0][l]
	code := b.x.currency[LeftIndex][b.first(LeftIndex, l)]
	s := &scan{
		x: x, l: l, target: n.amount, reach: b.x.reach(code, n.amount), edges: edges, room: b.fan,
		looks: b.fan * b.x.looks(),
	}
	if x.order == nil {
		s.outward(0, int32(len(b.nodes[1])))
		return s.edges, s.full
	}
	for lag := b.x.minLag; lag <= b.x.maxLag && !s.full; lag++ {
		if b.x.direction != recon.DirectionRightFirst {
			x.onDay(s, n.day+lag)
		}
		if b.x.direction == recon.DirectionRightFirst || b.x.direction == recon.DirectionAbs && lag != 0 {
			x.onDay(s, n.day-lag)
		}
	}
	return s.edges, s.full
}

func (x *nodeIndex) onDay(s *scan, day int32) {
	if at, found := slices.BinarySearch(x.days, day); found && !s.full {
		s.outward(x.starts[at], x.starts[at+1])
	}
}

// looksPerCandidate bounds how many nodes are looked at for each that may be kept; a look at a text costs more.
const (
	looksPerCandidate = 16
	looksAtTexts      = 2
)

func (x *evaluator) looks() int {
	if x.text != nil {
		return looksAtTexts
	}
	return looksPerCandidate
}

// scan walks from the nearest amount outward, on both sides at once.
type scan struct {
	x      *nodeIndex
	l      int32
	target int64
	reach  int64
	edges  []solver.Edge
	room   int
	looks  int
	full   bool
}

func (s *scan) node(i int32) int32 {
	if s.x.order == nil {
		return i
	}
	return s.x.order[i]
}

func (s *scan) outward(from, to int32) {
	nodes := s.x.b.nodes[1]
	up := from + int32(sort.Search(int(to-from),
		func(i int) bool { return nodes[s.node(from+int32(i))].amount >= s.target }))
	down := up - 1
	distance := func(i int32) uint64 {
		if i < from || i >= to {
			return ^uint64(0)
		}
		amount := nodes[s.node(i)].amount
		if d, fits := subtract(amount, s.target); fits && magnitude(d) <= uint64(s.reach) {
			return magnitude(d)
		}
		return ^uint64(0)
	}
	above, below := distance(up), distance(down)
	for above != ^uint64(0) || below != ^uint64(0) {
		if s.room == 0 || s.looks == 0 {
			s.full = true
			return
		}
		if above <= below {
			s.look(s.node(up))
			up++
			above = distance(up)
		} else {
			s.look(s.node(down))
			down--
			below = distance(down)
		}
	}
}

func (s *scan) look(r int32) {
	s.looks--
	if e, ok := s.x.b.candidate(s.l, r); ok {
		s.edges = append(s.edges, e)
		s.room--
	}
}
