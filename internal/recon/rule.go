package recon

import (
	"slices"
	"time"
)

// RuleType only chooses defaults (see WithDefaults): every field of a rule is open to every type.
type RuleType string

// The rule types.
const (
	RuleExact     RuleType = "EXACT"
	RuleTolerance RuleType = "TOLERANCE"
	RuleDateLag   RuleType = "DATE_LAG"
	RuleFuzzy     RuleType = "FUZZY"
	RuleGrouped   RuleType = "GROUPED"
	RuleSubsetSum RuleType = "SUBSET_SUM"
	RulePostType  RuleType = "POST"
)

// Values of the enumerated fields of a rule.
const (
	ScopeLeftRight = "LEFT_RIGHT"
	ScopeLeft      = "LEFT"
	ScopeRight     = "RIGHT"

	KeyEquals        = "EQUALS"
	KeyContainsToken = "CONTAINS_TOKEN"
	KeyPrefix        = "PREFIX"

	AmountExact     = "EXACT"
	AmountTolerance = "TOLERANCE"
	AmountAny       = "ANY"

	BaseMax     = "MAX"
	BaseMin     = "MIN"
	BaseAverage = "AVERAGE"
	BaseLeft    = "LEFT"
	BaseRight   = "RIGHT"

	SignSame     = "SAME"
	SignOpposite = "OPPOSITE"
	SignAny      = "ANY"

	CurrencySame     = "SAME"
	CurrencyConvert  = "CONVERT"
	CurrencyOriginal = "ORIGINAL"
	CurrencyAny      = "ANY"

	UnitCalendar = "CALENDAR"
	UnitBusiness = "BUSINESS"

	DirectionAbs        = "ABS"
	DirectionLeftFirst  = "LEFT_FIRST"
	DirectionRightFirst = "RIGHT_FIRST"

	AmountBoth  = "BOTH"
	AmountShort = "SHORT" // the right side is less in size than the left one, never more
	AmountOver  = "OVER"

	DatesEvery  = "EVERY"
	DatesLatest = "LATEST"
	DatesOldest = "OLDEST"

	ConfirmAuto    = "AUTO"
	ConfirmPropose = "PROPOSE"

	PreferNone   = "NONE"
	PreferOldest = "OLDEST"
	PreferNewest = "NEWEST"

	TextJaroWinkler = "JARO_WINKLER"
	TextTokenSet    = "TOKEN_SET"
	TextLevenshtein = "LEVENSHTEIN"

	PrecisionDay       = "DAY"
	PrecisionTimestamp = "TIMESTAMP"

	OneToOne   = "1:1"
	OneToMany  = "1:N"
	ManyToOne  = "N:1"
	ManyToMany = "N:M"
)

// Rule is how rows of the two sides should agree. It is data: it is stored, versioned and hashed as it was written,
// and WithDefaults fills what its type implies. A nil pointer or an empty string is "not given".
type Rule struct {
	Name     string       `json:"name" yaml:"name"`
	Type     RuleType     `json:"type" yaml:"type"`
	Priority int          `json:"priority" yaml:"priority"` // 1..1000, unique in the context; lower runs first
	Enabled  *bool        `json:"enabled,omitempty" yaml:"enabled,omitempty"`
	Scope    string       `json:"scope,omitempty" yaml:"scope,omitempty"`
	Sources  RuleSources  `json:"sources,omitzero" yaml:"sources,omitempty"`
	Where    SideText     `json:"where,omitzero" yaml:"where,omitempty"`
	Keys     []RuleKey    `json:"keys" yaml:"keys" nullable:"true"` // null: the type's default; []: no key at all
	Amount   RuleAmount   `json:"amount,omitzero" yaml:"amount,omitempty"`
	Currency RuleCurrency `json:"currency,omitzero" yaml:"currency,omitempty"`
	Date     RuleDate     `json:"date,omitzero" yaml:"date,omitempty"`
	Text     RuleText     `json:"text,omitzero" yaml:"text,omitempty"`
	Group    RuleGroup    `json:"group,omitzero" yaml:"group,omitempty"`
	Partial  RulePartial  `json:"partial,omitzero" yaml:"partial,omitempty"`
	Confirm  RuleConfirm  `json:"confirm,omitzero" yaml:"confirm,omitempty"`
	Prefer   string       `json:"prefer,omitempty" yaml:"prefer,omitempty"` // among equal partners, by due date, then date

	Difference RuleDifference `json:"difference,omitzero" yaml:"difference,omitempty"`
	Post       RulePost       `json:"post,omitzero" yaml:"post,omitempty"`
}

