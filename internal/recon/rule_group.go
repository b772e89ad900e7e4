package recon

import (
	"strconv"
	"strings"
)

// Bounds of a subset search: what a rule implies, and what it may ask for.
const (
	subsetSizeDefault       = 50
	subsetCandidatesDefault = 200
	subsetBudgetDefault     = 200_000
	subsetSizeMax           = 1_000
	subsetCandidatesMax     = 10_000
	subsetBudgetMax         = 10_000_000
	groupByMax              = 8
)

// defaultGroup fills how many rows a group may have: what is grouped may be many, and so may what comes in parts.
func (r *Rule) defaultGroup() {
	g := &r.Group
	if g.Cardinality == "" {
		left, right := len(g.By.Left) > 0, len(g.By.Right) > 0
		switch {
		case left && right, r.Partial.Allow:
			g.Cardinality = ManyToMany
		case left:
			g.Cardinality = ManyToOne
		case right, r.Type == RuleSubsetSum:
			g.Cardinality = OneToMany
		default:
			g.Cardinality = OneToOne
		}
	}
	dates := DatesLatest // the key of the members names their group
	if r.Type == RuleSubsetSum || !r.keyed() {
		dates = DatesEvery
	}
	g.Dates = orElse(g.Dates, dates)
	if r.Type == RuleSubsetSum {
		g.MaxSize = orPointer(g.MaxSize, subsetSizeDefault)
		g.MaxCandidates = orPointer(g.MaxCandidates, subsetCandidatesDefault)
		g.SearchBudget = orPointer(g.SearchBudget, subsetBudgetDefault)
	}
}

// Grouped reports whether the rule sums rows that share a field.
func (r *Rule) Grouped() bool { return len(r.Group.By.Left)+len(r.Group.By.Right) > 0 }

// Widens reports whether a rule is another one but for its name, its place and larger limits of its subsets.
func (r *Rule) Widens(o *Rule) bool {
	if r.Type != RuleSubsetSum || o.Type != RuleSubsetSum || *r.Group.MaxSize < *o.Group.MaxSize ||
		*r.Group.MaxCandidates < *o.Group.MaxCandidates || *r.Group.SearchBudget < *o.Group.SearchBudget {
		return false
	}
	same := *r
	same.Name, same.Priority, same.Group = o.Name, o.Priority, o.Group
	same.Group.Cardinality, same.Group.Dates, same.Group.By = r.Group.Cardinality, r.Group.Dates, r.Group.By
	return same.Same(*o)
}

// Within reports whether the rule matches rows of one side with each other.
func (r *Rule) Within() bool { return r.Scope == ScopeLeft || r.Scope == ScopeRight }

func (r *Rule) keyed() bool {
	for i := range r.Keys {
		if r.Keys[i].MustHold() {
			return true
		}
	}
	return false
}

// group returns what of a rule's groups cannot work together.
func (c *ruleChecker) group(r *Rule) {
	c.oneOf("/group/cardinality", r.Group.Cardinality, OneToOne, OneToMany, ManyToOne, ManyToMany)
	c.oneOf("/group/dates", r.Group.Dates, RuleValues["group/dates"]...)
	c.groupBy("/group/by/left", r.Group.By.Left)
	c.groupBy("/group/by/right", r.Group.By.Right)
	switch {
	case r.Type == RuleSubsetSum:
		c.subset(r)
	case r.Type == RuleGrouped && !r.Grouped():
		c.refuse("/group/by", CodeImpossible,
			"GROUPED sums the rows that share a field: name one in group.by.left or group.by.right")
	case r.Group.Cardinality != OneToOne && !r.Grouped() && !r.Partial.Allow:
		c.refuse("/group/cardinality", CodeImpossible,
			"several rows of a side need group.by, partial.allow or the type SUBSET_SUM")
	}
	if r.Type != RuleSubsetSum {
		c.onlySubset("/group/maxSize", r.Group.MaxSize)
		c.onlySubset("/group/maxCandidates", r.Group.MaxCandidates)
		c.onlySubset("/group/searchBudget", r.Group.SearchBudget)
	}
	c.partial(r)
	c.within(r)
}

