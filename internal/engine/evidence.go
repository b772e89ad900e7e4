package engine

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"matcher/internal/engine/solver"
	"matcher/internal/recon"
)

// Evidence compares the rows of a group, component by component, as its rule did. It is computed anew, never stored.
func (r *Result) Evidence(p *Plan, left, right *Table, g *Group) []recon.Evidence {
	if g.Rule == NoRule {
		return nil
	}
	leftRows, rightRows := r.LeftRows(g), r.RightRows(g)
	var noted []recon.Evidence
	if e, has := r.notes[g.key()]; has {
		noted = append(noted, e)
	}
	if rivals, has := r.rivals[g.key()]; has {
		noted = append(noted, rivalEvidence([2]*Table{left, right}, rivals))
	}
	if !g.several(&p.rules[g.Rule]) {
		tables, rows := [2]*Table{left, right}, [2]uint32{leftRows[0], rightRows[0]}
		list := Compare(p, tables, int(g.Rule), rows)
		if e, apart := originalEvidence(tables, rows); apart && p.rules[g.Rule].converts {
			list = append(list, e)
		}
		return append(list, noted...)
	}
	v := &view{plan: p, tables: [2]*Table{left, right}}
	x := v.evaluator(&p.rules[g.Rule])
	if x.posts != nil {
		return x.posting(slices.Concat(leftRows, rightRows)[0])
	}
	rows := x.halves(leftRows, rightRows)
	list := x.evidenceOf(rows)
	if x.within() && slices.ContainsFunc(list, func(e recon.Evidence) bool { return !e.Held }) {
		return x.evidenceOf([2][]uint32{rows[1], rows[0]})
	}
	return append(list, noted...)
}

// originalEvidence is what the amount of one side and the original amount of the other, in its currency, are apart.
func originalEvidence(tables [2]*Table, rows [2]uint32) (e recon.Evidence, apart bool) {
	e = recon.Evidence{Component: recon.ComponentAmount, Field: "original amount"}
	for side, t := range tables {
		other, row := tables[1-side], rows[1-side]
		if t.original == nil || t.original[rows[side]].currency != other.currency[row] {
			continue
		}
		amount, stated := other.amounts[0][row], t.original[rows[side]].amount
		difference, fits := subtract(amount, stated)
		if stated == absent || !fits || difference == 0 {
			continue
		}
		texts := [2]*string{&e.Left, &e.Right}
		*texts[1-side] = other.money(row, amount) + " " + other.Currency(row)
		*texts[side] = other.money(row, stated) + " " + other.Currency(row)
		e.Difference, e.Allowed = other.money(row, difference*int64(2*side-1)), other.money(row, 0)
		return e, true
	}
	return e, false
}

// rivalEvidence names the rows that could take the place of a group's own.
func rivalEvidence(tables [2]*Table, rivals [2]uint32) recon.Evidence {
	e := recon.Evidence{Component: recon.ComponentRival, Field: "as good or nearly", Held: true}
	for side, text := range [2]*string{&e.Left, &e.Right} {
		if rivals[side] > 0 {
			*text = tables[side].label(rivals[side] - 1)
		}
	}
	return e
}

// label names a row: by its id, else by its day and amount.
func (t *Table) label(row uint32) string {
	if id := t.ExternalID(row); id != "" {
		return id
	}
	return t.Date(row).String() + " " + t.money(row, t.amounts[0][row])
}

// Compare returns the evidence of any two rows, left and right, under one rule of the plan.
func Compare(p *Plan, tables [2]*Table, rule int, rows [2]uint32) []recon.Evidence {
	return compare(p, tables, rule, rows).evidence()
}

func (c *comparison) evidence() []recon.Evidence {
	var list []recon.Evidence
	for i, k := range c.keys {
		a, b := c.keyTexts(k.pair)
		e := recon.Evidence{
			Component: recon.ComponentKey, Field: keyName(&c.rule.Keys[i]), Left: shown(a), Right: shown(b),
		}
		if held := c.heldValues(k.pair); len(held) > 0 {
			e.Left, e.Right = shown(held), shown(held)
		}
		if e.Held = c.agree(k.pair) || !k.required && (len(a) == 0 || len(b) == 0); e.Held {
			e.Closeness = full
		}
		list = append(list, e)
	}
	list = append(list, c.currencyEvidence())
	left, right := c.rows[LeftIndex], c.rows[RightIndex]
	if c.amounts[0][left] != absent && c.amounts[1][right] != absent {
		list = append(list, c.amountEvidence())
		for half := range c.gross {
			if e, known := c.feeEvidence(half); known {
				list = append(list, e)
			}
		}
	}
	if c.dated(LeftIndex, left) && c.dated(RightIndex, right) {
		list = append(list, c.dateEvidence())
	}
	if c.text != nil {
		similar := c.similarity()
		list = append(list, recon.Evidence{
			Component: recon.ComponentText, Field: sameOrBoth(c.rule.Text.Left, c.rule.Text.Right),
			Left: string(c.textOf(LeftIndex, left)), Right: string(c.textOf(RightIndex, right)),
			Difference: inUnits(full - similar), Allowed: inUnits(full - c.text.min), Closeness: int(similar),
			Held: similar >= c.text.min,
		})
	}
	return list
}

