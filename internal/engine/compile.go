package engine

import (
	"math"
	"math/bits"
	"regexp"
	"slices"
	"strconv"

	"matcher/internal/engine/solver"
	"matcher/internal/recon"
)

// Plan is a compiled rule set. It is immutable: any number of runs may share it.
type Plan struct {
	Rules   []recon.Rule // the active ones by priority, with defaults
	Options recon.RunOptions

	rules     []rulePlan
	pairs     []keyPair
	columns   [2][]solver.TextSpec // distinct key columns of a side, texts included
	texts     []keyPair            // texts that are compared by similarity
	amounts   [2][]amountSpec      // distinct amount expressions of a side; the first is "amount"
	valueDate [2]bool              // a rule reads it
	instants  [2]bool              // a rule reads the booking instant
	fees      bool                 // keep the fee: it explains a difference
	widest    int                  // calendar days that the widest lag may span
	writeOff  currencyLimits       // of a month

	accounts map[string]bool   // to which adjustments are booked; nil: no row books any
	postings map[string]string // numbers of adjustments by the references of their postings
	account  string            // field of left rows

	currencies [2][]currencySpec // in which amounts are compared, where not in the row's own
	wheres     [2][]where
}

// comparesAs reports whether two pairs of columns compare the same texts: 0101 that another rule takes for 101 does not
// contradict it.
func (p *Plan) comparesAs(one, other int) bool {
	a, b := p.pairs[one], p.pairs[other]
	same := func(side int) bool {
		return p.columns[a.side[side]][a.column[side]].SameText(&p.columns[b.side[side]][b.column[side]])
	}
	return one == other || a.side == b.side && a.op == b.op && same(LeftIndex) && same(RightIndex)
}

// keyPair is a left column that is compared with a right one.
type keyPair struct {
	column [2]int
	side   [2]int // of the tables that hold the columns
	op     keyOp
	least  int // characters of a value that is sought in others
}

// amountSpec is one amount column: what is read of a row, and what it is turned into.
type amountSpec struct {
	text     string
	terms    []recon.AmountTerm
	original bool // the original amount where a row has one
	wide     bool // as a bare number with four decimals
	schedule *schedule
	base     *string // of a schedule: the column holds what it is applied to
	rates    *recon.RateTable
}

type ruleKey struct {
	pair     int
	required bool
}

// rulePlan is one rule, ready to be evaluated: every default resolved, every text parsed.
type rulePlan struct {
	rule      *recon.Rule
	index     int16
	sources   [2][]string
	keys      []ruleKey
	required  int // how many of keys are
	amount    [2]int
	mode      string
	percent   uint64 // of percentUnit
	base      string
	amountOn  string // the side on which the right amount may differ
	sign      string
	valueDate [2]bool
	pending   [2]bool // a key reads the booking status, so pending rows are asked for
	minLag    int32
	maxLag    int32
	direction string
	spans     int     // calendar days that the window may span
	business  []int32 // business-day number by day, nil: calendar days
	weight    int64   // Σ weights that count, the score's denominator
	autoAt    int64   // least numerator to confirm
	proposeAt int64
	margin    int64
	proposes  bool // the rule only suggests
	abs       currencyLimits
	cap       currencyLimits
	maxDiff   currencyLimits
	maxAmount currencyLimits
	posts     *currencyLimits // the rule books rows, at most so much a month; nil: it matches
	groupPlan

	names      [2][2]int              // columns of reference and description, by side
	named      bool                   // rows are preferred by them
	prefers    bool                   // among equal partners, one is preferred by its age
	takes      recon.AdjustmentReason // what a schedule does
	gross      [2]int                 // column of what a schedule is applied to; noGross: the half has none
	currencyAt [2]int                 // column of the compared currency, or ownCurrency
	whereAt    [2]int                 // predicate of a half, or noWhere
	text       *textRule
	timestamp  bool             // lags are counted in seconds
	converts   bool             // amounts are compared across currencies
	fixed      [changes][2]bool // changes of a half's row that something else of the rule would notice
}

// currencyLimits resolves a recon.Limits once a currency.
type currencyLimits struct {
	limits recon.Limits
	given  bool
}

