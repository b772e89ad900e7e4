package postgres

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/jackc/pgx/v5"

	"matcher/internal/auth"
	"matcher/internal/recon"
)

// A rule's row and the body of its version v.
const ruleColumns = `r.id, r.context_id, v.version, v.body, r.created_at, v.created_at, v.created_by`

// maxRulesPerContext keeps a plan small enough to read in one go; priorities run from 1 to 1000 anyway.
const maxRulesPerContext = 1000

// CreateRule stores a new rule in its first version.
func (tx *Tx) CreateRule(ctx context.Context, contextID string, rule recon.Rule) (recon.StoredRule, error) {
	before, err := tx.beginRules(ctx, contextID)
	if err != nil {
		return recon.StoredRule{}, err
	}
	id, err := tx.insertRule(ctx, contextID, rule)
	if err != nil {
		return recon.StoredRule{}, err
	}
	stored, err := tx.Rule(ctx, id)
	if err != nil {
		return recon.StoredRule{}, err
	}
	tx.Audit("rule.create", "rule", id, stored)
	return stored, tx.rulesChanged(ctx, contextID, before)
}

func (tx *Tx) insertRule(ctx context.Context, contextID string, rule recon.Rule) (id string, err error) {
	id = newID()
	if _, err := tx.tx.Exec(ctx, `
		INSERT INTO rules (id, context_id, name, priority, enabled, type)
		VALUES (@id, @context, @name, @priority, @enabled, @type)`, ruleArgs(rule, pgx.NamedArgs{
		"id": id, "context": contextID,
	})); err != nil {
		return "", err
	}
	_, err = tx.tx.Exec(ctx, `INSERT INTO rule_versions (rule_id, version, body, created_by) VALUES (@id, 1, @body, @actor)`,
		pgx.NamedArgs{"id": id, "body": rule, "actor": tx.Actor()})
	return id, err
}

// Rule is the latest version of a rule that was not deleted.
func (tx *Tx) Rule(ctx context.Context, id string) (recon.StoredRule, error) {
	return tx.ruleRow(ctx, id, "")
}

// Rules lists a context's rules in the order in which they run.
func (tx *Tx) Rules(ctx context.Context, contextID string) ([]recon.StoredRule, error) {
	if _, err := tx.Context(ctx, contextID); err != nil {
		return nil, err
	}
	rows, _ := tx.tx.Query(ctx, `
		SELECT `+ruleColumns+`
		FROM rules r JOIN rule_versions v ON v.rule_id = r.id AND v.version = r.version
		WHERE r.context_id = @context AND r.deleted_at IS NULL
		ORDER BY r.priority LIMIT @limit`, pgx.NamedArgs{"context": contextID, "limit": maxRulesPerContext})
	return pgx.CollectRows(rows, scanRule)
}

// RuleVersions lists every version of a rule, the latest first; a deleted rule keeps its history.
func (tx *Tx) RuleVersions(ctx context.Context, id string, page Page) ([]recon.StoredRule, string, error) {
	if !auth.IsUUID(id) {
		return nil, "", recon.NotFound("rule")
	}
	before, err := page.afterInt(firstOfDescending)
	if err != nil {
		return nil, "", err
	}
	rows, _ := tx.tx.Query(ctx, `
		SELECT `+ruleColumns+` FROM rules r JOIN rule_versions v ON v.rule_id = r.id
		WHERE r.id = @id AND v.version < @before::bigint ORDER BY v.version DESC LIMIT @limit`,
		pgx.NamedArgs{"id": id, "before": before, "limit": page.Size() + 1})
	versions, err := pgx.CollectRows(rows, scanRule)
	if err != nil {
		return nil, "", err
	}
	if len(versions) == 0 && page.After == "" {
		return nil, "", recon.NotFound("rule")
	}
	versions, next := pageOf(versions, page, func(r recon.StoredRule) []any { return []any{int64(r.Version)} })
	return versions, next, nil
}

