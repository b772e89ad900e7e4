package engine

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"matcher/internal/engine/solver"
	"matcher/internal/recon"
)

// MissText is a nearest miss in words.
type MissText struct {
	ExternalID string // of the nearest row; "" when it has none
	// this row's amount − the nearest row's, as a decimal; "" without a nearest row or in another currency
	Difference string
	Suggestion string // the smallest change that would match, or what is between them
}

// Describe puts the nearest miss of an open row of a side into words.
func (r *Result) Describe(p *Plan, tables [2]*Table, side recon.Side, open *Open) MissText {
	if note, has := r.books[open.Row]; has && side == recon.Left {
		return MissText{Suggestion: note.text}
	}
	if open.Miss.Row == NoRow {
		return MissText{}
	}
	own, other := tables[indexOf(side)], tables[indexOf(p.MissSide(side, &open.Miss))]
	if open.Miss.Change == ChangeTakesBack {
		return MissText{ExternalID: other.ExternalID(open.Miss.Row), Suggestion: r.takesBack(tables, side, open)}
	}
	text := MissText{ExternalID: other.ExternalID(open.Miss.Row), Suggestion: suggestion(p, tables, side, open)}
	// rows of two currencies have no difference of their own
	if own.currency[open.Row] == other.currency[open.Miss.Row] {
		if difference, fits := subtract(own.amounts[0][open.Row], other.amounts[0][open.Miss.Row]); fits {
			text.Difference = own.money(open.Row, difference)
		}
	}
	return text
}

// comparison is two rows of finished tables under one rule. Keys are compared by their texts, so no join is needed.
type comparison struct {
	*evaluator
	rows  [2]uint32
	group *unitView // the rows of a group, of which `rows` are the units; nil for two rows
}

func compare(p *Plan, tables [2]*Table, rule int, rows [2]uint32) *comparison {
	v := &view{plan: p, tables: tables}
	return &comparison{evaluator: v.evaluator(&p.rules[rule]), rows: rows}
}

// takesBack is what a counter-row does.
func (r *Result) takesBack(tables [2]*Table, side recon.Side, open *Open) string {
	at, found := slices.BinarySearchFunc(r.Reversals, Reversal{Side: side, Counter: open.Row}, byCounter)
	day := tables[indexOf(side)].Date(open.Miss.Row).String()
	if !found {
		return "is taken back by a row of " + day
	}
	v, text := &r.Reversals[at], "takes back a row of "+day
	switch {
	case v.Again:
		return text + " that is open again"
	case v.Settled && !v.Moved:
		return text + " that an earlier period settled"
	case v.Held:
		return text + ", whose group is not confirmed"
	}
	return text + ": the return is not booked on the other side"
}

func suggestion(p *Plan, tables [2]*Table, side recon.Side, open *Open) string {
	m := &open.Miss
	half := indexOf(side)
	if p.rules[m.Rule].within() {
		half = int(truth(m.failed&missOfRight != 0))
	}
	left, right := oriented(half, open.Row, m.Row)
	c := compare(p, tables, int(m.Rule), [2]uint32{left, right})
	under := " under " + strconv.Quote(c.rule.Name)
	switch m.Change {
	case ChangeAmount:
		if own := c.amount(half); own != 0 && own == -c.amount(1-half) {
			return "turn the sign of one of the two rows: their amounts are equal and opposite" + under
		}
		return c.feeChange() + c.amountChange(half, m.Delta) + c.amountLimit() + under
	case ChangeDate:
		shift := fmt.Sprintf("%d days", m.Delta)
		if c.timestamp {
			shift = c.lagText(int32(m.Delta))
		}
		return "move the date by " + plus(m.Delta) + shift + c.lagLimit() + under
	case ChangeText:
		similar := inUnits(c.similarity())
		return fmt.Sprintf("the texts are %s alike: set text.min to %s, or change the text", similar, similar) + under
	case ChangeLimit:
		return c.feeChange() + c.limitAlone(m.Failed()) + under
	case ChangeKey:
		return c.keyChange() + under
	case ChangeSum:
		return "change the sum of its group by " + plus(m.Delta) + c.money(half, m.Delta) + under
	case ChangeRival:
		return "agrees" + under + ", but " + tables[indexOf(side)].label(uint32(m.Delta)) + " took part in it"
	case ChangeScore:
		return c.differences() + ", and without that it would still score below proposeAt" + under
	case ChangeGroup:
		return fmt.Sprintf("the groups of both rows do not match (%s)", m.Failed()) + under
	}
	switch m.Failed() {
	case recon.ReasonRejected:
		return "agrees" + under + ", but the pair was rejected"
	case recon.ReasonTaken:
		return "agrees" + under + ", but a better pair took part in it"
	case recon.ReasonScoreBelow:
		return "agrees" + under + ", but scores below proposeAt"
	case recon.ReasonCurrencyDiffers:
		return c.tables[0].Currency(left) + " against " + c.tables[1].Currency(right)
	}
	return "more than one thing differs: " + c.differences() + under
}