func (l currencyLimits) in(code uint32) (int64, bool) {
	if !l.given {
		return 0, false
	}
	if code == codeAny { // a bare number with more decimals than any currency
		value, ok := l.limits.Bare(anyDigits)
		return int64(value), ok
	}
	value, ok := l.limits.In(currencyName(code))
	return int64(value), ok
}

// Weights of the components, and what they are counted in. A closeness is in 1/10,000; a score's numerator is
// Σ weight · closeness over the components that the rule compares, the keys' weight always among them.
const (
	weightKeys   = 40
	weightAmount = 30
	weightDate   = 15
	weightText   = 15

	full          = recon.ClosenessFull
	marginPoints  = 10
	percentDigits = 4
	percentUnit   = 100 * 10_000 // a percentage with four decimals, as a fraction
)

// Compile turns rules into a plan, or refuses with JSON pointers into the list what cannot work by itself or with what
// the options know. Nothing of a rule is ever ignored, so shapes are checked here too: a rule need not come through
// setup.DecodeRules.
func Compile(rules []recon.Rule, options recon.RunOptions) (*Plan, []recon.FieldError) {
	if errs := recon.CheckRules(rules); len(errs) > 0 {
		return nil, errs
	}
	p := &Plan{Options: options, writeOff: limitsOf(options.MaxWriteOff)}
	for side := range p.amounts {
		p.amounts[side] = []amountSpec{{text: "amount", terms: []recon.AmountTerm{{Field: "amount"}}}}
	}
	var errs []recon.FieldError
	order := make([]int, 0, len(rules))
	for i := range rules {
		full := rules[i].WithDefaults()
		errs = append(errs, refusals("/"+strconv.Itoa(i), &full, &options)...)
		if rules[i].Active() {
			order = append(order, i)
		}
	}
	if len(errs) > 0 {
		return nil, errs
	}
	slices.SortFunc(order, func(a, b int) int { return rules[a].Precedes(&rules[b]) })
	p.Rules = make([]recon.Rule, len(order))
	for i, at := range order {
		p.Rules[i] = rules[at].WithDefaults()
		p.rules = append(p.rules, p.compileRule(&p.Rules[i], int16(i)))
	}
	p.compileMarks()
	return p, nil
}

// refusals lists what this engine does not do yet, or can never do.
func refusals(at string, r *recon.Rule, options *recon.RunOptions) []recon.FieldError {
	var errs []recon.FieldError
	impossible := func(pointer, why string) {
		errs = append(errs, recon.FieldError{Pointer: at + pointer, Code: recon.CodeImpossible, Message: why})
	}
	refuse := func(pointer string) func(code, why string) {
		return func(code, why string) {
			errs = append(errs, recon.FieldError{Pointer: at + pointer, Code: code, Message: why})
		}
	}
	refuseWhere(r.Where.Left, refuse("/where/left"))
	refuseWhere(r.Where.Right, refuse("/where/right"))
	for _, e := range options.CheckRule(r) {
		refuse(e.Pointer)(e.Code, e.Message)
	}
	if r.Amount.Mode == recon.AmountAny &&
		!slices.ContainsFunc(r.Keys, func(k recon.RuleKey) bool { return k.MustHold() }) {
		impossible("/amount/mode", "ANY needs a required key: without one everything matches everything")
	}
	return errs
}

