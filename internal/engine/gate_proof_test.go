//go:build unit || !integration

package engine

import (
	"fmt"
	"math/big"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"matcher/internal/recon"
)

// auditor reads rules and rows by itself and calls nothing of the engine: what it refuses, no accountant would sign.
type auditor struct {
	rule  recon.Rule // with defaults
	sides [2][]recon.Transaction
	known map[string]bool // the references of every left row: other words of a text name nothing
}

// day of a row on a side, as the rule counts it: calendar days, or weekdays from a Monday on.
func (a *auditor) day(side int, tx *recon.Transaction) int {
	d := tx.Date
	if [2]string{a.rule.Date.Left, a.rule.Date.Right}[side] == "valueDate" {
		d = tx.ValueDate
	}
	if a.rule.Date.Unit != recon.UnitBusiness {
		return int(d)
	}
	monday := int(d) - int(recon.Epoch) + 3 // 1970-01-01 was a Thursday
	return monday/7*5 + min(monday%7, 4)
}

// inWindow holds the lag between two days to the rule's window.
func (a *auditor) inWindow(left, right int) bool {
	lag := right - left
	if a.rule.Date.Direction == recon.DirectionRightFirst || a.rule.Date.Direction == recon.DirectionAbs && lag < 0 {
		lag = -lag
	}
	return lag >= *a.rule.Date.MinDays && lag <= *a.rule.Date.MaxDays
}

// dates returns what is wrong with the days of the group's members.
func (a *auditor) dates() string {
	var days [2][]int
	for side := range days {
		for i := range a.sides[side] {
			days[side] = append(days[side], a.day(side, &a.sides[side][i]))
		}
		switch slices.Sort(days[side]); a.rule.Group.Dates {
		case recon.DatesLatest:
			days[side] = days[side][len(days[side])-1:]
		case recon.DatesOldest:
			days[side] = days[side][:1]
		}
	}
	for _, l := range days[0] {
		for _, r := range days[1] {
			if !a.inWindow(l, r) {
				return fmt.Sprintf("a member is outside its window: %d, %d", l, r)
			}
		}
	}
	return ""
}

// sum of what the rule compares of a side.
func (a *auditor) sum(side int) *big.Rat {
	sum := new(big.Rat)
	for i := range a.sides[side] {
		tx := &a.sides[side][i]
		v := int64(tx.Amount)
		switch [2]string{a.rule.Amount.Left, a.rule.Amount.Right}[side] {
		case "net":
			v = int64(tx.Net.Amount)
		case "net+fee":
			v = int64(tx.Net.Amount + tx.Fee.Amount)
		case "amount-fee":
			v = int64(tx.Amount - tx.Fee.Amount)
		}
		if a.rule.Amount.Sign == recon.SignAny && v < 0 && a.rule.Type == recon.RuleSubsetSum {
			v = -v // a subset adds up sizes, a group the money
		}
		sum.Add(sum, new(big.Rat).SetInt64(v))
	}
	if a.rule.Amount.Sign == recon.SignAny && sum.Sign() < 0 || a.rule.Amount.Sign == recon.SignOpposite && side == 1 {
		sum.Neg(sum)
	}
	return sum
}

func cents(text recon.Decimal, currency string) *big.Rat {
	v, ok := new(big.Rat).SetString(string(text))
	if !ok {
		return new(big.Rat)
	}
	if currency == "JPY" {
		return v.SetInt(new(big.Int).Quo(v.Num(), v.Denom()))
	}
	return v.Mul(v, big.NewRat(100, 1))
}