// shown shows the first values and counts the others.
func shown(values []string) string {
	if more := len(values) - namedShown; more > 0 {
		values = append(slices.Clone(values[:namedShown]), fmt.Sprintf("%d more", more))
	}
	return strings.Join(values, ", ")
}

func keyName(k *recon.RuleKey) string { return sameOrBoth(k.Left, k.Right) }

func sameOrBoth(left, right string) string {
	if left == right {
		return left
	}
	return left + " ~ " + right
}

// amount is what the rule compares of a half's row, and day its coordinate in time.
func (c *comparison) amount(half int) int64 { return c.amountOf(half, c.rows[half]) }

func (c *comparison) day(half int) int32 { return c.dayOf(half, c.rows[half]) }

// money is an amount as the rule compares it, in the currency in which it does.
func (c *comparison) money(half int, amount int64) string {
	code := c.currency[half][c.rows[half]]
	if code == codeAny {
		return recon.Minor(amount).Decimal(anyDigits)
	}
	return recon.Money{Amount: recon.Minor(amount), Currency: currencyName(code)}.String()
}

// money is an amount in the currency of a row.
func (t *Table) money(row uint32, amount int64) string {
	return recon.Money{Amount: recon.Minor(amount), Currency: t.Currency(row)}.String()
}

// keyTexts are the normalised values of both rows under a key.
func (c *comparison) keyTexts(pair int) (a, b []string) {
	columns := c.plan.pairs[pair].column
	return c.tables[0].keyTexts(columns[0], c.rows[0]), c.tables[1].keyTexts(columns[1], c.rows[1])
}

// wordTexts turns a stored value into what people read.
var wordTexts = strings.NewReplacer(solver.WordBreakText, " ", string(rune(solver.WordPart)), "")

func (t *Table) keyTexts(column int, row uint32) []string {
	var texts []string
	for _, value := range t.keyValues(column, row) {
		texts = append(texts, wordTexts.Replace(string(value)))
	}
	return texts
}

// keyValues are a row's values under a key as they are stored.
func (t *Table) keyValues(column int, row uint32) [][]byte {
	var values [][]byte
	for _, start := range t.startsOf(column, row) {
		values = append(values, t.text(start))
	}
	return values
}

// startsOf are where a row's values under a key begin in the arena.
func (t *Table) startsOf(column int, row uint32) []uint32 {
	k := &t.keys[column]
	first, count := k.of(row)
	return slices.DeleteFunc(slices.Clone(k.start[first:first+count]),
		func(start uint32) bool { return start == noText })
}

// agree reports whether two rows hold a key, by their texts alone.
func (c *comparison) agree(pair int) bool {
	p := c.plan.pairs[pair]
	a, b := c.tables[0].keyValues(p.column[0], c.rows[0]), c.tables[1].keyValues(p.column[1], c.rows[1])
	if p.op != opEquals {
		return newContainer(c.plan, p).agree(a, b)
	}
	return slices.ContainsFunc(a, func(x []byte) bool {
		return slices.ContainsFunc(b, func(y []byte) bool { return bytes.Equal(x, y) })
	})
}

// heldValues are the values by which two rows hold a key: those that both have, or that one has and the other's hold.
func (c *comparison) heldValues(pair int) (texts []string) {
	p := c.plan.pairs[pair]
	values := [2][][]byte{
		c.tables[0].keyValues(p.column[0], c.rows[0]), c.tables[1].keyValues(p.column[1], c.rows[1]),
	}
	for half := range values {
		for _, v := range values[half] {
			held := slices.ContainsFunc(values[1-half], func(o []byte) bool { return bytes.Equal(v, o) })
			if p.op != opEquals {
				held = newContainer(c.plan, p).holds(half, [][]byte{v}, values[1-half])
			}
			if text := wordTexts.Replace(string(v)); held && !slices.Contains(texts, text) {
				texts = append(texts, text)
			}
		}
	}
	return texts
}

