package engine

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"matcher/internal/recon"
)

// MissText is a nearest miss in words.
type MissText struct {
	ExternalID string // of the nearest row; "" when it has none
	Difference string // this row's amount − the nearest row's, as a decimal; "" without a nearest row or in another currency
	Suggestion string // the smallest change that would match, or what stands between them
}

// Describe puts the nearest miss of an open row of a side into words.
func (r *Result) Describe(p *Plan, left, right *Table, side recon.Side, open *Open) MissText {
	if open.Miss.Row == NoRow {
		return MissText{}
	}
	d := newDescriber(p, left, right)
	own, other := d.r.tables[indexOf(side)], d.r.tables[indexOf(p.MissSide(side, &open.Miss))]
	text := MissText{ExternalID: other.ExternalID(open.Miss.Row), Suggestion: d.suggestion(side, open)}
	if own.currency[open.Row] == other.currency[open.Miss.Row] { // rows of two currencies have no difference of their own
		if difference, fits := subtract(own.amounts[0][open.Row], other.amounts[0][open.Miss.Row]); fits {
			text.Difference = own.money(open.Row, difference)
		}
	}
	return text
}

// money is an amount in the currency of a row.
func (t *Table) money(row uint32, amount int64) string {
	return recon.Money{Amount: recon.Minor(amount), Currency: t.Currency(row)}.String()
}

// describer evaluates single pairs of finished tables. Keys are compared by their texts, so no join is needed again.
type describer struct{ r *runner }

func newDescriber(p *Plan, left, right *Table) *describer {
	return &describer{&runner{plan: p, tables: [2]*Table{left, right}, byRule: make([]RuleCount, len(p.rules))}}
}

func (d *describer) suggestion(side recon.Side, open *Open) string {
	m := &open.Miss
	half := indexOf(side)
	if d.r.plan.rules[m.Rule].within() {
		d = &describer{d.r.facing(half)}
		half = int(truth(m.failed&missOfRight != 0))
	}
	x := d.r.ruleRun(&d.r.plan.rules[m.Rule])
	rule := strconv.Quote(x.rule.Name)
	l, r := open.Row, m.Row
	if half == RightIndex {
		l, r = r, l
	}
	switch m.Change {
	case ChangeAmount:
		return d.feeChange(x, l, r) + fmt.Sprintf("change the amount by %s%s", plus(m.Delta), x.money(half, open.Row, m.Delta)) + x.unit(half, open.Row) + d.amountLimit(x, l, r) + " under " + rule
	case ChangeDate:
		return "move the date by " + plus(m.Delta) + x.lagText(m.Delta) + d.lagLimit(x, l, r) + " under " + rule
	case ChangeText:
		similar := x.similarAlone(l, r)
		return fmt.Sprintf("the texts are %s alike: set text.min to %s, or change the text", inUnits(similar), inUnits(similar)) + " under " + rule
	case ChangeLimit:
		return d.limitAlone(x, m, l, r) + " under " + rule
	case ChangeKey:
		return d.keyChange(x, l, r) + " under " + rule
	case ChangeSum:
		return fmt.Sprintf("change the sum of its group by %s%s under %s", plus(m.Delta), x.money(half, open.Row, m.Delta), rule)
	case ChangeScore:
		return d.differences(x, l, r) + ", and without that it would still score below proposeAt under " + rule
	case ChangeGroup:
		return fmt.Sprintf("the groups of both rows do not match (%s) under %s", m.Failed(), rule)
	}
	switch m.Failed() {
	case recon.ReasonRejected:
		return "agrees under " + rule + ", but somebody rejected the pair"
	case recon.ReasonTaken:
		return "agrees under " + rule + ", but a better pair took part in it"
	case recon.ReasonScoreBelow:
		return "agrees under " + rule + ", but scores below proposeAt"
	case recon.ReasonCurrencyDiffers:
		return fmt.Sprintf("%s against %s", d.r.tables[0].Currency(l), d.r.tables[1].Currency(r))
	}
	return "more than one thing differs: " + d.differences(x, l, r) + " under " + rule
}