func (c *ruleChecker) groupBy(pointer string, fields []string) {
	if len(fields) > groupByMax {
		c.refuse(pointer, CodeInvalidValue, "holds more than %d fields", groupByMax)
	}
	for i, field := range fields {
		c.textField(pointer+"/"+strconv.Itoa(i), field)
	}
}

func (c *ruleChecker) onlySubset(pointer string, value *int) {
	if value != nil {
		c.refuse(pointer, CodeImpossible, "bounds the search of a SUBSET_SUM, and this rule searches no subset")
	}
}

func (c *ruleChecker) subset(r *Rule) {
	c.between("/group/maxSize", *r.Group.MaxSize, 1, subsetSizeMax)
	c.between("/group/maxCandidates", *r.Group.MaxCandidates, 1, subsetCandidatesMax)
	c.between("/group/searchBudget", *r.Group.SearchBudget, 1, subsetBudgetMax)
	if r.Group.Cardinality != OneToMany && r.Group.Cardinality != ManyToOne {
		c.refuse("/group/cardinality", CodeImpossible, "SUBSET_SUM sets one row against a subset: 1:N or N:1")
	}
	if r.Grouped() {
		c.refuse("/group/by", CodeImpossible,
			"SUBSET_SUM chooses its rows by their sum, GROUPED by a field: a rule does one of them")
	}
	if r.Amount.Mode == AmountAny {
		c.refuse("/amount/mode", CodeImpossible, "a subset is sought by its sum, so its amount cannot be ANY")
	}
	if r.Currency.Mode == CurrencyAny {
		c.refuse("/currency/mode", CodeImpossible, "amounts of any currency have no sum")
	}
}

func (c *ruleChecker) partial(r *Rule) {
	if !r.Partial.Allow {
		return
	}
	impossible := func(pointer, why string) { c.refuse(pointer, CodeImpossible, "%s", why) }
	if !r.keyed() {
		impossible("/partial/allow", "a part is known by a required key, and the rule has none")
	}
	if r.Group.Cardinality == OneToOne {
		impossible("/group/cardinality", "a partial group grows by further rows: 1:N, N:1 or N:M")
	}
	if r.Amount.Mode == AmountAny {
		impossible("/amount/mode", "where any amount holds, none is short")
	}
	if r.Type == RuleSubsetSum {
		impossible("/partial/allow", "a subset that does not tie is no subset")
	}
	if r.Currency.Mode != CurrencySame {
		impossible("/currency/mode", "a residual is money of one currency, so a partial match needs SAME")
	}
}

func (c *ruleChecker) within(r *Rule) {
	if !r.Within() || r.Type == RulePostType {
		return
	}
	impossible := func(pointer, why string) { c.refuse(pointer, CodeImpossible, "%s", why) }
	if !r.keyed() {
		impossible("/keys", "a rule inside one side needs a required key: without one every payment nets with every "+
			"charge")
	}
	if r.Amount.Sign != SignOpposite {
		impossible("/amount/sign", "rows of one side cancel out, so their signs are OPPOSITE")
	}
	if r.Amount.Mode == AmountAny {
		impossible("/amount/mode", "rows cancel out by their amounts, so they cannot be ANY")
	}
	if strings.ReplaceAll(r.Amount.Left, " ", "") != strings.ReplaceAll(r.Amount.Right, " ", "") {
		impossible("/amount/right",
			"rows of one side are read by one amount, or a row could be money in and money out at once")
	}
	if r.Currency.Mode != CurrencySame {
		impossible("/currency/mode", "rows of one side cancel out in one currency: SAME")
	}
	if r.Partial.Allow {
		impossible("/partial/allow", "a partial match leads from one side to the other")
	}
	if r.Type == RuleSubsetSum {
		impossible("/type", "a subset is sought on the other side")
	}
}