// UpdateRule stores the next version of a rule. version is what the caller read, 0 when it does not care.
func (tx *Tx) UpdateRule(ctx context.Context, id string, version int, rule recon.Rule) (recon.StoredRule, error) {
	_, before, err := tx.lockRule(ctx, id, version)
	if err != nil {
		return recon.StoredRule{}, err
	}
	if err := tx.nextRuleVersion(ctx, id, rule); err != nil {
		return recon.StoredRule{}, err
	}
	stored, err := tx.Rule(ctx, id)
	if err != nil {
		return recon.StoredRule{}, err
	}
	tx.Audit("rule.update", "rule", id, stored)
	return stored, tx.rulesChanged(ctx, stored.ContextID, before)
}

// nextRuleVersion gives a rule another body, and brings it back where it was put out of sight.
func (tx *Tx) nextRuleVersion(ctx context.Context, id string, rule recon.Rule) error {
	_, err := tx.tx.Exec(ctx, `
		WITH changed AS (
			UPDATE rules SET name = @name, priority = @priority, enabled = @enabled, type = @type, deleted_at = NULL,
				version = version + 1, updated_at = now()
			WHERE id = @id RETURNING id, version
		)
		INSERT INTO rule_versions (rule_id, version, body, created_by) SELECT id, version, @body, @actor FROM changed`,
		ruleArgs(rule, pgx.NamedArgs{"id": id, "body": rule, "actor": tx.Actor()}))
	return err
}

// DeleteRule takes a rule out of every later run; its versions stay.
func (tx *Tx) DeleteRule(ctx context.Context, id string, version int) error {
	stored, before, err := tx.lockRule(ctx, id, version)
	if err != nil {
		return err
	}
	if _, err := tx.tx.Exec(ctx, `UPDATE rules SET deleted_at = now() WHERE id = $1`, id); err != nil {
		return err
	}
	tx.Audit("rule.delete", "rule", id, stored)
	return tx.rulesChanged(ctx, stored.ContextID, before)
}

// ReorderRules gives a context's rules new priorities, 10, 20, 30 … in the order of ids, which must be all of them.
// Each rule whose priority changes gets a new version, since a version is what a run is explained by.
func (tx *Tx) ReorderRules(ctx context.Context, contextID string, ids []string) ([]recon.StoredRule, error) {
	rules, before, err := tx.lockRules(ctx, contextID)
	if err != nil {
		return nil, err
	}
	ordered, err := ReorderedRules(rules, ids)
	if err != nil {
		return nil, err
	}
	if err := tx.replaceRules(ctx, contextID, rules, ordered); err != nil {
		return nil, err
	}
	tx.Audit("rule.reorder", "context", contextID, map[string]any{"ruleIds": ids})
	if err := tx.rulesChanged(ctx, contextID, before); err != nil {
		return nil, err
	}
	return tx.Rules(ctx, contextID)
}

// ReplaceRules makes a context's rules those of a set, in one commit. A rule whose name the context has gets its next
// version where it differs; those that the set leaves out are deleted, and their versions stay.
func (tx *Tx) ReplaceRules(ctx context.Context, contextID string, set []recon.Rule) ([]recon.StoredRule, error) {
	rules, before, err := tx.lockRules(ctx, contextID)
	if err != nil {
		return nil, err
	}
	if err := tx.replaceRules(ctx, contextID, rules, set); err != nil {
		return nil, err
	}
	after, err := tx.Rules(ctx, contextID)
	if err != nil {
		return nil, err
	}
	tx.Audit("rule.replace", "context", contextID, map[string]any{"rules": after})
	return after, tx.rulesChanged(ctx, contextID, before)
}