func (p *Plan) compileRule(r *recon.Rule, index int16) rulePlan {
	rp := rulePlan{
		rule: r, index: index, sources: [2][]string{r.Sources.Left, r.Sources.Right},
		mode: r.Amount.Mode, base: r.Amount.Base, amountOn: r.Amount.Side,
		proposes: r.Confirm.Mode == recon.ConfirmPropose, sign: r.Amount.Sign, direction: r.Date.Direction,
		minLag: int32(*r.Date.MinDays), maxLag: int32(*r.Date.MaxDays),
		abs: limitsOf(r.Amount.Abs), cap: limitsOf(r.Amount.Cap),
		maxDiff: limitsOf(r.Confirm.MaxDifference), maxAmount: limitsOf(r.Confirm.MaxAmount),
	}
	rp.side = sidesOf(r)
	if r.Type == recon.RulePostType {
		most := limitsOf(r.Post.MaxMonth)
		rp.posts = &most
	}
	for i := range r.Keys {
		required := r.Keys[i].MustHold()
		rp.pending[LeftIndex] = rp.pending[LeftIndex] || r.Keys[i].Left == "bookingStatus"
		rp.pending[RightIndex] = rp.pending[RightIndex] || r.Keys[i].Right == "bookingStatus"
		k := &r.Keys[i]
		columns := [2]int{p.keyColumn(rp.side[0], k.Left, k), p.keyColumn(rp.side[1], k.Right, k)}
		pair := keyPair{column: columns, side: rp.side, op: keyOps[k.Op]}
		if k.MinLength != nil {
			pair.least = *k.MinLength
		}
		rp.keys = append(rp.keys, ruleKey{indexOrAppend(&p.pairs, pair), required})
		if required {
			rp.required++
		}
	}
	rp.compileGroup(p, r)
	rp.compileColumns(p, r)
	rp.names, rp.named = p.nameColumns(r, &rp)
	rp.prefers = r.Prefer != recon.PreferNone
	if r.Amount.Percent != "" {
		percent, _ := r.Amount.Percent.Scaled(percentDigits)
		rp.percent = uint64(percent)
	}
	rp.valueDate = [2]bool{r.Date.Left == "valueDate", r.Date.Right == "valueDate"}
	for half, side := range rp.side {
		p.valueDate[side] = p.valueDate[side] || rp.valueDate[half] || rp.prefers
	}
	p.fees = p.fees || rp.mode != recon.AmountExact || rp.amount != [2]int{}
	if rp.timestamp = r.Date.Precision == recon.PrecisionTimestamp; rp.timestamp {
		p.instants = [2]bool{true, true}
		rp.minLag, rp.maxLag = rp.minLag*secondsDay, rp.maxLag*secondsDay
	}
	if r.Date.Unit == recon.UnitBusiness {
		calendar, _ := p.Options.CalendarNamed(r.Date.Calendar)
		rp.business = calendar.BusinessDays()
	}
	// Five business days span at most nine calendar days around two weekends; holidays are left out, so a row next to
	// one turns from in transit to missing a day early.
	lag := *r.Date.MaxDays
	if r.Date.Unit == recon.UnitBusiness && lag > 0 {
		lag += 2 * ((lag + 4) / 5)
	}
	rp.spans, p.widest = lag, max(p.widest, lag)
	rp.weigh(r)
	rp.fixed = p.fixedFields(&rp)
	return rp
}

func (rp *rulePlan) weigh(r *recon.Rule) {
	rp.weight = weightKeys + weightDate
	if rp.mode != recon.AmountAny {
		rp.weight += weightAmount
	}
	if rp.text != nil {
		rp.weight += weightText
	}
	// A score of s points is a numerator of s · weight · 10,000 / 100; rounding half up admits half a point less.
	point := rp.weight * full / 100
	rp.autoAt = int64(*r.Confirm.AutoAt)*point - point/2
	rp.proposeAt = int64(*r.Confirm.ProposeAt)*point - point/2
	rp.margin = marginPoints * point
}

func limitsOf(l recon.Limits) currencyLimits { return currencyLimits{l, l.Given()} }

// indexOrAppend finds a value in a list, or appends it.
func indexOrAppend[T comparable](list *[]T, value T) int {
	if at := slices.Index(*list, value); at >= 0 {
		return at
	}
	*list = append(*list, value)
	return len(*list) - 1
}

func (p *Plan) keyColumn(side int, field string, k *recon.RuleKey) int {
	spec := solver.TextSpec{Field: field, Normalise: k.Normalise, Split: k.Split, Words: k.Op == recon.KeyContainsToken}
	if k.Extract != "" {
		spec.Extract = regexp.MustCompile(k.Extract)
	}
	for i := range p.columns[side] {
		if p.columns[side][i].Same(&spec) {
			return i
		}
	}
	p.columns[side] = append(p.columns[side], spec)
	return len(p.columns[side]) - 1
}

