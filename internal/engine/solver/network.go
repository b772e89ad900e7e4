package solver

// network is a component as a flow problem: a source feeds left nodes, right nodes drain into a sink, and a candidate
// costs what it lacks of the best score. The cheapest largest flow is the assignment with the most pairs and, among
// those, the highest total. Potentials keep reduced costs from being negative, so each path is one Dijkstra
// (Edmonds and Karp 1972).
type network struct {
	edges    []Edge
	from, to []int32 // edges as local nodes
	cost     []int64
	pairs    []int64 // flow
	out, in  [][]int32
	names    [2][]int32 // local → node
	limit    []int64    // capacity left of a local node
	used     []int64
	lefts    int
	source   int
	sink     int

	potential []int64
	distance  []int64
	via       []int32 // the edge by which a node was reached; -1 from source or sink
	before    []int32
	queue     nodeQueue
}

const unreached = int64(1) << 61

func (a *Assignment) exact(component []Edge) {
	n := a.network(component)
	for n.shortest(n.source, n.sink, -1, unreached) < unreached {
		n.push()
	}
	strong := n.strongComponents()
	for i, pairs := range n.pairs {
		if pairs == 0 {
			continue
		}
		margin := n.shortest(int(n.from[i]), int(n.to[i]), i, a.Enough)
		f := Flow{Edge: n.edges[i], Pairs: pairs, Margin: margin, Method: Exact}
		if margin >= min(a.Enough, unreached) {
			f.Margin = marginNone
		}
		if margin == 0 {
			f.Alternatives = n.alternatives(i, strong)
		}
		a.Take(f)
	}
}

func (a *Assignment) network(component []Edge) *network {
	n := &network{edges: component}
	local := [2]map[int32]int32{{}, {}}
	number := func(side int, node int32) int32 {
		at, known := local[side][node]
		if !known {
			at = int32(len(n.names[side]))
			local[side][node] = at
			n.names[side] = append(n.names[side], node)
		}
		return at
	}
	best := int64(0)
	for _, e := range component {
		n.from, n.to = append(n.from, number(0, e.Left)), append(n.to, number(1, e.Right))
		best = max(best, e.Score)
	}
	n.lefts = len(n.names[0])
	n.source = n.lefts + len(n.names[1])
	n.sink = n.source + 1
	size := n.sink + 1
	n.cost, n.pairs = make([]int64, len(n.edges)), make([]int64, len(n.edges))
	n.out, n.in = make([][]int32, size), make([][]int32, size)
	n.limit, n.used = make([]int64, size), make([]int64, size)
	n.potential, n.distance = make([]int64, size), make([]int64, size)
	n.via, n.before = make([]int32, size), make([]int32, size)
	for i, e := range component {
		n.to[i] += int32(n.lefts)
		n.cost[i] = best - e.Score
		n.out[n.from[i]] = append(n.out[n.from[i]], int32(i))
		n.in[n.to[i]] = append(n.in[n.to[i]], int32(i))
	}
	for side, names := range n.names {
		for i, node := range names {
			n.limit[side*n.lefts+i] = a.Capacity[side][node]
		}
	}
	return n
}

// shortest is the reduced distance between two nodes in what the flow leaves, edge `without` aside; a distance of `far`
// or more is not distinguished. Between source and sink it also moves the potentials on.
func (n *network) shortest(from, to, without int, far int64) int64 {
	for i := range n.distance {
		n.distance[i] = unreached
	}
	n.distance[from] = 0
	n.queue = append(n.queue[:0], queued{0, int32(from)})
	for len(n.queue) > 0 {
		top := n.queue.pop()
		at := int(top.node)
		if top.distance > n.distance[at] {
			continue
		}
		if at == to || top.distance >= far {
			break
		}
		n.relaxFrom(at, without)
	}
	reached := n.distance[to]
	if from == n.source && reached < unreached {
		for i, d := range n.distance {
			n.potential[i] += min(d, reached)
		}
	}
	return reached
}

func (n *network) relaxFrom(at, without int) {
	switch {
	case at == n.source:
		for i := range n.lefts {
			if n.limit[i] > n.used[i] {
				n.relax(at, i, -1, 0)
			}
		}
	case at == n.sink:
		for i := n.lefts; i < n.source; i++ {
			if n.used[i] > 0 {
				n.relax(at, i, -1, 0)
			}
		}
	case at < n.lefts:
		for _, e := range n.out[at] {
			if int(e) != without {
				n.relax(at, int(n.to[e]), e, n.cost[e])
			}
		}
		if n.used[at] > 0 {
			n.relax(at, n.source, -1, 0)
		}
	default:
		for _, e := range n.in[at] {
			if n.pairs[e] > 0 && int(e) != without {
				n.relax(at, int(n.from[e]), e, -n.cost[e])
			}
		}
		if n.limit[at] > n.used[at] {
			n.relax(at, n.sink, -1, 0)
		}
	}
}