// StoredRule is a rule of a context in one of its versions. Rules are versioned: a group points at the version that
// made it, and deleting a rule deletes no history.
type StoredRule struct {
	ID        string    `json:"id"`
	ContextID string    `json:"contextId"`
	Version   int       `json:"version"`
	Rule      Rule      `json:"rule"`
	CreatedAt time.Time `json:"createdAt"`
	UpdatedAt time.Time `json:"updatedAt"`
	CreatedBy string    `json:"createdBy"` // of this version
}

// RuleSources narrows a rule to named sources; an empty list is every source of that side.
type RuleSources struct {
	Left  []string `json:"left,omitempty" yaml:"left,omitempty"`
	Right []string `json:"right,omitempty" yaml:"right,omitempty"`
}

// SideText is one text for each side: a predicate, or a field.
type SideText struct {
	Left  string `json:"left,omitempty" yaml:"left,omitempty"`
	Right string `json:"right,omitempty" yaml:"right,omitempty"`
}

// RuleKey is one equality that must hold. A key that is not required counts only where both sides fill it.
type RuleKey struct {
	Left      string   `json:"left" yaml:"left"`
	Right     string   `json:"right" yaml:"right"`
	Op        string   `json:"op,omitempty" yaml:"op,omitempty"`
	Normalise []string `json:"normalise,omitzero" yaml:"normalise,omitempty"` // nil: trim; []: as it is
	Extract   string   `json:"extract,omitempty" yaml:"extract,omitempty"`    // RE2: every match (its first group, if it has one)
	Split     string   `json:"split,omitempty" yaml:"split,omitempty"`        // the separator of a list field
	Required  *bool    `json:"required,omitempty" yaml:"required,omitempty"`
	MinLength *int     `json:"minLength,omitempty" yaml:"minLength,omitempty"` // of what is sought in another text
}

// RuleAmount: allowed = min(max(abs, percent · base), cap), of which percent · base is rounded half away from zero.
type RuleAmount struct {
	Mode    string  `json:"mode,omitempty" yaml:"mode,omitempty"`
	Abs     Limits  `json:"abs,omitzero" yaml:"abs,omitempty"`
	Percent Decimal `json:"percent,omitempty" yaml:"percent,omitempty"` // 0.5 is half a percent
	Cap     Limits  `json:"cap,omitzero" yaml:"cap,omitempty"`
	Base    string  `json:"base,omitempty" yaml:"base,omitempty"`
	// Side SHORT: the right amount may be smaller, never larger. Not written is both, but what is more than the left
	// amount by no more than a percentage is only proposed: an overpayment is the customer's money.
	Side  string `json:"side,omitempty" yaml:"side,omitempty"`
	Sign  string `json:"sign,omitempty" yaml:"sign,omitempty"`
	Left  string `json:"left,omitempty" yaml:"left,omitempty"` // amount, a named amount, or a signed sum of them: "net+fee"
	Right string `json:"right,omitempty" yaml:"right,omitempty"`
}

// RuleCurrency is the currency in which amounts are compared: SAME, ORIGINAL (the original amount where a row carries
// one, in its currency, before any rate), CONVERT (each into To by a rate of its own day) or ANY (the bare numbers).
type RuleCurrency struct {
	Mode           string `json:"mode,omitempty" yaml:"mode,omitempty"`
	To             string `json:"to,omitempty" yaml:"to,omitempty"`
	RateType       string `json:"rateType,omitempty" yaml:"rateType,omitempty"`
	RateDate       string `json:"rateDate,omitempty" yaml:"rateDate,omitempty"`
	RateMaxAgeDays *int   `json:"rateMaxAgeDays,omitempty" yaml:"rateMaxAgeDays,omitempty"`
}

// RuleDate: lag = right − left in the unit, as direction reads it, must lie in minDays..maxDays.
type RuleDate struct {
	Left      string `json:"left,omitempty" yaml:"left,omitempty"` // date or valueDate
	Right     string `json:"right,omitempty" yaml:"right,omitempty"`
	MinDays   *int   `json:"minDays,omitempty" yaml:"minDays,omitempty"`
	MaxDays   *int   `json:"maxDays,omitempty" yaml:"maxDays,omitempty"`
	Unit      string `json:"unit,omitempty" yaml:"unit,omitempty"`
	Calendar  string `json:"calendar,omitempty" yaml:"calendar,omitempty"`
	Direction string `json:"direction,omitempty" yaml:"direction,omitempty"`
	Precision string `json:"precision,omitempty" yaml:"precision,omitempty"`
}

