//go:build unit || !integration

package engine

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"matcher/internal/recon"
	"matcher/tests/bench/gen"
)

// drawFull makes rows that fill every field which a drawn rule may read.
func drawFull(t *rapid.T, side string) []recon.Transaction {
	rows := drawRows(t, side)
	for i := range rows {
		tx := &rows[i]
		tx.Reference = strings.NewReplacer("A", "INV1001", "B", "INV2002", "C", "INV3003").Replace(tx.Reference)
		tx.ValueDate = tx.Date + recon.Day(rapid.IntRange(0, 3).Draw(t, "value"))
		tx.Time = time.Date(2026, 1, 1+int(tx.Date-recon.Epoch-20454), rapid.IntRange(0, 23).Draw(t, "hour"), 0, 0, 0, time.UTC)
		tx.Description = rapid.SampledFrom([]string{"invoice INV1001 acme", "acme invoice INV2002", "acme gmbh", "", "paid INV3003"}).Draw(t, "text")
		tx.Kind = rapid.SampledFrom([]string{"SALE", "REFUND"}).Draw(t, "kind")
		tx.Net = recon.NullMinor{Amount: tx.Amount - 30, Set: rapid.IntRange(0, 5).Draw(t, "net") > 0}
		tx.Fee = recon.NullMinor{Amount: 30, Set: true}
		tx.Metadata = []recon.Attribute{{Name: "order", Value: rapid.SampledFrom([]string{"", "o1", "O1", "o2"}).Draw(t, "order")}}
		if rapid.IntRange(0, 3).Draw(t, "original") == 0 {
			tx.Original = &recon.Money{Amount: tx.Amount + 30, Currency: "USD"}
		}
		tx.Digest = gen.Digest(tx)
	}
	number(rows)
	return rows
}

// proofOptions are what drawn rules may name: schedules, and a rate that moves every amount.
var proofOptions = recon.RunOptions{
	FeeSchedules: []recon.FeeSchedule{
		{Name: "cut", Currency: "EUR", Items: []recon.FeeItem{{Name: "all", Type: recon.FeePercentage, Percent: "10"}}},
	},
	Rates: []recon.FXRate{{From: "JPY", To: "EUR", Date: recon.Epoch + 20454, Rate: "0.3"}},
}

// compileProof compiles a rule with what it may name.
func compileProof(t require.TestingT, rule recon.Rule) *Plan {
	p, errs := Compile([]recon.Rule{rule}, proofOptions)
	require.Empty(t, errs)
	return p
}