// currencyEvidence is in which currencies two rows are, and by which rates they were compared.
func (c *comparison) currencyEvidence() recon.Evidence {
	e := recon.Evidence{
		Component: recon.ComponentCurrency, Field: "currency",
		Rates: c.ratesOf([2][]uint32{c.rows[:1], c.rows[1:]}),
	}
	var names, compared [2]string
	for half, row := range c.rows {
		names[half] = c.tables[half].Currency(row)
		if compared[half] = names[half]; c.currencyAt[half] != ownCurrency {
			e.Field = "currency " + c.rule.Currency.Mode
			if code := c.currency[half][row]; code != codeAny && currencyName(code) != names[half] {
				compared[half] += " as " + currencyName(code)
			}
		}
	}
	e.Left, e.Right = compared[0], compared[1]
	if e.Held = c.currency[LeftIndex][c.rows[0]] == c.currency[RightIndex][c.rows[1]]; e.Held {
		e.Closeness = full
	}
	return e
}

// ratesOf are the rates that turned the amounts of rows, each once, in the order in which the rows first used them.
func (x *evaluator) ratesOf(rows [2][]uint32) (rates []recon.FXRate) {
	seen := map[int32]bool{}
	for half := range rows {
		for _, row := range rows[half] {
			if x.rated[half] == nil || x.rated[half][row] <= 0 || seen[x.rated[half][row]] {
				continue
			}
			seen[x.rated[half][row]] = true
			rates = append(rates, x.plan.Options.Rates[x.rated[half][row]-1])
		}
	}
	return rates
}

func (c *comparison) amountEvidence() recon.Evidence {
	left, right := c.rows[LeftIndex], c.rows[RightIndex]
	code, a, b := c.currency[LeftIndex][left], c.amount(LeftIndex), c.amount(RightIndex)
	near, difference, held := c.amountHeld(code, a, b)
	allowed := c.money(LeftIndex, c.allowed(code, a, b))
	if c.mode == recon.AmountAny { // nothing is compared, and no difference is confirmed past its limit
		difference, _ = subtract(c.amounts[0][left], c.amounts[1][right])
		near, held, allowed = 0, true, "any"
		if most, given := c.maxDiff.in(code); given {
			allowed = c.money(LeftIndex, most)
		}
		if difference == 0 {
			near = full
		}
	}
	return recon.Evidence{
		Component: recon.ComponentAmount, Field: sameOrBoth(c.rule.Amount.Left, c.rule.Amount.Right),
		Left: c.money(LeftIndex, c.amounts[0][left]), Right: c.money(RightIndex, c.amounts[1][right]),
		Difference: c.money(LeftIndex, difference), Allowed: allowed,
		Closeness: int(near), Held: held,
	}
}

// feeEvidence compares the fee that was taken of a scheduled row with the schedule's, in the row's own currency: what
// the row states, or else what is between its gross and the other side's amount.
func (c *comparison) feeEvidence(half int) (e recon.Evidence, known bool) {
	if c.gross[half] == noGross || c.converts {
		return e, false
	}
	t, row := c.tables[half], c.rows[half]
	gross, net := c.grossOf[half][row], c.amounts[half][row]
	if gross == absent || net == absent {
		return e, false
	}
	var taken int64
	if len(t.fee) > 0 && t.fee[row] != absent {
		taken = t.fee[row]
	} else if taken, known = subtract(gross, c.amount(1-half)); !known {
		return e, false
	}
	expected, fits := subtract(gross, net)
	delta, also := subtract(taken, expected)
	if !fits || !also {
		return e, false
	}
	e = recon.Evidence{
		Component: recon.ComponentFee, Field: [2]string{c.rule.Amount.Left, c.rule.Amount.Right}[half],
		Left: t.money(row, expected), Right: t.money(row, taken), Difference: t.money(row, delta),
		Verdict: recon.FeeVerdict(recon.Minor(delta)), Held: delta == 0,
	}
	if e.Held {
		e.Closeness = full
	}
	return e, true
}

func (c *comparison) dateEvidence() recon.Evidence {
	lag, held := c.lagBetween(c.rows[LeftIndex], c.rows[RightIndex])
	e := recon.Evidence{
		Component: recon.ComponentDate, Field: sameOrBoth(c.rule.Date.Left, c.rule.Date.Right), Held: held,
		Left: c.dayTexts(LeftIndex), Right: c.dayTexts(RightIndex),
		Difference: c.lagText(lag), Allowed: c.lagText(c.minLag) + ".." + c.lagText(c.maxLag),
	}
	if held {
		e.Closeness = int(closeness(int64(lag-c.minLag), int64(c.maxLag-c.minLag)))
	}
	return e
}

