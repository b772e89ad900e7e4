package recon

// RuleValues are the values of a rule's enumerated fields, by where they stand in a rule; "keys/op" is in every key.
var RuleValues = map[string][]string{
	"type": {
		string(RuleExact), string(RuleTolerance), string(RuleDateLag), string(RuleFuzzy), string(RuleGrouped),
		string(RuleSubsetSum), string(RulePostType),
	},
	"scope":             {ScopeLeftRight, ScopeLeft, ScopeRight},
	"keys/op":           {KeyEquals, KeyContainsToken, KeyPrefix},
	"keys/normalise":    Normalisers,
	"amount/mode":       {AmountExact, AmountTolerance, AmountAny},
	"amount/base":       {BaseMax, BaseMin, BaseAverage, BaseLeft, BaseRight},
	"amount/side":       {AmountBoth, AmountShort, AmountOver},
	"amount/sign":       {SignSame, SignOpposite, SignAny},
	"currency/mode":     {CurrencySame, CurrencyConvert, CurrencyOriginal, CurrencyAny},
	"date/left":         {"date", "valueDate"},
	"date/right":        {"date", "valueDate"},
	"date/unit":         {UnitCalendar, UnitBusiness},
	"date/direction":    {DirectionAbs, DirectionLeftFirst, DirectionRightFirst},
	"date/precision":    {PrecisionDay, PrecisionTimestamp},
	"text/algorithm":    {"JARO_WINKLER", "TOKEN_SET", "LEVENSHTEIN"},
	"group/dates":       {DatesEvery, DatesLatest, DatesOldest},
	"confirm/mode":      {ConfirmAuto, ConfirmPropose},
	"prefer":            {PreferNone, PreferOldest, PreferNewest},
	"group/cardinality": {OneToOne, OneToMany, ManyToOne, ManyToMany},
}