// lockRules are a context's rules, all of them locked, after their context.
func (tx *Tx) lockRules(ctx context.Context, contextID string) (rules []recon.StoredRule, before int64, err error) {
	if before, err = tx.beginRules(ctx, contextID); err != nil {
		return nil, 0, err
	}
	if _, err := tx.tx.Exec(ctx, `
		SELECT FROM rules WHERE context_id = $1 AND deleted_at IS NULL ORDER BY id FOR UPDATE`, contextID); err != nil {
		return nil, 0, err
	}
	rules, err = tx.Rules(ctx, contextID)
	return rules, before, err
}

// beginRules lets one change of a context's rules in at a time, and tells how many there were before it. The
// context is only shared, as before: sources and schedules are edited beside it, and a run that waits to save is no hindrance.
func (tx *Tx) beginRules(ctx context.Context, contextID string) (before int64, err error) {
	if err := tx.holdOpenContext(ctx, contextID); err != nil {
		return 0, err
	}
	if _, err := tx.tx.Exec(ctx, `SELECT pg_advisory_xact_lock(hashtextextended('rules ' || $1::text, 0))`, contextID); err != nil {
		return 0, fmt.Errorf("waiting for another change of the rules: %w", err)
	}
	return tx.ruleChanges(ctx, contextID)
}

// ruleChanges counts the changes of a context's rules so far: every version of every rule, and every rule that went.
func (tx *Tx) ruleChanges(ctx context.Context, contextID string) (n int64, err error) {
	if err := tx.tx.QueryRow(ctx, `SELECT `+ruleChangesOf+` FROM contexts c WHERE c.id = $1`, contextID).Scan(&n); err != nil {
		return 0, fmt.Errorf("counting changes of rules: %w", err)
	}
	return n, nil
}

// ruleChangesOf is that number of the context c. It only grows: a rule comes back under another id.
const ruleChangesOf = `(
	SELECT coalesce(sum(u.version::bigint + (u.deleted_at IS NOT NULL)::integer), 0)::bigint FROM rules u WHERE u.context_id = c.id)`