// drawRule draws every field of a rule that the change of one row or of one limit can answer for.
func drawRule(t *rapid.T, n int) recon.Rule {
	of := func(name string, values ...string) string { return rapid.SampledFrom(values).Draw(t, name) }
	r := recon.Rule{Name: fmt.Sprintf("rule %d", n), Priority: n + 1, Keys: []recon.RuleKey{}}
	r.Type = recon.RuleType(of("type", "EXACT", "TOLERANCE", "DATE_LAG", "GROUPED", "SUBSET_SUM"))
	key := recon.RuleKey{Left: "reference", Right: "reference"}
	switch of("key", "none", "reference", "split", "order", "token", "prefix", "two") {
	case "reference":
		r.Keys = append(r.Keys, key)
	case "split":
		key.Split = ";"
		r.Keys = append(r.Keys, key)
	case "order":
		r.Keys = append(r.Keys, recon.RuleKey{Left: "metadata.order", Right: "metadata.order", Normalise: []string{"upper"}})
	case "token":
		r.Keys = append(r.Keys, recon.RuleKey{Left: "reference", Right: "description", Op: recon.KeyContainsToken})
	case "prefix":
		key.Op = recon.KeyPrefix
		r.Keys = append(r.Keys, key)
	case "two":
		r.Keys = append(r.Keys, key, recon.RuleKey{Left: "metadata.order", Right: "metadata.order", Required: new(false)})
	}
	r.Amount = recon.RuleAmount{Base: of("base", "MAX", "MIN", "AVERAGE", "LEFT", "RIGHT"), Sign: of("sign", "SAME", "SAME", "OPPOSITE", "ANY")}
	switch of("allowance", "none", "abs", "percent", "both") {
	case "abs":
		r.Amount.Abs = recon.Limits{Default: "0.40"}
	case "percent":
		r.Amount.Percent = "30"
	case "both":
		r.Amount.Abs, r.Amount.Percent, r.Amount.Cap = recon.Limits{Default: "0.20"}, "30", recon.Limits{Default: "0.50"}
	}
	if r.Amount.Percent != "" || r.Amount.Abs.Given() {
		r.Amount.Side = of("side", "", "BOTH", "SHORT", "OVER")
	}
	r.Amount.Left, r.Amount.Right = of("left amount", "amount", "amount", "net", "net+fee", "amount-fee", "schedule:cut", "schedule:cut(net)"), of("right amount", "amount", "amount", "net")
	r.Date = recon.RuleDate{
		Left: of("left date", "date", "valueDate"), Right: of("right date", "date", "valueDate"), Direction: of("direction", "ABS", "LEFT_FIRST", "RIGHT_FIRST"),
		MinDays: new(rapid.IntRange(0, 1).Draw(t, "min")), Unit: of("unit", "CALENDAR", "CALENDAR", "BUSINESS"),
	}
	r.Date.MaxDays = new(*r.Date.MinDays + rapid.IntRange(0, 2).Draw(t, "max"))
	r.Where = recon.SideText{Left: of("where", "", "", "amount > 0.30", "kind == 'SALE'", "date >= date('2026-01-03')"), Right: of("where", "", "", "amount < 1.00")}
	r.Confirm = recon.RuleConfirm{ProposeAt: new(rapid.SampledFrom([]int{0, 0, 45, 60, 70}).Draw(t, "propose at"))}
	switch r.Type {
	case recon.RuleGrouped:
		r.Group.By = rapid.SampledFrom([]recon.RuleSources{{Right: []string{"reference"}}, {Left: []string{"reference"}}, {Left: []string{"kind"}, Right: []string{"kind"}}}).Draw(t, "by")
		r.Partial.Allow = len(r.Keys) > 0 && rapid.IntRange(0, 3).Draw(t, "partial") == 0
	case recon.RuleSubsetSum:
		r.Group.Cardinality = of("cardinality", "1:N", "N:1")
	default:
		if r.Currency.Mode = of("currency", "SAME", "SAME", "SAME", "ORIGINAL", "ANY", "CONVERT"); r.Currency.Mode == "CONVERT" {
			r.Currency.To = "EUR"
		}
		if r.Scope = of("scope", "LEFT_RIGHT", "LEFT_RIGHT", "LEFT", "RIGHT"); r.Scope != "LEFT_RIGHT" {
			r.Amount.Sign, r.Amount.Right, r.Currency.Mode = "OPPOSITE", r.Amount.Left, "SAME"
			r.Currency.To = ""
		}
		if rapid.IntRange(0, 3).Draw(t, "text") == 0 {
			r.Text = recon.RuleText{Algorithm: of("algorithm", "JARO_WINKLER", "TOKEN_SET", "LEVENSHTEIN"), Min: "0.9"}
		}
		if of("precision", "DAY", "DAY", "TIMESTAMP") == "TIMESTAMP" {
			r.Date.Precision, r.Date.Unit, r.Date.Left, r.Date.Right = "TIMESTAMP", "", "date", "date"
		}
	}
	return r
}

// proof is an open row with its nearest miss, as an outsider would try it out.
type proof struct {
	rule       recon.Rule
	side       int // of the open row
	within     bool
	own, other recon.Transaction
	half       int // of the open row under the rule
	miss       *Miss
}

