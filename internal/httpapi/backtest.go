package httpapi

import (
	"bytes"
	"context"
	"encoding/json"
	"slices"

	"matcher/internal/engine"
	"matcher/internal/postgres"
	"matcher/internal/recon"
)

type createBackTestInput struct {
	ContextPath
	Keyed
	Body struct {
		Rules        json.RawMessage `json:"rules,omitempty"`
		Rule         json.RawMessage `json:"rule,omitempty"`
		RuleID       string          `json:"ruleId,omitempty"`
		DeleteRuleID string          `json:"deleteRuleId,omitempty"`
		RuleIDs      []string        `json:"ruleIds,omitempty" maxItems:"1000"`
		From         string          `json:"from,omitempty"`
		To           string          `json:"to,omitempty"`
	} `required:"false"`
}

// backTestDoc is how the body of a back-test looks on the wire.
type backTestDoc struct {
	Rules        []ruleDoc `json:"rules,omitempty" doc:"The whole set as it shall be"`
	Rule         *ruleDoc  `json:"rule,omitempty" doc:"One more rule, or the next version of ruleId"`
	RuleID       string    `json:"ruleId,omitempty" doc:"The rule that rule changes"`
	DeleteRuleID string    `json:"deleteRuleId,omitempty" doc:"The rule that shall go"`
	RuleIDs      []string  `json:"ruleIds,omitempty" doc:"All rules of the context, in another order"`
	From         string    `json:"from,omitempty" doc:"First booking date of the history, YYYY-MM-DD; default all of it"`
	To           string    `json:"to,omitempty" doc:"Last booking date of the history, YYYY-MM-DD"`
}

// createBackTest queues a back-test of the rules as the one change would leave them: it is answered at once, and the work
// is a job.
func (a *API) createBackTest(ctx context.Context, tx *postgres.Tx, in *createBackTestInput) (*reply[recon.BackTest], error) {
	from, to, err := period("/from", in.Body.From, "/to", in.Body.To)
	if err != nil {
		return nil, err
	}
	stored, err := tx.Rules(ctx, in.ContextID)
	if err != nil {
		return nil, err
	}
	known, err := namedOptions(ctx, tx)
	if err != nil {
		return nil, err
	}
	rules, err := in.changed(stored, known)
	if err != nil {
		return nil, err
	}
	made, err := tx.CreateBackTest(ctx, in.ContextID, rules, from, to)
	return &reply[recon.BackTest]{Location: "/v1/back-tests/" + made.ID, Body: made}, err
}

// given says whether a member of a body holds anything.
func given(body json.RawMessage) bool { return len(body) > 0 && !bytes.Equal(body, []byte("null")) }

// changed is the whole rule set as the change in the body leaves it; without one, as it stands.
func (in *createBackTestInput) changed(stored []recon.StoredRule, known recon.RunOptions) ([]recon.Rule, error) {
	ways := 0
	for _, way := range []bool{given(in.Body.Rules), given(in.Body.Rule), in.Body.DeleteRuleID != "", in.Body.RuleIDs != nil} {
		if way {
			ways++
		}
	}
	if ways > 1 || in.Body.RuleID != "" && !given(in.Body.Rule) {
		return nil, recon.Unprocessable("BACK_TEST_CHANGE",
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
		return 0, recon.Unprocessable("RULE_UNKNOWN", "the context does not have the rule",
			recon.FieldError{Pointer: pointer, Code: "RULE_UNKNOWN", Message: "is no rule of this context"})
	}
	return at, nil
}

// decodeRules refuses a set of rules that could not run together, by JSON pointer below /rules.
func decodeRules(body []byte, known recon.RunOptions) ([]recon.Rule, error) {
	rules, faults := recon.DecodeRules(body)
	if len(faults) == 0 {
		_, faults = engine.Compile(rules, known)
	}
	if len(faults) > 0 {
		return nil, pointedBelow("/rules", recon.Unprocessable("RULE_INVALID", "the rules cannot work", faults...))
	}
	return rules, nil
}

// BackTestPath names the back-test that a path is about.
type BackTestPath struct {
	BackTestID string `path:"backTestId"`
}

func (a *API) getBackTest(ctx context.Context, in *BackTestPath) (out *one[recon.BackTest], err error) {
	err = a.DB.Read(ctx, func(tx *postgres.Tx) error {
		found, err := tx.BackTest(ctx, in.BackTestID)
		out = &one[recon.BackTest]{Body: found}
		return err
	})
	return out, err
}

type backTestsInput struct {
	ContextPath
	Paged
}

func (a *API) listBackTests(ctx context.Context, in *backTestsInput) (out *list[recon.BackTest], err error) {
	err = a.DB.Read(ctx, func(tx *postgres.Tx) error {
		items, next, err := tx.BackTests(ctx, in.ContextID, in.page())
		out = listOf(items, next)
		return err
	})
	return out, err
}

type backTestEntriesInput struct {
	BackTestPath
	Paged
	Kind string `query:"kind" enum:"LOST,RE_PAIRED,GAINED"`
}

func (a *API) listBackTestEntries(ctx context.Context, in *backTestEntriesInput) (out *list[recon.BackTestEntry], err error) {
	err = a.DB.Read(ctx, func(tx *postgres.Tx) error {
		items, next, err := tx.BackTestEntries(ctx, in.BackTestID, recon.DiffKind(in.Kind), in.page())
		out = listOf(items, next)
		return err
	})
	return out, err
}