// replaceRules brings rules to what set says, by name. Unique names and priorities would collide half way: the rules are
// first put out of the indexes' sight, and those that stay come back one by one.
func (tx *Tx) replaceRules(ctx context.Context, contextID string, rules []recon.StoredRule, set []recon.Rule) error {
	if _, err := tx.tx.Exec(ctx, `UPDATE rules SET deleted_at = now() WHERE context_id = $1 AND deleted_at IS NULL`, contextID); err != nil {
		return err
	}
	byName := make(map[string]recon.StoredRule, len(rules))
	for _, stored := range rules {
		byName[stored.Rule.Name] = stored
	}
	for i := range set {
		stored, known := byName[set[i].Name]
		var err error
		switch {
		case !known:
			_, err = tx.insertRule(ctx, contextID, set[i])
		case set[i].Same(stored.Rule):
			_, err = tx.tx.Exec(ctx, `UPDATE rules SET deleted_at = NULL WHERE id = $1`, stored.ID)
		default:
			err = tx.nextRuleVersion(ctx, stored.ID, set[i])
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// rulesChanged ends a change of a context's rules, of which there were so many before. Where the context asks for
// back-tests, the rules as they are now must have been tried, on the rules as they were before.
func (tx *Tx) rulesChanged(ctx context.Context, contextID string, before int64) error {
	c, err := tx.Context(ctx, contextID)
	if err != nil {
		return err
	}
	if !c.Settings.RequireBackTest {
		return nil
	}
	rules, err := tx.Rules(ctx, contextID)
	if err != nil {
		return err
	}
	return tx.requireBackTest(ctx, c, before, recon.HashRules(recon.ActiveRules(plainRules(rules))))
}

func plainRules(stored []recon.StoredRule) []recon.Rule {
	rules := make([]recon.Rule, len(stored))
	for i := range stored {
		rules[i] = stored[i].Rule
	}
	return rules
}

// reorderStep leaves room between rules for later ones where there is room.
func reorderStep(n int) int {
	if n > 100 {
		return 1
	}
	return 10
}

// ReorderedRules are a context's rules with the priorities that ReorderRules gives them.
func ReorderedRules(rules []recon.StoredRule, ids []string) ([]recon.Rule, error) {
	ordered, err := inOrder(rules, ids)
	if err != nil {
		return nil, err
	}
	set, step := plainRules(ordered), reorderStep(len(ordered))
	for i := range set {
		set[i].Priority = (i + 1) * step
	}
	return set, nil
}

// inOrder puts the rules into the order of ids, which must name each of them once.
func inOrder(rules []recon.StoredRule, ids []string) ([]recon.StoredRule, error) {
	byID := make(map[string]recon.StoredRule, len(rules))
	for _, rule := range rules {
		byID[rule.ID] = rule
	}
	ordered := make([]recon.StoredRule, 0, len(ids))
	for i, id := range ids {
		rule, ok := byID[id]
		if !ok {
			return nil, recon.Unprocessable("RULE_UNKNOWN", "the order names a rule that the context does not have, or one twice",
				recon.FieldError{Pointer: fmt.Sprintf("/ruleIds/%d", i), Code: "RULE_UNKNOWN", Message: "is no further rule of this context"})
		}
		delete(byID, id)
		ordered = append(ordered, rule)
	}
	if len(byID) > 0 {
		return nil, recon.Unprocessable("RULE_MISSING", "the order must name every rule of the context",
			recon.FieldError{Pointer: "/ruleIds", Code: "RULE_MISSING", Message: fmt.Sprintf("%d of the context's rules are missing", len(byID))})
	}
	return ordered, nil
}

// lockRule is the rule, locked after its context, if the caller read its latest version and its context may be changed;
// before is what rulesChanged wants to know.
func (tx *Tx) lockRule(ctx context.Context, id string, version int) (stored recon.StoredRule, before int64, err error) {
	if stored, err = tx.Rule(ctx, id); err != nil {
		return recon.StoredRule{}, 0, err
	}
	if before, err = tx.beginRules(ctx, stored.ContextID); err != nil {
		return recon.StoredRule{}, 0, err
	}
	if stored, err = tx.ruleRow(ctx, id, "FOR UPDATE OF r"); err != nil {
		return recon.StoredRule{}, 0, err
	}
	if version != 0 && version != stored.Version {
		return recon.StoredRule{}, 0, recon.Stale("rule")
	}
	return stored, before, nil
}

func (tx *Tx) ruleRow(ctx context.Context, id, lock string) (recon.StoredRule, error) {
	if !auth.IsUUID(id) {
		return recon.StoredRule{}, recon.NotFound("rule")
	}
	rows, _ := tx.tx.Query(ctx, `
		SELECT `+ruleColumns+` FROM rules r JOIN rule_versions v ON v.rule_id = r.id AND v.version = r.version
		WHERE r.id = @id AND r.deleted_at IS NULL `+lock, pgx.NamedArgs{"id": id})
	stored, err := pgx.CollectExactlyOneRow(rows, scanRule)
	return stored, notFound(err, "rule")
}

func ruleArgs(rule recon.Rule, args pgx.NamedArgs) pgx.NamedArgs {
	args["name"], args["priority"], args["type"] = rule.Name, rule.Priority, string(rule.Type)
	args["enabled"] = rule.Active()
	return args
}

func scanRule(row pgx.CollectableRow) (r recon.StoredRule, err error) {
	var body []byte
	err = row.Scan(&r.ID, &r.ContextID, &r.Version, &body, &r.CreatedAt, &r.UpdatedAt, &r.CreatedBy)
	if err != nil {
		return r, err
	}
	r.CreatedAt, r.UpdatedAt = r.CreatedAt.UTC(), r.UpdatedAt.UTC()
	return r, json.Unmarshal(body, &r.Rule)
}