// amounts returns what is wrong with the difference of the group.
func (a *auditor) amounts() string {
	currency := a.sides[0][0].Currency
	left, right := a.sum(0), a.sum(1)
	difference := new(big.Rat).Sub(left, right)
	size := new(big.Rat).Abs(difference)
	limit := a.rule.Confirm.MaxDifference
	if limit.Given() && size.Cmp(cents(limit.Default, currency)) > 0 {
		return "the difference is past its limit"
	}
	if difference.Sign() == 0 {
		return ""
	}
	abs := cents(a.rule.Amount.Abs.Default, currency)
	allowed := new(big.Rat).Set(abs)
	l, r := new(big.Rat).Abs(left), new(big.Rat).Abs(right)
	over := r.Cmp(l) > 0
	switch a.rule.Amount.Mode {
	case recon.AmountAny:
		if !limit.Given() {
			return "a difference without a limit"
		}
		return ""
	case recon.AmountExact:
		return "a difference where none is allowed"
	}
	if a.rule.Amount.Percent != "" {
		base := map[string]*big.Rat{recon.BaseLeft: l, recon.BaseRight: r}[a.rule.Amount.Base]
		switch a.rule.Amount.Base {
		case recon.BaseMax:
			base = l
			if over {
				base = r
			}
		case recon.BaseMin:
			base = r
			if over {
				base = l
			}
		case recon.BaseAverage:
			base = new(big.Rat).Mul(new(big.Rat).Add(l, r), big.NewRat(1, 2))
		}
		percent, _ := new(big.Rat).SetString(string(a.rule.Amount.Percent))
		share := new(big.Rat).Mul(base, percent.Mul(percent, big.NewRat(1, 100)))
		share.Add(share, big.NewRat(1, 2))
		share.SetInt(new(big.Int).Quo(share.Num(), share.Denom()))
		if share.Cmp(allowed) > 0 {
			allowed = share
		}
		if a.rule.Amount.Base == recon.BaseAverage { // a half minor unit of the base goes either way
			allowed.Add(allowed, big.NewRat(1, 1))
		}
	}
	if a.rule.Amount.Cap.Given() && allowed.Cmp(cents(a.rule.Amount.Cap.Default, currency)) > 0 {
		allowed = cents(a.rule.Amount.Cap.Default, currency)
	}
	switch {
	case size.Cmp(allowed) > 0:
		return fmt.Sprintf("a difference of %s where %s is allowed", size, allowed)
	case over && a.rule.Amount.Side == recon.AmountShort, !over && a.rule.Amount.Side == recon.AmountOver:
		return "a difference on the side on which none is allowed"
	case over && a.rule.Amount.Side == "" && a.rule.Amount.Percent != "" && size.Cmp(abs) > 0:
		return "an overpayment that no rule gives away"
	}
	return ""
}

// keys returns what is wrong with the keys of the group: each pair of members that carry a required key shares a value,
// and a list that one row gives is complete.
func (a *auditor) keys() string {
	held := false
	for i := range a.rule.Keys {
		k := &a.rule.Keys[i]
		if !*k.Required && len(a.sides[0])+len(a.sides[1]) > 2 {
			continue // two values among the members are none, and an optional key is not asked for then
		}
		values := func(side int, tx *recon.Transaction) []string {
			text := strings.TrimSpace(tx.Field([2]string{k.Left, k.Right}[side]))
			if slices.Contains(k.Normalise, "upper") {
				text = strings.ToUpper(text)
			}
			switch {
			case text == "":
				return nil
			case k.Split != "":
				return strings.Split(text, k.Split)
			case k.Op == recon.KeyContainsToken && side == 1:
				return slices.DeleteFunc(strings.Fields(text), func(word string) bool { return !a.known[word] })
			}
			return []string{text}
		}
		for l := range a.sides[0] {
			for r := range a.sides[1] {
				x, y := values(0, &a.sides[0][l]), values(1, &a.sides[1][r])
				if len(x) == 0 || len(y) == 0 {
					continue
				}
				if !slices.ContainsFunc(x, func(v string) bool {
					return slices.ContainsFunc(y, func(w string) bool {
						return v == w || k.Op == recon.KeyPrefix && (strings.HasPrefix(v, w) || strings.HasPrefix(w, v))
					})
				}) {
					if k.Op != recon.KeyEquals && len(a.sides[0])+len(a.sides[1]) > 2 {
						continue // a text of which no other row has a part names nothing
					}
					return fmt.Sprintf("members differ on a key: %q, %q", x, y)
				}
				held = true
			}
		}
		one := 0
		if a.rule.Group.Cardinality == recon.ManyToOne {
			one = 1
		}
		if a.rule.Type != recon.RuleSubsetSum || k.Split == "" {
			continue
		}
		for _, v := range values(one, &a.sides[one][0]) {
			if len(values(one, &a.sides[one][0])) > 1 && !slices.ContainsFunc(a.sides[1-one], func(tx recon.Transaction) bool {
				return slices.Contains(values(1-one, &tx), v)
			}) {
				return fmt.Sprintf("%q is named and not in the group", v)
			}
		}
	}
	if !held {
		return "no key holds"
	}
	return ""
}