// amountChange is the change that makes two amounts equal, and how much of it is enough; a slip of the keys has a name.
func (c *comparison) amountChange(half int, least int64) string {
	left, right := c.amount(LeftIndex), c.amount(RightIndex)
	what, whole := [2]string{c.rule.Amount.Left, c.rule.Amount.Right}[half], right-left
	if half == RightIndex {
		whole = -whole
	}
	whole *= (&mender{c.evaluator}).turned(half, c.rows[half])
	text := "change " + what
	if what == "amount" {
		text = "change the amount"
	}
	if solver.Swapped(c.money(half, left), c.money(half, right)) {
		text = "two digits are swapped: " + text
	}
	if whole == least || c.currency[half][c.rows[half]] == codeAny { // a bare number has more decimals than the row
		return text + " by " + plus(least) + c.money(half, least) + c.unit(half)
	}
	return text + " by " + plus(whole) + c.money(half, whole) + c.unit(half) + " (" + plus(least) +
		c.money(half, least) + " is enough)"
}

func plus(v int64) string {
	if v > 0 {
		return "+"
	}
	return ""
}

// limitAlone is the limit of the rule that would have to move, or what is in its way.
func (c *comparison) limitAlone(failed recon.Reason) string {
	var limit string
	switch failed {
	case recon.ReasonDateOutside:
		limit = c.lagLimit()
	case recon.ReasonTextBelow:
		limit = ", or set text.min to " + inUnits(c.similarity())
	default:
		limit = c.amountLimit()
	}
	if limit == "" {
		return c.differences()
	}
	return strings.TrimPrefix(limit, ", or ")
}

func (c *comparison) amountLimit() string {
	left, right := c.amount(LeftIndex), c.amount(RightIndex)
	difference, fits := subtract(left, right)
	if !fits || left < 0 != (right < 0) {
		return ""
	}
	over := magnitude(right) > magnitude(left)
	if c.amountOn == recon.AmountShort && over || c.amountOn == recon.AmountOver && !over {
		return "" // no allowance would do
	}
	return ", or allow " + c.money(LeftIndex, int64(magnitude(difference)))
}

func (c *comparison) lagLimit() string {
	lag, _ := c.lagHeld(c.day(LeftIndex), c.day(RightIndex))
	days := func(partly int32) int32 { // in the unit of minDays and maxDays; a part of a day counts as `partly`
		if !c.timestamp {
			return lag
		}
		return lag/secondsDay + partly*truth(lag%secondsDay != 0)
	}
	switch {
	case lag > c.maxLag:
		return fmt.Sprintf(", or set maxDays to %d", days(1))
	case lag >= 0:
		return fmt.Sprintf(", or set minDays to %d", days(0))
	}
	return ", or change the direction"
}

func (c *comparison) keyChange() string {
	for i, k := range c.keys {
		a, b := c.keyTexts(k.pair)
		if (k.required && (len(a) == 0 || len(b) == 0)) || (len(a) > 0 && len(b) > 0 && !c.agree(k.pair)) {
			text := fmt.Sprintf("%s differs: %s against %s", keyName(&c.rule.Keys[i]), quoted(a), quoted(b))
			if len(a) == 1 && len(b) == 1 && solver.Swapped(a[0], b[0]) {
				text += ", two characters are swapped"
			}
			return text
		}
	}
	return "a key differs"
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

// feeChange is by what a fee left its schedule, where that is what keeps a pair apart.
func (c *comparison) feeChange() string {
	for half := range c.gross {
		if e, known := c.feeEvidence(half); known && !e.Held {
			return fmt.Sprintf("%s of %s: a fee of %s was taken, not %s; ", e.Verdict, e.Difference, e.Right, e.Left)
		}
	}
	return ""
}

// unit names the currency of a compared amount where it is not the row's own.
func (c *comparison) unit(half int) string {
	code := c.currency[half][c.rows[half]]
	if code == codeAny || code == c.tables[half].currency[c.rows[half]] {
		return ""
	}
	return " " + currencyName(code)
}

// differences lists what does not hold.
func (c *comparison) differences() string {
	var texts []string
	for _, e := range c.evidence() {
		if !e.Held {
			texts = append(texts, fmt.Sprintf("%s %s against %s", e.Field, orNothing(e.Left), orNothing(e.Right)))
		}
	}
	return strings.Join(texts, ", ")
}

func orNothing(text string) string {
	if text == "" {
		return "nothing"
	}
	return text
}
