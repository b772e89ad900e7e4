package httpapi

import (
	"bytes"
	"context"
	"encoding/json"
	"slices"

	"matcher/internal/engine"
	"matcher/internal/postgres"
	"matcher/internal/recon"
	"matcher/internal/setup"
)

type createBackTestInput struct {
	pathID
	keyed
	Body struct {
		Rules        json.RawMessage `json:"rules,omitempty"`
		Rule         json.RawMessage `json:"rule,omitempty"`
		RuleID       string          `json:"ruleId,omitempty"`
		DeleteRuleID string          `json:"deleteRuleId,omitempty"`
		RuleIDs      []string        `json:"ruleIds,omitempty" maxItems:"1000"`
		From         string          `json:"from,omitempty"`
		To           string          `json:"to,omitempty"`
	}
}

// backTestDoc is how the body of a back-test looks on the wire.
type backTestDoc struct {
	Rules        []ruleDoc `json:"rules,omitempty" doc:"The whole new set"`
	Rule         *ruleDoc  `json:"rule,omitempty" doc:"One more rule, or the next version of ruleId"`
	RuleID       string    `json:"ruleId,omitempty" doc:"The rule that rule changes"`
	DeleteRuleID string    `json:"deleteRuleId,omitempty" doc:"The rule to delete"`
	RuleIDs      []string  `json:"ruleIds,omitempty" doc:"All rules of the context, in another order"`
	From         string    `json:"from,omitempty" doc:"First booking date of the history, YYYY-MM-DD; default all of it"`
	To           string    `json:"to,omitempty" doc:"Last booking date of the history, YYYY-MM-DD"`
}

// createBackTest queues a back-test of the changed rules: it answers at once, and the work is a job.
func createBackTest(ctx context.Context, tx *postgres.Tx, in *createBackTestInput) (out recon.BackTest, err error) {
	from, to, err := period("/from", in.Body.From, "/to", in.Body.To)
	if err != nil {
		return out, err
	}
	stored, err := tx.Rules(ctx, in.ID)
	if err != nil {
		return out, err
	}
	known, err := namedOptions(ctx, tx)
	if err != nil {
		return out, err
	}
	rules, err := in.changed(stored, known)
	if err != nil {
		return out, err
	}
	return tx.CreateBackTest(ctx, recon.BackTest{ContextID: in.ID, Rules: rules, From: from, To: to})
}

// given reports whether a member of a body is present and not null.
func given(body json.RawMessage) bool { return len(body) > 0 && !bytes.Equal(body, []byte("null")) }

// changed returns the whole rule set after the change in the body, or unchanged without one.
func (in *createBackTestInput) changed(stored []recon.StoredRule, known recon.RunOptions) ([]recon.Rule, error) {
	ways := 0
	for _, way := range []bool{
		given(in.Body.Rules), given(in.Body.Rule), in.Body.DeleteRuleID != "", in.Body.RuleIDs != nil,
	} {
		if way {
			ways++
		}
	}
	if ways > 1 || in.Body.RuleID != "" && !given(in.Body.Rule) {
		return nil, recon.Unprocessable(recon.CodeValidationFailed,
			"a back-test tries one change: rules, or rule with or without ruleId, or deleteRuleId, or ruleIds")
	}
	switch {
	case given(in.Body.Rules):
		return decodeRules(in.Body.Rules, known)
	case in.Body.RuleIDs != nil:
		return postgres.ReorderedRules(stored, in.Body.RuleIDs)
	}
	rules := make([]recon.Rule, len(stored))
	for i := range stored {
		rules[i] = stored[i].Rule
	}
	switch {
	case in.Body.DeleteRuleID != "":
		at, err := placeOf(stored, in.Body.DeleteRuleID, "/deleteRuleId")
		if err != nil {
			return nil, err
		}
		return slices.Delete(rules, at, at+1), nil
	case !given(in.Body.Rule):
		return rules, nil
	}
	rule, err := decodeRule(in.Body.Rule, stored, in.Body.RuleID, known)
	if err != nil {
		return nil, pointedBelow("/rule", err)
	}
	if in.Body.RuleID == "" {
		return slices.Concat(rules, []recon.Rule{rule}), nil
	}
	at, err := placeOf(stored, in.Body.RuleID, "/ruleId")
	if err != nil {
		return nil, err
	}
	rules[at] = rule
	return rules, nil
}

func placeOf(stored []recon.StoredRule, id, pointer string) (int, error) {
	at := slices.IndexFunc(stored, func(r recon.StoredRule) bool { return r.ID == id })
	if at < 0 {
		return 0, recon.Unprocessable(recon.CodeIDUnknown, "the context has no such rule",
			recon.FieldError{Pointer: pointer, Code: recon.CodeIDUnknown, Message: "is no rule of this context"})
	}
	return at, nil
}

// decodeRules refuses a set of rules that could not run together, by JSON pointer below /rules.
func decodeRules(body []byte, known recon.RunOptions) ([]recon.Rule, error) {
	rules, faults := setup.DecodeRules(body)
	if len(faults) == 0 {
		_, faults = engine.Compile(rules, known)
	}
	if len(faults) > 0 {
		return nil, pointedBelow("/rules", recon.Unprocessable(recon.CodeRuleInvalid,
			"the rules are invalid", faults...))
	}
	return rules, nil
}

type backTestEntriesInput struct {
	pathID
	paged
	Kind string `query:"kind" enum:"LOST,RE_PAIRED,GAINED"`
}

func listBackTestEntries(
	ctx context.Context, tx *postgres.Tx, in *backTestEntriesInput,
) ([]recon.BackTestEntry, string, error) {
	return tx.BackTestEntries(ctx, in.ID, recon.DiffKind(in.Kind), in.page())
}