// TestEveryConfirmedGroupCanBeSigned lets the auditor look at what random rules confirm of random rows.
func TestEveryConfirmedGroupCanBeSigned(t *testing.T) {
	seen := map[string]int{}
	for range 40 {
		rapid.Check(t, func(t *rapid.T) {
			rule := drawRule(t, 0)
			of := func(name string, values ...string) string { return rapid.SampledFrom(values).Draw(t, name) }
			rule.Scope, rule.Text, rule.Partial, rule.Where = "", recon.RuleText{}, recon.RulePartial{}, recon.SideText{}
			rule.Currency, rule.Date.Precision = recon.RuleCurrency{}, ""
			if strings.HasPrefix(rule.Amount.Left, "schedule") {
				rule.Amount.Left = "amount"
			}
			if len(rule.Keys) > 0 && rule.Type != recon.RuleSubsetSum && of("any", "no", "no", "ANY") == "ANY" {
				rule.Amount = recon.RuleAmount{Mode: recon.AmountAny}
			}
			reference := recon.RuleKey{Left: "reference", Right: "reference"}
			switch of("kind", "any", "any", "percentage", "list") {
			case "percentage":
				rule.Type, rule.Group, rule.Keys = recon.RuleDateLag, recon.RuleGroup{}, []recon.RuleKey{reference}
				rule.Amount = recon.RuleAmount{Percent: "50", Base: rule.Amount.Base, Side: of("side", "", "", "BOTH", "SHORT", "OVER")}
				rule.Date = recon.RuleDate{MaxDays: new(5)}
			case "list":
				reference.Split = ";"
				rule.Type, rule.Keys, rule.Amount = recon.RuleSubsetSum, []recon.RuleKey{reference}, recon.RuleAmount{}
				rule.Group, rule.Date = recon.RuleGroup{Cardinality: of("cardinality", "1:N", "N:1")}, recon.RuleDate{MaxDays: new(5)}
			}
			rule.Group.Dates = of("dates", "", "", "EVERY", "LATEST", "OLDEST")
			rule.Confirm = recon.RuleConfirm{AutoAt: new(0), Mode: of("mode", "", "", "", "PROPOSE")}
			if of("limited", "no", "yes") == "yes" {
				rule.Confirm.MaxDifference = recon.Limits{Default: recon.Decimal(of("limit", "0.30", "0.60"))}
			}
			options := recon.RunOptions{}
			if of("period", "no", "yes") == "yes" {
				options.From, options.To = recon.Epoch+20455, recon.Epoch+20457
			}
			p, errs := Compile([]recon.Rule{rule}, options)
			if len(errs) > 0 {
				return
			}
			left, right := drawFull(t, "L"), drawFull(t, "R")
			res, lt, rt := run(t, p, left, right)
			for i := range res.Groups {
				g := &res.Groups[i]
				a := auditor{rule: rule.WithDefaults(), known: map[string]bool{}}
				for j := range left {
					a.known[left[j].Reference] = true
				}
				anchored := !options.From.Set()
				for side, rows := range [2][]uint32{res.LeftRows(g), res.RightRows(g)} {
					for _, row := range rows {
						tx := [2][]recon.Transaction{left, right}[side][[2]*Table{lt, rt}[side].ID(row)]
						a.sides[side] = append(a.sides[side], tx)
						anchored = anchored || tx.Date >= options.From && tx.Date <= options.To
					}
				}
				because := fmt.Sprintf("%+v\n%+v", a.rule, a.sides)
				require.True(t, anchored, "no member is of the period: %s", because)
				if seen[g.Status().String()+" "+g.HeldBy().String()]++; g.Status() != recon.GroupConfirmed {
					continue
				}
				require.NotEqual(t, recon.ConfirmPropose, a.rule.Confirm.Mode, "the rule only suggests: %s", because)
				for _, wrong := range []string{a.dates(), a.amounts(), a.keys()} {
					require.Empty(t, wrong, because)
				}
			}
		})
	}
	t.Log(seen)
	for _, held := range []recon.HeldBy{recon.HeldByNothing, recon.HeldByNoLimit, recon.HeldByOver, recon.HeldByDifference, recon.HeldByRule, recon.HeldByNamed} {
		status := recon.GroupProposed
		if held == recon.HeldByNothing {
			status = recon.GroupConfirmed
		}
		require.Positive(t, seen[status.String()+" "+held.String()], "nothing was drawn that %s holds", held)
	}
}