// limitAlone is the limit of the rule that would have to move, or what stands in its way.
func (d *describer) limitAlone(x *ruleRun, m *Miss, left, right uint32) string {
	var limit string
	switch m.Failed() {
	case recon.ReasonDateOutside:
		limit = d.lagLimit(x, left, right)
	case recon.ReasonTextBelow:
		limit = ", or set text.min to " + inUnits(x.similarAlone(left, right))
	default:
		limit = d.amountLimit(x, left, right)
	}
	if limit == "" {
		return d.differences(x, left, right)
	}
	return strings.TrimPrefix(limit, ", or ")
}

func plus(v int64) string {
	if v > 0 {
		return "+"
	}
	return ""
}

func (d *describer) amountLimit(x *ruleRun, left, right uint32) string {
	difference, fits := subtract(x.amountOf(LeftIndex, left), x.amountOf(RightIndex, right))
	if !fits || x.amountOf(LeftIndex, left) < 0 != (x.amountOf(RightIndex, right) < 0) {
		return ""
	}
	return fmt.Sprintf(", or allow %s", x.money(LeftIndex, left, int64(magnitude(difference))))
}

func (d *describer) lagLimit(x *ruleRun, left, right uint32) string {
	lag := x.lag(x.dayOf(LeftIndex, left), x.dayOf(RightIndex, right))
	switch {
	case lag > x.maxLag:
		return fmt.Sprintf(", or set maxDays to %d", x.inDays(lag, 1))
	case lag >= 0:
		return fmt.Sprintf(", or set minDays to %d", x.inDays(lag, 0))
	}
	return ", or change the direction"
}

func (d *describer) keyChange(x *ruleRun, left, right uint32) string {
	for i, k := range x.keys {
		a, b := d.keyTexts(k.pair, left, right)
		if (k.required && (len(a) == 0 || len(b) == 0)) || (len(a) > 0 && len(b) > 0 && !d.agree(k.pair, left, right)) {
			return fmt.Sprintf("%s differs: %s against %s", keyName(&x.rule.Keys[i]), quoted(a), quoted(b))
		}
	}
	return "a key differs"
}

func (d *describer) keyTexts(pair int, left, right uint32) (a, b []string) {
	return d.r.tables[0].keyTexts(d.r.plan.pairs[pair].column[0], left), d.r.tables[1].keyTexts(d.r.plan.pairs[pair].column[1], right)
}

// keyTexts are the normalised values of a row under a key.
func (t *Table) keyTexts(column int, row uint32) []string {
	c := &t.keys[column]
	first, count := row, uint32(1)
	if c.first != nil {
		first, count = c.first[row], c.count[row]
	}
	var texts []string
	for i := first; i < first+count; i++ {
		if c.start[i] != noText {
			texts = append(texts, strings.ReplaceAll(string(t.text(c.start[i])), wordBreakText, " "))
		}
	}
	return texts
}

// agree says whether two rows hold a key, by their texts alone.
func (d *describer) agree(pair int, left, right uint32) bool {
	p := d.r.plan.pairs[pair]
	a, b := d.r.tables[0].keyValues(p.column[0], left), d.r.tables[1].keyValues(p.column[1], right)
	if p.op != opEquals {
		return newContainer(d.r.plan, p).agree(a, b)
	}
	return slices.ContainsFunc(a, func(x []byte) bool {
		return slices.ContainsFunc(b, func(y []byte) bool { return bytes.Equal(x, y) })
	})
}

// keyValues are a row's values under a key as they are stored.
func (t *Table) keyValues(column int, row uint32) [][]byte {
	c := &t.keys[column]
	first, count := c.of(row)
	var values [][]byte
	for _, start := range c.start[first : first+count] {
		if start != noText {
			values = append(values, t.text(start))
		}
	}
	return values
}

func keyName(k *recon.RuleKey) string {
	if k.Left == k.Right {
		return k.Left
	}
	return k.Left + " ~ " + k.Right
}

func quoted(values []string) string {
	switch len(values) {
	case 0:
		return "nothing"
	case 1:
		return strconv.Quote(values[0])
	}
	return fmt.Sprintf("%q and %d more", values[0], len(values)-1)
}

