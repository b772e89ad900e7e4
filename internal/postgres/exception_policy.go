package postgres

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"matcher/internal/predicate"
	"matcher/internal/recon"
)

// StoredPolicy is the exception policy of a context; version 0 is that of a context that has none of its own.
type StoredPolicy struct {
	recon.ExceptionPolicy
	Version   int    `json:"version"`
	CreatedBy string `json:"createdBy,omitempty"`
}

// ExceptionPolicy is what a context asks of its open rows.
func (tx *Tx) ExceptionPolicy(ctx context.Context, contextID string) (StoredPolicy, error) {
	c, err := tx.Context(ctx, contextID)
	if err != nil {
		return StoredPolicy{}, err
	}
	return tx.policyOf(ctx, c.Num)
}

func (tx *Tx) policyOf(ctx context.Context, contextNum int32) (StoredPolicy, error) {
	found, err := all[struct {
		Body      recon.ExceptionPolicy
		Version   int
		CreatedBy string
	}](tx.query(ctx, `
		SELECT body, version, created_by FROM exception_policies WHERE context_num = $1 ORDER BY version DESC LIMIT 1`,
		contextNum))
	if err != nil {
		return StoredPolicy{}, fmt.Errorf("reading the exception policy: %w", err)
	}
	if len(found) == 0 {
		return StoredPolicy{}, nil
	}
	return StoredPolicy{found[0].Body, found[0].Version, found[0].CreatedBy}, nil
}

// PutExceptionPolicy replaces the policy of a context by its next version; runs from now on go by it. version is what
// the caller read, 0 when it does not care.
func (tx *Tx) PutExceptionPolicy(
	ctx context.Context, contextID string, version int, p recon.ExceptionPolicy,
) (StoredPolicy, error) {
	c, err := tx.lockOpenContext(ctx, contextID)
	if err != nil {
		return StoredPolicy{}, err
	}
	before, err := tx.policyOf(ctx, c.Num)
	if err != nil {
		return before, err
	}
	if version != 0 && version != before.Version {
		return before, recon.Stale("exception policy")
	}
	if p.Calendar != "" {
		if _, known, err := tx.calendarNamed(ctx, p.Calendar); err != nil || !known {
			return before, orUnknown(err, "/calendar", "no calendar has this name: make it first, or leave it out")
		}
	}
	after := StoredPolicy{p, before.Version + 1, tx.actor}
	_, err = tx.exec(ctx, "storing the exception policy", `
		INSERT INTO exception_policies (context_num, version, body, created_by) VALUES ($1, $2, $3, $4)`,
		c.Num, after.Version, p, tx.actor)
	tx.Audit("exception_policy.put", "context", contextID, map[string]any{"before": before, "after": after})
	return after, err
}

func orUnknown(err error, pointer, message string) error {
	if err != nil {
		return err
	}
	return recon.Unprocessable(recon.CodeValidationFailed, "some values cannot be used",
		recon.FieldError{Pointer: pointer, Code: recon.CodeIDUnknown, Message: message})
}

func (tx *Tx) calendarNamed(ctx context.Context, name string) (recon.Calendar, bool, error) {
	days, err := tx.calendars().values(ctx, "FOR SHARE")
	at := slices.IndexFunc(days, func(c recon.Calendar) bool { return c.ID == name })
	if err != nil || at < 0 {
		return recon.Calendar{}, false, err
	}
	return days[at], true, nil
}

// policyDay is a context's policy on the day of the transaction.
type policyDay struct {
	*recon.Assessor
	contextNum int32
	assignment []recon.AssignmentRule
}

// policyToday reads the policy of a context with the calendar and the rates that it goes by.
func (tx *Tx) policyToday(ctx context.Context, contextNum int32) (policyDay, error) {
	stored, err := tx.policyOf(ctx, contextNum)
	if err != nil {
		return policyDay{}, err
	}
	p, calendar := stored.ExceptionPolicy, recon.Calendar{}
	if p.Calendar != "" {
		if calendar, _, err = tx.calendarNamed(ctx, p.Calendar); err != nil {
			return policyDay{}, err
		}
	}
	rates, err := all[recon.FXRate](tx.query(ctx, `
		SELECT DISTINCT ON (from_currency, to_currency) from_currency AS "from", to_currency AS "to", rate_type AS type, date,
			rate::text, source
		FROM fx_rates WHERE $1 IN (from_currency, to_currency) ORDER BY from_currency, to_currency, date DESC, rate_type`,
		p.ReportingCurrency))
	if err != nil {
		return policyDay{}, fmt.Errorf("reading the latest rates: %w", err)
	}
	now, err := tx.Now(ctx)
	return policyDay{recon.NewAssessor(p, calendar, rates, recon.DayOf(now.UTC())), contextNum, p.Assignment}, err
}

