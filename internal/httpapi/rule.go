package httpapi

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"matcher/internal/engine"
	"matcher/internal/postgres"
	"matcher/internal/recon"
)

// listRules gives all of them: a context has at most a few hundred, and they are read as one ladder.
func (a *API) listRules(ctx context.Context, in *ContextPath) (out *list[recon.StoredRule], err error) {
	err = a.DB.Read(ctx, func(tx *postgres.Tx) error {
		rules, err := tx.Rules(ctx, in.ContextID)
		out = listOf(rules, "")
		return err
	})
	return out, err
}

type createRuleInput struct {
	ContextPath
	Keyed
	Body json.RawMessage
}

func (a *API) createRule(ctx context.Context, tx *postgres.Tx, in *createRuleInput) (*reply[recon.StoredRule], error) {
	others, err := tx.Rules(ctx, in.ContextID)
	if err != nil {
		return nil, err
	}
	known, err := namedOptions(ctx, tx)
	if err != nil {
		return nil, err
	}
	rule, err := decodeRule(in.Body, others, "", known)
	if err != nil {
		return nil, err
	}
	stored, err := tx.CreateRule(ctx, in.ContextID, rule)
	return &reply[recon.StoredRule]{Location: "/v1/rules/" + stored.ID, ETag: entityTag(stored.Version), Body: stored}, err
}

// decodeRule refuses a rule that could not run, by JSON pointer: while it is written, not while it runs. others are the
// rules that it will stand among; id is its own, "" while it is new; known holds what it may name.
func decodeRule(body []byte, others []recon.StoredRule, id string, known recon.RunOptions) (recon.Rule, error) {
	rule, faults := recon.DecodeRule(withPriority(body, others))
	if len(faults) == 0 {
		faults = neighbours(&rule, others, id)
	}
	if len(faults) == 0 {
		_, faults = engine.Compile([]recon.Rule{rule}, known)
		for i := range faults {
			faults[i].Pointer = ofOnlyRule(faults[i].Pointer)
		}
	}
	if len(faults) > 0 {
		return rule, recon.Unprocessable("RULE_INVALID", "the rule cannot work", faults...)
	}
	return rule, nil
}

// namedOptions are the calendars and fee schedules that a rule may name; they stay until the rule is stored.
func namedOptions(ctx context.Context, tx *postgres.Tx) (recon.RunOptions, error) {
	known := recon.RunOptions{}
	var err error
	known.Calendars, known.FeeSchedules, err = tx.Named(ctx)
	return known, err
}

// pointedBelow moves the pointers of an error below a member of the body.
func pointedBelow(pointer string, err error) error {
	var known *recon.Error
	if errors.As(err, &known) {
		for i := range known.Fields {
			known.Fields[i].Pointer = pointer + known.Fields[i].Pointer
		}
	}
	return err
}

// ofOnlyRule turns a pointer into a list of rules into one into its first.
func ofOnlyRule(pointer string) string {
	if len(pointer) >= 2 && pointer[:2] == "/0" && (len(pointer) == 2 || pointer[2] == '/') {
		return pointer[2:]
	}
	return pointer
}

// withPriority lets a rule that names no priority run behind the last.
func withPriority(body []byte, others []recon.StoredRule) []byte {
	var members map[string]json.RawMessage
	if json.Unmarshal(body, &members) != nil || len(members) == 0 || members["priority"] != nil {
		return body // the decoder says what is wrong with it
	}
	last := 0
	for _, other := range others {
		last = max(last, other.Rule.Priority)
	}
	head := fmt.Sprintf(`{"priority":%d,`, min(last+10, recon.PriorityMax))
	return append([]byte(head), bytes.TrimLeft(body, "{ \t\r\n")...)
}

// neighbours refuses a name or a priority that another rule has.
func neighbours(rule *recon.Rule, others []recon.StoredRule, id string) (faults []recon.FieldError) {
	for _, other := range others {
		if other.ID == id {
			continue
		}
		if other.Rule.Name == rule.Name {
			faults = append(faults, recon.FieldError{
				Pointer: "/name", Code: recon.CodeDuplicate, Message: "another rule of this context has the name",
			})
		}
		if other.Rule.Priority == rule.Priority {
			faults = append(faults, recon.FieldError{
				Pointer: "/priority", Code: recon.CodeDuplicate, Message: "another rule of this context has the priority",
			})
		}
	}
	return faults
}

