package httpapi

import (
	"context"
	"encoding/json"
	"errors"
	"strings"

	"matcher/internal/engine"
	"matcher/internal/postgres"
	"matcher/internal/recon"
	"matcher/internal/setup"
)

type createRuleInput struct {
	pathID
	keyed
	Body json.RawMessage
}

func createRule(ctx context.Context, tx *postgres.Tx, in *createRuleInput) (out recon.StoredRule, err error) {
	others, err := tx.Rules(ctx, in.ID)
	if err != nil {
		return out, err
	}
	known, err := namedOptions(ctx, tx)
	if err != nil {
		return out, err
	}
	rule, err := decodeRule(in.Body, others, "", known)
	if err != nil {
		return out, err
	}
	return tx.CreateRule(ctx, in.ID, rule)
}

// decodeRule refuses a rule that could not run, by JSON pointer: while it is written, not while it runs. others are the
// rules that it will stand among; id is its own, "" while it is new; known holds what it may name.
func decodeRule(body []byte, others []recon.StoredRule, id string, known recon.RunOptions) (recon.Rule, error) {
	if id == "" && len(others) >= recon.RulesMax {
		return recon.Rule{}, recon.Conflict(recon.CodeLimitReached, "a context has at most %d rules: delete one first",
			recon.RulesMax)
	}
	last := 0
	for i := range others {
		last = max(last, others[i].Rule.Priority)
	}
	rule, faults := setup.DecodeRule(body, min(last+recon.PriorityStep, recon.PriorityMax))
	if len(faults) == 0 {
		faults = neighbours(&rule, others, id)
	}
	if len(faults) == 0 {
		_, faults = engine.Compile([]recon.Rule{rule}, known)
		for i := range faults {
			faults[i].Pointer = strings.TrimPrefix(faults[i].Pointer, "/0") // it is the only one
		}
	}
	if len(faults) > 0 {
		return rule, recon.Unprocessable(recon.CodeRuleInvalid, "the rule is invalid", faults...)
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

// neighbours refuses a name or a priority that another rule has.
func neighbours(rule *recon.Rule, others []recon.StoredRule, id string) (faults []recon.FieldError) {
	for _, other := range others {
		if other.ID == id {
			continue
		}
		if other.Rule.Name == rule.Name {
			faults = append(faults, recon.FieldError{
				Pointer: "/name", Code: recon.CodeDuplicate, Message: "another rule of this context has this name",
			})
		}
		if other.Rule.Priority == rule.Priority {
			faults = append(faults, recon.FieldError{
				Pointer: "/priority", Code: recon.CodeDuplicate,
				Message: "another rule of this context has this priority",
			})
		}
	}
	return faults
}

type putRuleInput struct {
	pathID
	matched
	Body json.RawMessage
}

func putRule(ctx context.Context, tx *postgres.Tx, in *putRuleInput) (recon.StoredRule, error) {
	stored, err := tx.Rule(ctx, in.ID)
	if err != nil {
		return stored, err
	}
	others, err := tx.Rules(ctx, stored.ContextID)
	if err != nil {
		return stored, err
	}
	known, err := namedOptions(ctx, tx)
	if err != nil {
		return stored, err
	}
	rule, err := decodeRule(in.Body, others, stored.ID, known)
	if err != nil {
		return stored, err
	}
	return tx.UpdateRule(ctx, in.ID, in.version, rule)
}

// ruleList is the whole rule set of a context.
type ruleList struct {
	Items   []recon.StoredRule `json:"items" nullable:"false"`
	Version int                `json:"version" doc:"Of the rule set as a whole; send it as If-Match"`
}

// listRules gives the whole set, with the version that a change of all of it names.
func listRules(ctx context.Context, tx *postgres.Tx, in *pathID) (out ruleList, err error) {
	if out.Items, err = tx.Rules(ctx, in.ID); err == nil {
		out.Version, err = tx.RulesVersion(ctx, in.ID)
	}
	out.Items = listOf(out.Items, "").Items
	return out, err
}

type putRulesInput struct {
	pathID
	matched
	Body struct {
		Rules json.RawMessage `json:"rules"`
	}
}

// rulesDoc is how a whole rule set looks on the wire.
type rulesDoc struct {
	Rules []ruleDoc `json:"rules" doc:"All rules of the context; one that is left out is deleted"`
}

// putRules publishes a whole rule set in one commit: what `matcher apply` writes, and what one back-test has tried.
func putRules(ctx context.Context, tx *postgres.Tx, in *putRulesInput) (out ruleList, err error) {
	known, err := namedOptions(ctx, tx)
	if err != nil {
		return out, err
	}
	rules, err := decodeRules(in.Body.Rules, known)
	if err != nil {
		return out, err
	}
	if _, err = tx.ReplaceRules(ctx, in.ID, in.version, rules); err != nil {
		return out, err
	}
	return listRules(ctx, tx, &in.pathID)
}

type reorderRulesInput struct {
	pathID
	keyed
	Body struct {
		RuleIDs []string `json:"ruleIds" maxItems:"1000" nullable:"false" doc:"All rules of the context, in run order"`
	}
}

func reorderRules(ctx context.Context, tx *postgres.Tx, in *reorderRulesInput) (out ruleList, err error) {
	if _, err = tx.ReorderRules(ctx, in.ID, in.Body.RuleIDs); err != nil {
		return out, err
	}
	return listRules(ctx, tx, &in.pathID)
}