// RuleText compares two texts by similarity: upper case, without accents, words parted by one space.
type RuleText struct {
	Left      string  `json:"left,omitempty" yaml:"left,omitempty"`
	Right     string  `json:"right,omitempty" yaml:"right,omitempty"`
	Algorithm string  `json:"algorithm,omitempty" yaml:"algorithm,omitempty"`
	Min       Decimal `json:"min,omitempty" yaml:"min,omitempty"`
}

// RuleGroup shapes groups of several rows; the last three bound SUBSET_SUM only.
type RuleGroup struct {
	Cardinality   string      `json:"cardinality,omitempty" yaml:"cardinality,omitempty"`
	Dates         string      `json:"dates,omitempty" yaml:"dates,omitempty"` // whose date must be in the window
	By            RuleSources `json:"by,omitzero" yaml:"by,omitempty"`
	MaxSize       *int        `json:"maxSize,omitempty" yaml:"maxSize,omitempty"`
	MaxCandidates *int        `json:"maxCandidates,omitempty" yaml:"maxCandidates,omitempty"`
	SearchBudget  *int        `json:"searchBudget,omitempty" yaml:"searchBudget,omitempty"`
}

// RulePartial allows groups whose keys hold while their sum is short or over.
type RulePartial struct {
	Allow bool `json:"allow,omitempty" yaml:"allow,omitempty"`
}

// RuleConfirm holds the gates between a proposal and a confirmed group.
type RuleConfirm struct {
	Mode          string `json:"mode,omitempty" yaml:"mode,omitempty"`           // PROPOSE: the rule only suggests
	AutoAt        *int   `json:"autoAt,omitempty" yaml:"autoAt,omitempty"`       // least score, 0..100
	ProposeAt     *int   `json:"proposeAt,omitempty" yaml:"proposeAt,omitempty"` // a candidate below is none
	MaxDifference Limits `json:"maxDifference,omitzero" yaml:"maxDifference,omitempty"`
	MaxAmount     Limits `json:"maxAmount,omitzero" yaml:"maxAmount,omitempty"`
}

// RuleDifference is what a difference under the rule is.
type RuleDifference struct {
	Reason AdjustmentReason `json:"reason,omitzero" yaml:"reason,omitempty"`
	// Account is what it is booked to: a left row of the account, with the amount, books it.
	Account string `json:"account,omitempty" yaml:"account,omitempty"`
}

// Limits of the specification, and what its types imply.
const (
	PriorityMax       = 1000
	AutoAtDefault     = 70
	dayLagDefault     = 3
	absDefault        = "0.50"
	minLengthDefault  = 4
	textMinDefault    = "0.85"
	rateMaxAgeDefault = 5 // days: over a long weekend
	ruleNameMax       = 120
	ruleDaysMax       = 3660
	ruleKeysMax       = 8
	RulesMax          = 200         // of one context
	DuplicateDaysMax  = ruleDaysMax // widest window of suspected duplicates, of a setup and of a context
	rulePatternMax    = 500
	PriorityStep      = 10
)

// Active reports whether the rule runs: it does unless enabled is false.
func (r *Rule) Active() bool { return r.Enabled == nil || *r.Enabled }

// MustHold reports whether the key is required: it is unless required is false.
func (k *RuleKey) MustHold() bool { return k.Required == nil || *k.Required }

// WithDefaults is the rule with everything filled in that its type implies. It shares no memory that it changes.
func (r Rule) WithDefaults() Rule {
	r.Type = orElse(r.Type, RuleExact)
	if r.Type == RulePostType {
		r.Scope = orElse(r.Scope, ScopeRight)
	}
	r.Scope = orElse(r.Scope, ScopeLeftRight)
	r.Enabled = orPointer(r.Enabled, true)
	r.Keys = r.defaultKeys()
	r.defaultPost()
	r.defaultAmount()
	r.defaultDate()
	r.defaultCurrency()
	if r.Type == RuleFuzzy || r.Text != (RuleText{}) {
		r.Text.Left = orElse(r.Text.Left, "description")
		r.Text.Right = orElse(r.Text.Right, "description")
		r.Text.Algorithm = orElse(r.Text.Algorithm, TextJaroWinkler)
		r.Text.Min = orElse(r.Text.Min, textMinDefault)
	}
	r.defaultGroup()
	r.Prefer = orElse(r.Prefer, PreferNone)
	mode := ConfirmAuto
	if r.Prefer != PreferNone {
		mode = ConfirmPropose
	}
	r.Confirm.Mode = orElse(r.Confirm.Mode, mode)
	r.Confirm.AutoAt = orPointer(r.Confirm.AutoAt, AutoAtDefault)
	r.Confirm.ProposeAt = orPointer(r.Confirm.ProposeAt, 0)
	return r
}