// assess gives exceptions that this transaction opened, by their keys, what their contexts' policies ask.
func (tx *Tx) assess(ctx context.Context, keys []int64) error {
	if len(keys) == 0 {
		return nil
	}
	rows, err := all[struct {
		TransactionID int64
		ContextNum    int32
		recon.OpenFact
	}](tx.query(ctx, `
		SELECT transaction_id, context_num, amount, currency, date, side, class, reason
		FROM exceptions WHERE transaction_id = ANY ($1) ORDER BY context_num`, keys))
	if err != nil {
		return fmt.Errorf("reading exceptions to assess: %w", err)
	}
	policies := map[int32]policyDay{}
	ids, severities, notes, due, opens := []int64{}, []int16{}, []string{}, []recon.Day{}, []recon.Day{}
	for _, r := range rows {
		if _, read := policies[r.ContextNum]; !read {
			if policies[r.ContextNum], err = tx.policyToday(ctx, r.ContextNum); err != nil {
				return err
			}
		}
		a := policies[r.ContextNum].Assess(r.OpenFact)
		ids, severities = append(ids, r.TransactionID), append(severities, int16(a.Severity))
		notes, due, opens = append(notes, a.Note), append(due, a.Due), append(opens, a.OpensOn)
	}
	_, err = tx.exec(ctx, "assessing exceptions", `
		UPDATE exceptions e SET severity = u.severity, severity_note = u.note, opens_on = u.opens,
			due = CASE WHEN e.opened_at = @now THEN u.due ELSE least(e.due, u.due) END
		FROM unnest(@ids::bigint[], @severities::smallint[], @notes::text[], @due::date[], @opens::date[])
			AS u (id, severity, note, due, opens)
		WHERE e.transaction_id = u.id`, pgx.NamedArgs{
		"ids": ids, "severities": severities, "notes": notes, "due": due, "opens": opens, "now": tx.began,
	})
	for _, p := range policies {
		if err == nil {
			err = tx.assignNew(ctx, p)
		}
	}
	return err
}

// assignBatch is how many rows the rules of assignment look at between two statements.
const assignBatch = 5000

// assignNew gives the exceptions that this transaction opened to those that the policy's rules name.
func (tx *Tx) assignNew(ctx context.Context, policy policyDay) error {
	if len(policy.assignment) == 0 {
		return nil
	}
	rules, fields, err := compileAssignment(policy.assignment)
	if err != nil {
		return err
	}
	for after := int64(-1); ; {
		fresh, err := all[freshException](tx.query(ctx, `
			SELECT e.transaction_id AS key, e.side, e.class, e.reason, e.severity
			FROM exceptions e
			WHERE e.context_num = $1 AND e.status <> 'RESOLVED' AND e.opened_at = $2 AND e.assignee = '' AND e.transaction_id > $3
			ORDER BY e.transaction_id LIMIT $4`, policy.contextNum, tx.began, after, assignBatch))
		if err != nil {
			return fmt.Errorf("reading exceptions to assign: %w", err)
		}
		if len(fresh) == 0 {
			return nil
		}
		if err := tx.assignBatch(ctx, fresh, rules, fields); err != nil {
			return err
		}
		after = fresh[len(fresh)-1].Key
	}
}

// freshException is a new exception as a rule of assignment sees it.
type freshException struct {
	Key                 int64
	Side, Class, Reason string
	Severity            recon.Severity
}

type assignmentRule struct {
	when     *predicate.Predicate // nil fits every exception
	assignee string
}

func compileAssignment(written []recon.AssignmentRule) (rules []assignmentRule, fields []string, err error) {
	for i, w := range written {
		rule := assignmentRule{assignee: w.Assignee}
		if w.When != "" {
			if rule.when, err = predicate.CompileOpen(w.When); err != nil {
				return nil, nil, fmt.Errorf("assignment rule %d: %w", i+1, err)
			}
			fields = append(fields, rule.when.Fields...)
		}
		rules = append(rules, rule)
	}
	return rules, optionalFields(fields), nil
}

// optionalFields are those of some fields that a reader of rows has to ask for: the others come with every row.
func optionalFields(fields []string) []string {
	slices.Sort(fields)
	return slices.DeleteFunc(slices.Compact(fields), func(name string) bool {
		_, optional := openRowFields[name]
		return !optional && name != "original" && !strings.HasPrefix(name, recon.MetadataPrefix)
	})
}

func (tx *Tx) assignBatch(
	ctx context.Context, fresh []freshException, rules []assignmentRule, fields []string,
) error {
	byKey, keys := make(map[int64]*freshException, len(fresh)), make([]int64, len(fresh))
	for i := range fresh {
		keys[i], byKey[fresh[i].Key] = fresh[i].Key, &fresh[i]
	}
	var ids []int64
	var to []string
	row := predicate.Row{}
	add := func(t *recon.Transaction, id int64, source string) error {
		e := byKey[id]
		row.SetOpen(t, predicate.Open{
			Side: e.Side, Source: source, Class: e.Class, Reason: e.Reason, Severity: e.Severity.String(),
		})
		for _, rule := range rules {
			if rule.when == nil || rule.when.Holds(&row) {
				ids, to = append(ids, id), append(to, rule.assignee)
				break
			}
		}
		return nil
	}
	if err := tx.rowsOfAnySource(ctx, keys, RowReader{Fields: fields, Add: add}); err != nil {
		return err
	}
	_, err := tx.exec(ctx, "assigning exceptions", `
		UPDATE exceptions e SET assignee = u.assignee FROM unnest($1::bigint[], $2::text[]) AS u (id, assignee)
		WHERE e.transaction_id = u.id`, ids, to)
	return err
}