// Fields lists what a loader must fill of a side's transactions besides externalId, amount, currency, date, digest and
// ordinal, which every run needs: canonical names in camelCase, and "metadata.<column>". It is sorted.
func (p *Plan) Fields(side recon.Side) []string {
	i := indexOf(side)
	fields := map[string]bool{"bookingStatus": true} // pending rows are distinguished
	for _, c := range p.columns[i] {
		fields[c.Field] = true
	}
	for k := range p.amounts[i] {
		p.amounts[i][k].fields(fields)
	}
	for _, where := range p.wheres[i] {
		for _, field := range where.Fields {
			fields[field] = true
		}
	}
	for _, c := range p.currencies[i] {
		fields["original"] = fields["original"] || c.original
	}
	if p.instants[i] {
		fields["time"] = true
	}
	if p.valueDate[i] {
		fields["valueDate"] = true
	}
	if p.fees {
		fields["fee"] = true
	}
	if p.accounts != nil && i == LeftIndex {
		fields["reference"], fields["description"] = true, true
		if len(p.accounts) > 0 {
			fields[p.account] = true
		}
	}
	for _, always := range []string{"externalId", "amount", "currency", "date"} {
		delete(fields, always)
	}
	names := make([]string, 0, len(fields))
	for name, read := range fields {
		if read {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// WidestLag is how many calendar days the widest lag of the rules may span.
func (p *Plan) WidestLag() int { return p.widest }

func indexOf(side recon.Side) int {
	if side == recon.Left {
		return LeftIndex
	}
	return RightIndex
}

func sideOf(index int) recon.Side {
	if index == LeftIndex {
		return recon.Left
	}
	return recon.Right
}

// allowed is min(max(abs, percent · base), cap) in minor units, the share rounded half away from zero.
func (rp *rulePlan) allowed(code uint32, left, right int64) int64 {
	if rp.mode != recon.AmountTolerance {
		return 0
	}
	allowed, _ := rp.abs.in(code)
	if rp.percent > 0 {
		allowed = max(allowed, share(rp.baseOf(left, right), rp.percent))
	}
	if most, ok := rp.cap.in(code); ok {
		allowed = min(allowed, most)
	}
	return allowed
}

func (rp *rulePlan) baseOf(left, right int64) uint64 {
	l, r := magnitude(left), magnitude(right)
	switch rp.base {
	case recon.BaseMin:
		return min(l, r)
	case recon.BaseAverage:
		return l/2 + r/2 + (l&1+r&1)/2
	case recon.BaseLeft:
		return l
	case recon.BaseRight:
		return r
	}
	return max(l, r)
}

// share is base · percent / percentUnit, rounded half up, in 128 bits.
func share(base, percent uint64) int64 {
	hi, lo := bits.Mul64(base, percent)
	lo, carry := bits.Add64(lo, percentUnit/2, 0)
	hi += carry
	quotient, _ := bits.Div64(hi, lo, percentUnit)
	return int64(min(quotient, math.MaxInt64))
}

func magnitude(v int64) uint64 {
	if v < 0 {
		return -uint64(v)
	}
	return uint64(v)
}

// reach bounds |left − right| for a left amount whatever the right one is: with base MAX, RIGHT or AVERAGE the
// allowance grows with the right amount, at most to left / (1 − percent).
func (rp *rulePlan) reach(code uint32, left int64) int64 {
	if rp.mode != recon.AmountTolerance {
		return 0
	}
	base := magnitude(left)
	if rp.percent > 0 {
		hi, lo := bits.Mul64(base, percentUnit)
		base, _ = bits.Div64(hi, lo, percentUnit-rp.percent)
		base += 2 // for what either rounding adds
	}
	reach, _ := rp.abs.in(code)
	if rp.percent > 0 {
		reach = max(reach, min(share(base, rp.percent), math.MaxInt64-1)+1)
	}
	if most, ok := rp.cap.in(code); ok {
		reach = min(reach, most)
	}
	return reach
}

func currencyCode(name string) uint32 {
	if len(name) != 3 {
		return 0
	}
	return uint32(name[0])<<16 | uint32(name[1])<<8 | uint32(name[2])
}

func currencyName(code uint32) string {
	return string([]byte{byte(code >> 16), byte(code >> 8), byte(code)})
}