func (r *Rule) defaultKeys() []RuleKey {
	keys := slices.Clone(r.Keys)
	if r.Keys == nil {
		keys = []RuleKey{}
		switch r.Type {
		case RuleExact, RuleTolerance, RuleDateLag:
			keys = []RuleKey{{Left: "reference", Right: "reference"}}
		}
	}
	for i := range keys {
		k := &keys[i]
		k.Op = orElse(k.Op, KeyEquals)
		k.Required = orPointer(k.Required, true)
		if k.Normalise == nil {
			k.Normalise = []string{"trim"}
		}
		if k.Op != KeyEquals {
			k.MinLength = orPointer(k.MinLength, minLengthDefault)
		}
	}
	return keys
}

func (r *Rule) defaultAmount() {
	a := &r.Amount
	if a.Mode == "" {
		a.Mode = AmountExact
		if r.Type == RuleTolerance || a.Abs.Given() || a.Percent != "" {
			a.Mode = AmountTolerance
		}
	}
	if a.Mode == AmountTolerance && !a.Abs.Given() && a.Percent == "" {
		a.Abs = Limits{Default: absDefault}
	}
	a.Base = orElse(a.Base, BaseMax)
	if r.Within() {
		a.Sign = orElse(a.Sign, SignOpposite)
	}
	a.Sign = orElse(a.Sign, SignSame)
	a.Left = orElse(a.Left, "amount")
	a.Right = orElse(a.Right, "amount")
}

func (r *Rule) defaultCurrency() {
	c := &r.Currency
	if c.Mode == "" {
		c.Mode = CurrencySame
		if c.To != "" {
			c.Mode = CurrencyConvert
		}
	}
	if c.Mode == CurrencyConvert {
		c.RateDate = orElse(c.RateDate, "date")
		c.RateMaxAgeDays = orPointer(c.RateMaxAgeDays, rateMaxAgeDefault)
	}
}

func (r *Rule) defaultDate() {
	d := &r.Date
	most := 0
	if r.Type == RuleDateLag || r.Type == RuleFuzzy {
		most = dayLagDefault
	}
	d.Left = orElse(d.Left, "date")
	d.Right = orElse(d.Right, "date")
	d.MinDays = orPointer(d.MinDays, 0)
	d.MaxDays = orPointer(d.MaxDays, max(most, *d.MinDays))
	d.Unit = orElse(d.Unit, UnitCalendar)
	d.Direction = orElse(d.Direction, DirectionAbs)
	d.Precision = orElse(d.Precision, PrecisionDay)
}

// DefaultLadder is what runs where there are no rules: the strict rules on the reference first, then the same without
// a key, which can only propose. What the amount may be off by is half a unit, nothing in a currency without decimals,
// and never more than 1 % of the larger amount; off in amount and in days at once only proposes.
func DefaultLadder() []Rule {
	noKey := []RuleKey{}
	slip := RuleAmount{Percent: "1", Cap: Limits{Default: absDefault}, Side: AmountBoth}
	return []Rule{
		{Name: "exact on reference", Type: RuleExact, Priority: 10},
		{Name: "tolerance on reference", Type: RuleTolerance, Priority: 20, Amount: slip},
		{Name: "date lag on reference", Type: RuleDateLag, Priority: 30},
		{
			Name: "tolerance and date lag on reference", Type: RuleDateLag, Priority: 35, Amount: slip,
			Confirm: RuleConfirm{Mode: ConfirmPropose},
		},
		{Name: "exact without key", Type: RuleExact, Priority: 40, Keys: noKey},
		{Name: "date lag without key", Type: RuleDateLag, Priority: 50, Keys: noKey},
	}
}

func orElse[T ~string](value, fallback T) T {
	if value == "" {
		return fallback
	}
	return value
}

func orPointer[T any](value *T, fallback T) *T {
	if value == nil {
		return &fallback
	}
	return value
}