// dayTexts is the day that the rule compares, of several rows the oldest and the newest.
func (c *comparison) dayTexts(half int) string {
	if c.group == nil {
		return c.dayText(c.days[half][c.rows[half]])
	}
	_, oldest := c.group.oldest(half, c.group.units[half].members)
	if newest := c.group.newest(half, c.group.units[half].members); newest != oldest {
		return c.dayText(oldest) + " to " + c.dayText(newest)
	}
	return c.dayText(oldest)
}

// dayText is a day or an instant.
func (c *comparison) dayText(day int32) string {
	if c.timestamp {
		return time.Unix(int64(day)+epoch2000, 0).UTC().Format(time.RFC3339)
	}
	return recon.Day(day).String()
}

// lagText is a lag in evidence: a number of days, or a duration.
func (x *evaluator) lagText(lag int32) string {
	if x.timestamp {
		return (time.Duration(lag) * time.Second).String()
	}
	return strconv.Itoa(int(lag))
}

// inUnits is a similarity as a decimal.
func inUnits(similar int64) string { return recon.Minor(similar).Decimal(similarityScale) }

// similarity of the texts, computed from the texts themselves.
func (c *comparison) similarity() int64 {
	if !c.hasText(LeftIndex, c.rows[0]) || !c.hasText(RightIndex, c.rows[1]) {
		return 0
	}
	return solver.Similarity(c.text.algorithm, c.textOf(LeftIndex, c.rows[0]), c.textOf(RightIndex, c.rows[1]))
}

// evidenceOf compares the two halves of a group of several rows: their sums, their oldest days and the keys on which
// their rows agree. A unit's text is that of its first row, but its keys are what all of its rows share, and both may
// read one column: so keys are compared by themselves.
func (x *evaluator) evidenceOf(rows [2][]uint32) []recon.Evidence {
	list := x.unitEvidence(rows, x.text)
	for i, e := range x.unitEvidence(rows, nil) {
		if e.Component == recon.ComponentKey {
			// A key that compares parts and is not required does not count against rows whose value occurs nowhere
			// else.
			k := x.keys[i]
			e.Held = e.Held || !k.required && x.plan.pairs[k.pair].op != opEquals
			list[i] = e
		}
		if list[i].Component == recon.ComponentCurrency {
			list[i].Rates = x.ratesOf(rows)
		}
	}
	return list
}

func (x *evaluator) unitEvidence(rows [2][]uint32, text *textRule) []recon.Evidence {
	u := x.whole(rows)
	rp := *u.x.rulePlan
	rp.text = text
	u.x.rulePlan = &rp
	for half := range u.units {
		u.x.tables[half].arena = x.tables[half].arena
		for c := range x.tables[half].keys {
			if text == nil || u.x.textColumn(half) != c {
				u.fillTexts(half, c)
			}
		}
	}
	return (&comparison{evaluator: u.x, group: u}).evidence()
}

// fillTexts gives the only unit of a half the texts that all of its rows with any share.
func (u *unitView) fillTexts(half, c int) {
	rows := u.base.tables[half]
	var common []uint32
	for _, row := range u.units[half].members {
		starts := rows.startsOf(c, row)
		switch {
		case len(starts) == 0:
		case common == nil:
			common = starts
		case u.base.subset != nil: // each row holds the key by itself, so any of their texts does
			common = append(common, starts...)
		default:
			common = slices.DeleteFunc(common, func(a uint32) bool {
				return !slices.ContainsFunc(starts,
					func(b uint32) bool { return bytes.Equal(rows.text(a), rows.text(b)) })
			})
		}
		if common != nil && len(common) == 0 {
			break
		}
	}
	comparesParts := slices.ContainsFunc(u.base.keys, func(k ruleKey) bool {
		pair := u.base.plan.pairs[k.pair]
		return pair.op != opEquals && pair.column[half] == c
	})
	if len(common) == 0 && comparesParts { // texts that name the same invoice in words of their own
		for _, row := range u.units[half].members {
			common = append(common, rows.startsOf(c, row)...)
		}
	}
	u.x.tables[half].keys[c] = keyColumn{
		start: common, hash: make([]uint64, len(common)), first: []uint32{0}, count: []uint32{uint32(len(common))},
	}
}