func (d *describer) differences(x *ruleRun, left, right uint32) string {
	text := ""
	for _, e := range d.evidence(x, left, right) {
		if e.Held {
			continue
		}
		if text != "" {
			text += ", "
		}
		text += fmt.Sprintf("%s %s against %s", e.Field, orNothing(e.Left), orNothing(e.Right))
	}
	return text
}

func orNothing(text string) string {
	if text == "" {
		return "nothing"
	}
	return text
}

// Evidence compares the rows of a group, component by component, as its rule did. It is computed anew, never stored.
func (r *Result) Evidence(p *Plan, left, right *Table, g *Group) []recon.Evidence {
	if g.Rule == NoRule {
		return nil
	}
	if !g.several(&p.rules[g.Rule]) {
		return Compare(p, left, right, int(g.Rule), r.LeftRows(g)[0], r.RightRows(g)[0])
	}
	return newDescriber(p, left, right).groupEvidence(&p.rules[g.Rule], r.LeftRows(g), r.RightRows(g))
}

// Compare is the evidence of any two rows under one rule of the plan.
func Compare(p *Plan, left, right *Table, rule int, leftRow, rightRow uint32) []recon.Evidence {
	d := newDescriber(p, left, right)
	return d.evidence(d.r.ruleRun(&p.rules[rule]), leftRow, rightRow)
}

func (d *describer) evidence(x *ruleRun, left, right uint32) []recon.Evidence {
	var list []recon.Evidence
	for i, k := range x.keys {
		a, b := d.keyTexts(k.pair, left, right)
		e := recon.Evidence{Component: recon.ComponentKey, Field: keyName(&x.rule.Keys[i]), Left: first(a), Right: first(b)}
		if e.Held = d.agree(k.pair, left, right) || !k.required && (len(a) == 0 || len(b) == 0); e.Held {
			e.Closeness = full
		}
		list = append(list, e)
	}
	list = append(list, d.currencyEvidence(x, left, right))
	if x.mode != recon.AmountAny && x.amounts[0][left] != absent && x.amounts[1][right] != absent {
		list = append(list, d.amountEvidence(x, left, right))
		for side := range x.gross {
			if e, known := d.feeOf(x, side, [2]uint32{left, right}); known {
				list = append(list, e)
			}
		}
	}
	if x.dated(LeftIndex, left) && x.dated(RightIndex, right) {
		list = append(list, d.dateEvidence(x, left, right))
	}
	if x.text != nil {
		list = append(list, x.textEvidence(left, right))
	}
	return list
}

func first(values []string) string {
	if len(values) == 0 {
		return ""
	}
	return values[0]
}

func (d *describer) amountEvidence(x *ruleRun, left, right uint32) recon.Evidence {
	code := x.currency[LeftIndex][left]
	a, b := x.amountOf(LeftIndex, left), x.amountOf(RightIndex, right)
	near, difference, held := x.amountHeld(code, a, b)
	return recon.Evidence{
		Component: recon.ComponentAmount, Field: sameOrBoth(x.rule.Amount.Left, x.rule.Amount.Right),
		Left: x.money(LeftIndex, left, x.amounts[0][left]), Right: x.money(RightIndex, right, x.amounts[1][right]),
		Difference: x.money(LeftIndex, left, difference), Allowed: x.money(LeftIndex, left, x.rulePlan.allowed(code, a, b)),
		Closeness: int(near), Held: held,
	}
}

func (d *describer) dateEvidence(x *ruleRun, left, right uint32) recon.Evidence {
	lag, held := x.lagHeld(x.dayOf(LeftIndex, left), x.dayOf(RightIndex, right))
	e := recon.Evidence{
		Component: recon.ComponentDate, Field: sameOrBoth(x.rule.Date.Left, x.rule.Date.Right), Held: held,
		Left: x.dayText(LeftIndex, left), Right: x.dayText(RightIndex, right),
		Difference: x.lagShort(lag), Allowed: x.lagShort(x.minLag) + ".." + x.lagShort(x.maxLag),
	}
	if held {
		e.Closeness = int(closeness(int64(lag-x.minLag), int64(x.maxLag-x.minLag)))
	}
	return e
}

func sameOrBoth(left, right string) string {
	if left == right {
		return left
	}
	return left + " ~ " + right
}