// RulePath names the rule that a path is about.
type RulePath struct {
	RuleID string `path:"ruleId"`
}

func ruleOut(r recon.StoredRule) *one[recon.StoredRule] {
	return &one[recon.StoredRule]{ETag: entityTag(r.Version), Body: r}
}

func (a *API) getRule(ctx context.Context, in *RulePath) (out *one[recon.StoredRule], err error) {
	err = a.DB.Read(ctx, func(tx *postgres.Tx) error {
		stored, err := tx.Rule(ctx, in.RuleID)
		out = ruleOut(stored)
		return err
	})
	return out, err
}

type putRuleInput struct {
	RulePath
	Matched
	Body json.RawMessage
}

func (a *API) putRule(ctx context.Context, tx *postgres.Tx, in *putRuleInput) (*one[recon.StoredRule], error) {
	version, err := versionOf(in.IfMatch)
	if err != nil {
		return nil, err
	}
	stored, err := tx.Rule(ctx, in.RuleID)
	if err != nil {
		return nil, err
	}
	others, err := tx.Rules(ctx, stored.ContextID)
	if err != nil {
		return nil, err
	}
	known, err := namedOptions(ctx, tx)
	if err != nil {
		return nil, err
	}
	rule, err := decodeRule(in.Body, others, stored.ID, known)
	if err != nil {
		return nil, err
	}
	stored, err = tx.UpdateRule(ctx, in.RuleID, version, rule)
	return ruleOut(stored), err
}

type deleteRuleInput struct {
	RulePath
	Matched
}

func (a *API) deleteRule(ctx context.Context, tx *postgres.Tx, in *deleteRuleInput) (*none, error) {
	version, err := versionOf(in.IfMatch)
	if err != nil {
		return nil, err
	}
	return &none{}, tx.DeleteRule(ctx, in.RuleID, version)
}

type ruleVersionsInput struct {
	RulePath
	Paged
}

func (a *API) listRuleVersions(ctx context.Context, in *ruleVersionsInput) (out *list[recon.StoredRule], err error) {
	err = a.DB.Read(ctx, func(tx *postgres.Tx) error {
		items, next, err := tx.RuleVersions(ctx, in.RuleID, in.page())
		out = listOf(items, next)
		return err
	})
	return out, err
}

type reorderRulesInput struct {
	ContextPath
	Keyed
	Body struct {
		RuleIDs []string `json:"ruleIds" maxItems:"1000" nullable:"false" doc:"All rules of the context, in the order in which they shall run"`
	}
}

type putRulesInput struct {
	ContextPath
	Body struct {
		Rules json.RawMessage `json:"rules"`
	}
}

// rulesDoc is how a whole rule set looks on the wire.
type rulesDoc struct {
	Rules []ruleDoc `json:"rules" doc:"All rules of the context; one that is left out is deleted"`
}

// putRules publishes a whole rule set in one commit: what `matcher apply` writes, and what one back-test has tried.
func (a *API) putRules(ctx context.Context, tx *postgres.Tx, in *putRulesInput) (*ruleSet, error) {
	known, err := namedOptions(ctx, tx)
	if err != nil {
		return nil, err
	}
	set, err := decodeRules(in.Body.Rules, known)
	if err != nil {
		return nil, err
	}
	rules, err := tx.ReplaceRules(ctx, in.ContextID, set)
	return &ruleSet{Body: ruleList{Items: rules}}, err
}

type ruleSet struct{ Body ruleList }

type ruleList struct {
	Items []recon.StoredRule `json:"items" nullable:"false"`
}

func (a *API) reorderRules(ctx context.Context, tx *postgres.Tx, in *reorderRulesInput) (*reply[ruleList], error) {
	rules, err := tx.ReorderRules(ctx, in.ContextID, in.Body.RuleIDs)
	return &reply[ruleList]{Body: ruleList{Items: rules}}, err
}