// matches evaluates two rows alone with a rule.
func (p *proof) matches(t *rapid.T, rule recon.Rule, own, other recon.Transaction) bool {
	own.Row, other.Row = 1, 1
	own.Digest, other.Digest = gen.Digest(&own), gen.Digest(&other)
	var rows [2][]recon.Transaction
	rows[p.side] = []recon.Transaction{own}
	if p.within {
		own.ExternalID, other.ExternalID, other.Row = "own", "other", 2
		rows[p.side] = []recon.Transaction{own, other}
	} else {
		rows[1-p.side] = []recon.Transaction{other}
	}
	res, _, _ := run(t, compileProof(t, rule), rows[0], rows[1])
	return len(res.Groups) == 1 && int(res.Groups[0].LeftCount+res.Groups[0].RightCount) == 2
}

// changed makes the change of the miss to the open row.
func (p *proof) changed(own recon.Transaction) recon.Transaction {
	text, field := p.rule.Amount.Left, p.rule.Date.Left
	if p.half == RightIndex {
		text, field = p.rule.Amount.Right, p.rule.Date.Right
	}
	delta := recon.Minor(p.miss.Delta)
	switch {
	case p.miss.Change == ChangeDate && p.rule.Date.Precision == recon.PrecisionTimestamp:
		own.Time = own.Time.Add(time.Duration(p.miss.Delta) * time.Second)
	case p.miss.Change == ChangeDate && field == "valueDate":
		own.ValueDate += recon.Day(p.miss.Delta)
	case p.miss.Change == ChangeDate:
		own.Date += recon.Day(p.miss.Delta)
	case p.rule.Currency.Mode == recon.CurrencyOriginal && own.Original != nil:
		original := *own.Original
		original.Amount += delta
		own.Original = &original
	default:
		if p.rule.Currency.Mode == recon.CurrencyAny { // counted in 1/10,000 of a unit
			delta /= map[string]recon.Minor{"EUR": 100, "JPY": 10_000}[own.Currency]
		}
		if strings.HasPrefix(text, "net") {
			own.Net.Amount += delta
		} else {
			own.Amount += delta
		}
	}
	return own
}

// keyed gives one of two rows the text of the other under one key; false where the rule has no such key.
func (p *proof) keyed(own, other recon.Transaction, key int) (recon.Transaction, recon.Transaction) {
	k := &p.rule.Keys[key]
	mine, theirs := k.Left, k.Right
	if p.half == RightIndex {
		mine, theirs = theirs, mine
	}
	if text := other.Field(theirs); text != "" {
		if words := strings.Fields(text); k.Op == recon.KeyContainsToken && p.half == LeftIndex {
			text = slices.MaxFunc(words, func(a, b string) int { return len(a) - len(b) })
		}
		return withText(own, mine, text), other
	}
	return own, withText(other, theirs, own.Field(mine))
}

func withText(tx recon.Transaction, field, text string) recon.Transaction {
	switch field {
	case "reference":
		tx.Reference = text
	case "description":
		tx.Description = text
	default:
		tx.Metadata = []recon.Attribute{{Name: "order", Value: text}}
	}
	return tx
}

var suggestedLimit = regexp.MustCompile(`allow ([0-9.]+)|set (maxDays|minDays) to (\d+)|set text.min to ([0-9.]+)`)

// limited is the rule with the one limit that the suggestion names moved as suggested.
func (p *proof) limited(suggestion string) (recon.Rule, bool) {
	rule, m := p.rule, suggestedLimit.FindStringSubmatch(suggestion)
	switch {
	case m == nil:
		return rule, false
	case m[1] != "":
		rule.Amount.Mode, rule.Amount.Percent, rule.Amount.Abs = recon.AmountTolerance, "", recon.Limits{Default: recon.Decimal(m[1])}
		rule.Amount.Cap = recon.Limits{}
	case m[2] == "maxDays":
		days, _ := strconv.Atoi(m[3])
		rule.Date.MaxDays = &days
	case m[2] == "minDays":
		days, _ := strconv.Atoi(m[3])
		rule.Date.MinDays = &days
	default:
		rule.Text.Min = recon.Decimal(m[4])
	}
	return rule, true
}