func (n *network) relax(from, to int, edge int32, cost int64) {
	distance := n.distance[from] + cost + n.potential[from] - n.potential[to]
	if distance < n.distance[to] {
		n.distance[to], n.via[to], n.before[to] = distance, edge, int32(from)
		n.queue.push(queued{distance, int32(to)})
	}
}

// push sends as many pairs as fit along the path just found.
func (n *network) push() {
	last := int(n.before[n.sink])
	pairs := n.limit[last] - n.used[last]
	at := last
	for int(n.before[at]) != n.source {
		before := int(n.before[at])
		if at < n.lefts { // reached backwards along a taken candidate
			pairs = min(pairs, n.pairs[n.via[at]])
		}
		at = before
	}
	pairs = min(pairs, n.limit[at]-n.used[at])
	n.used[at] += pairs
	n.used[last] += pairs
	for at = last; int(n.before[at]) != n.source; at = int(n.before[at]) {
		if at < n.lefts {
			n.pairs[n.via[at]] -= pairs
		} else {
			n.pairs[n.via[at]] += pairs
		}
	}
}

// strongComponents numbers the strongly connected components of the tight part of the residual graph: nodes in one of
// them can trade partners without changing the total. (Tarjan 1972.)
func (n *network) strongComponents() []int32 {
	t := &tarjan{n: n, index: make([]int32, n.sink+1), low: make([]int32, n.sink+1), number: make([]int32, n.sink+1)}
	for at := range t.index {
		if t.index[at] == 0 {
			t.visit(at)
		}
	}
	return t.number
}

type tarjan struct {
	n                  *network
	index, low, number []int32
	stack              []int
	next, components   int32
}

func (t *tarjan) visit(at int) {
	t.next++
	t.index[at], t.low[at] = t.next, t.next
	t.stack = append(t.stack, at)
	t.n.eachTight(at, func(to int) {
		if t.index[to] == 0 {
			t.visit(to)
			t.low[at] = min(t.low[at], t.low[to])
		} else if t.number[to] == 0 {
			t.low[at] = min(t.low[at], t.index[to])
		}
	})
	if t.low[at] != t.index[at] {
		return
	}
	t.components++
	for {
		top := t.stack[len(t.stack)-1]
		t.stack = t.stack[:len(t.stack)-1]
		t.number[top] = t.components
		if top == at {
			return
		}
	}
}

// eachTight visits the nodes that a pair can move to at no cost.
func (n *network) eachTight(at int, visit func(to int)) {
	tight := func(to int, cost int64, open bool) {
		if open && cost+n.potential[at]-n.potential[to] == 0 {
			visit(to)
		}
	}
	switch {
	case at == n.source:
		for i := range n.lefts {
			tight(i, 0, n.limit[i] > n.used[i])
		}
	case at == n.sink:
		for i := n.lefts; i < n.source; i++ {
			tight(i, 0, n.used[i] > 0)
		}
	case at < n.lefts:
		for _, e := range n.out[at] {
			tight(int(n.to[e]), n.cost[e], true)
		}
		tight(n.source, 0, n.used[at] > 0)
	default:
		for _, e := range n.in[at] {
			tight(int(n.from[e]), -n.cost[e], n.pairs[e] > 0)
		}
		tight(n.sink, 0, n.limit[at] > n.used[at])
	}
}

// alternatives of a taken candidate: the other partners that either of its nodes has in some assignment of the same
// total, whichever has more.
func (n *network) alternatives(taken int, strong []int32) int32 {
	count := func(edges []int32) (others int32) {
		for _, e := range edges {
			from, to := int(n.from[e]), int(n.to[e])
			if int(e) != taken && strong[from] == strong[to] && n.cost[e]+n.potential[from]-n.potential[to] == 0 {
				others++
			}
		}
		return others
	}
	return max(count(n.out[n.from[taken]]), count(n.in[n.to[taken]]))
}

type queued struct {
	distance int64
	node     int32
}

// nodeQueue is a binary heap by distance, then node.
type nodeQueue []queued

func (q nodeQueue) less(i, j int) bool {
	return q[i].distance < q[j].distance || q[i].distance == q[j].distance && q[i].node < q[j].node
}

func (q *nodeQueue) push(entry queued) {
	*q = append(*q, entry)
	h := *q
	for i := len(h) - 1; i > 0; {
		parent := (i - 1) / 2
		if !h.less(i, parent) {
			return
		}
		h[i], h[parent] = h[parent], h[i]
		i = parent
	}
}

func (q *nodeQueue) pop() queued {
	h := *q
	top, last := h[0], len(h)-1
	h[0] = h[last]
	h = h[:last]
	*q = h
	for i := 0; ; {
		child := 2*i + 1
		if child >= last {
			return top
		}
		if child+1 < last && h.less(child+1, child) {
			child++
		}
		if !h.less(child, i) {
			return top
		}
		h[i], h[child] = h[child], h[i]
		i = child
	}
}
