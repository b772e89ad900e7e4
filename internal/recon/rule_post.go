package recon

import (
	"reflect"
	"strings"
)

// RulePost is what a rule of type POST books a row to. Such a rule compares nothing: it works on the open rows of one
// side after all rules that match.
type RulePost struct {
	Account    string `json:"account,omitempty" yaml:"account,omitempty"`
	CostCentre string `json:"costCentre,omitempty" yaml:"costCentre,omitempty"`
	Tax        string `json:"tax,omitempty" yaml:"tax,omitempty"`
	Text       string `json:"text,omitempty" yaml:"text,omitempty"`
	MaxMonth   Limits `json:"maxMonth,omitzero" yaml:"maxMonth,omitempty"` // of all that the rule books in a month
}

const postTextMax = 200

// defaultPost lets a key of a POST rule name one field.
func (r *Rule) defaultPost() {
	if r.Type != RulePostType {
		return
	}
	for i := range r.Keys {
		k := &r.Keys[i]
		k.Left, k.Right = orElse(k.Left, k.Right), orElse(k.Right, k.Left)
	}
}

// Precedes reports by its sign which of two rules runs first: by priority, those that post after all that match.
func (r *Rule) Precedes(o *Rule) int {
	if (r.Type == RulePostType) != (o.Type == RulePostType) {
		if o.Type == RulePostType {
			return -1
		}
		return 1
	}
	return r.Priority - o.Priority
}

// post checks what only rules of type POST have, and what they cannot have. r is the rule as it was written.
func (c *ruleChecker) post(r, full *Rule) {
	impossible := func(pointer, why string) { c.refuse(pointer, CodeImpossible, "%s", why) }
	c.atMost("/difference/account", r.Difference.Account, postTextMax)
	if r.Difference.Reason == AdjustmentTransfer {
		impossible("/difference/reason", "only a transfer to another context makes a TRANSFER: take "+
			strings.Join(GivenReasons, ", "))
	}
	if r.Type != RulePostType {
		if !reflect.ValueOf(r.Post).IsZero() {
			impossible("/post", "only a rule of type POST books rows")
		}
		return
	}
	if full.Scope != ScopeLeft && full.Scope != ScopeRight {
		impossible("/scope", "a POST rule works on one side: LEFT or RIGHT")
		return
	}
	if strings.TrimSpace(r.Post.Account) == "" {
		c.refuse("/post/account", CodeMissingValue, "a posting needs an account")
	}
	for at, text := range map[string]string{
		"/post/account": r.Post.Account, "/post/costCentre": r.Post.CostCentre, "/post/tax": r.Post.Tax,
		"/post/text": r.Post.Text,
	} {
		c.atMost(at, text, postTextMax)
	}
	c.errs = append(c.errs, r.Post.MaxMonth.Check("/post/maxMonth")...)
	own, other := r.Where.Right, "/where/left"
	if full.Scope == ScopeLeft {
		own, other = r.Where.Left, "/where/right"
	}
	if strings.TrimSpace(own) == "" && !full.keyed() {
		impossible("/where", "without a predicate or a required key, every open row of the side would be booked")
	}
	if own != r.Where.Left+r.Where.Right {
		impossible(other, "a POST rule works on the other side")
	}
	// A rule that is stored with its defaults has these.
	implied := Rule{Type: r.Type, Scope: r.Scope, Keys: r.Keys}.WithDefaults()
	for _, field := range []struct {
		at             string
		value, implied any
	}{
		{"/amount", r.Amount, implied.Amount},
		{"/currency", r.Currency, implied.Currency},
		{"/date", r.Date, implied.Date},
		{"/text", r.Text, implied.Text},
		{"/group", r.Group, implied.Group},
		{"/partial", r.Partial, implied.Partial},
		{"/prefer", r.Prefer, implied.Prefer},
		{"/difference/account", r.Difference.Account, ""}, // post has it
		{"/confirm/autoAt", r.Confirm.AutoAt, implied.Confirm.AutoAt},
		{"/confirm/proposeAt", r.Confirm.ProposeAt, implied.Confirm.ProposeAt},
		{"/confirm/maxDifference", r.Confirm.MaxDifference, Limits{}},
	} {
		if !reflect.ValueOf(field.value).IsZero() && !reflect.DeepEqual(field.value, field.implied) {
			impossible(field.at, "a POST rule books single rows and compares none")
		}
	}
}