func TestTheNearestMissIsTrue(t *testing.T) {
	tried := map[string]int{}
	kinds := []string{"amount", "date", "key", "text", "sum", "limit", "within"}
	untried := func(what string) bool { return tried[what] == 0 }
	for n := 0; n < 24 || n < 240 && slices.ContainsFunc(kinds, untried); n++ { // chance may leave out a kind
		rapid.Check(t, func(t *rapid.T) {
			var rules []recon.Rule
			for n := range rapid.IntRange(1, 3).Draw(t, "rules") {
				rules = append(rules, drawRule(t, n))
			}
			left, right := drawFull(t, "L"), drawFull(t, "R")
			p, errs := Compile(rules, proofOptions)
			if len(errs) > 0 { // a combination that is refused when it is written
				return
			}
			requireTrue(t, p, left, right, tried)
		})
	}
	t.Log(tried)
	for _, what := range kinds {
		require.Positive(t, tried[what], "nothing was drawn that tries %s", what)
	}
}

func requireTrue(t *rapid.T, plan *Plan, left, right []recon.Transaction, tried map[string]int) {
	rows := [2][]recon.Transaction{left, right}
	res, lt, rt := run(t, plan, left, right)
	tables := [2]*Table{lt, rt}
	for side := range res.Open {
		for i := range res.Open[side] {
			o := &res.Open[side][i]
			if o.Miss.Row == NoRow || o.Miss.Change == ChangeNone || o.Miss.Change == ChangeGroup || o.Miss.Change == ChangeScore {
				continue
			}
			at := indexOf(plan.MissSide(sideOf(side), &o.Miss))
			p := &proof{rule: plan.Rules[o.Miss.Rule], side: side, within: at == side, half: side, miss: &o.Miss}
			p.own, p.other = rows[side][tables[side].ID(o.Row)], rows[at][tables[at].ID(o.Miss.Row)]
			if p.within {
				tried["within"]++
				p.half = int(truth(o.Miss.failed&missOfRight != 0))
			}
			suggestion := res.Describe(plan, [2]*Table{lt, rt}, sideOf(side), o).Suggestion
			because := fmt.Sprintf("%s: %s\n%+v\n%+v\n%+v", suggestion, p.rule.Name, p.own, p.other, p.rule)
			switch o.Miss.Change {
			case ChangeSum:
				tried["sum"]++
				requireSumMatches(t, p, res, tables, rows, o, because)
				continue
			case ChangeAmount, ChangeDate:
				tried[map[Change]string{ChangeAmount: "amount", ChangeDate: "date"}[o.Miss.Change]]++
				require.True(t, p.matches(t, p.rule, p.changed(p.own), p.other), because)
			case ChangeKey:
				tried["key"]++
				require.True(t, slices.ContainsFunc([]int{0, 1}[:len(p.rule.Keys)], func(key int) bool {
					own, other := p.keyed(p.own, p.other, key)
					return p.matches(t, p.rule, own, other)
				}), because)
			case ChangeText:
				tried["text"]++
				require.True(t, p.matches(t, p.rule, withText(p.own, "description", p.other.Description), p.other), because)
			}
			if rule, named := p.limited(suggestion); named {
				tried["limit"]++
				require.True(t, p.matches(t, rule, p.own, p.other), because)
			}
		}
	}
}

// requireSumMatches changes one row of a sum that does not tie and runs the rule again over what was left open.
func requireSumMatches(t *rapid.T, p *proof, res *Result, tables [2]*Table, rows [2][]recon.Transaction, o *Open, because string) {
	var open [2][]recon.Transaction
	for side := range open {
		for _, other := range res.Open[side] {
			tx := rows[side][tables[side].ID(other.Row)]
			if side == p.side && other.Row == o.Row {
				tx = p.changed(tx)
			}
			tx.Row, tx.Digest = len(open[side])+1, gen.Digest(&tx)
			open[side] = append(open[side], tx)
		}
		number(open[side])
	}
	alone, _, _ := run(t, compileProof(t, p.rule), open[0], open[1])
	require.NotEmpty(t, alone.Groups, "%s\nopen: %+v", because, open)
}
