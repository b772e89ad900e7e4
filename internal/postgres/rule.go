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
	if err := tx.holdOpenContext(ctx, contextID); err != nil {
		return recon.StoredRule{}, err
	}
	id := newID()
	if _, err := tx.tx.Exec(ctx, `
		INSERT INTO rules (id, context_id, name, priority, enabled, type)
		VALUES (@id, @context, @name, @priority, @enabled, @type)`, ruleArgs(rule, pgx.NamedArgs{
		"id": id, "context": contextID,
	})); err != nil {
		return recon.StoredRule{}, err
	}
	return tx.saveRuleVersion(ctx, "rule.create", id, 1, rule)
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
	stored, err := tx.lockRule(ctx, id, version)
	if err != nil {
		return recon.StoredRule{}, err
	}
	next := stored.Version + 1
	if _, err := tx.tx.Exec(ctx, `
		UPDATE rules SET name = @name, priority = @priority, enabled = @enabled, type = @type, version = @version,
			updated_at = now()
		WHERE id = @id`, ruleArgs(rule, pgx.NamedArgs{"id": id, "version": next})); err != nil {
		return recon.StoredRule{}, err
	}
	return tx.saveRuleVersion(ctx, "rule.update", id, next, rule)
}

// DeleteRule takes a rule out of every later run; its versions stay.
func (tx *Tx) DeleteRule(ctx context.Context, id string, version int) error {
	stored, err := tx.lockRule(ctx, id, version)
	if err != nil {
		return err
	}
	if _, err := tx.tx.Exec(ctx, `UPDATE rules SET deleted_at = now() WHERE id = $1`, id); err != nil {
		return err
	}
	tx.Audit("rule.delete", "rule", id, stored)
	return nil
}

// ReorderRules gives a context's rules new priorities, 10, 20, 30 … in the order of ids, which must be all of them.
// Each rule whose priority changes gets a new version, since a version is what a run is explained by.
func (tx *Tx) ReorderRules(ctx context.Context, contextID string, ids []string) ([]recon.StoredRule, error) {
	if err := tx.holdOpenContext(ctx, contextID); err != nil {
		return nil, err
	}
	// The lock keeps two reorderings from mixing; taken in one order, so they cannot deadlock.
	if _, err := tx.tx.Exec(ctx, `
		SELECT FROM rules WHERE context_id = $1 AND deleted_at IS NULL ORDER BY id FOR UPDATE`, contextID); err != nil {
		return nil, err
	}
	rules, err := tx.Rules(ctx, contextID)
	if err != nil {
		return nil, err
	}
	ordered, err := inOrder(rules, ids)
	if err != nil {
		return nil, err
	}
	step := reorderStep(len(ordered))
	// Unique priorities would collide half way: the rules that move are first put out of the index's sight.
	if _, err := tx.tx.Exec(ctx, `UPDATE rules SET deleted_at = now() WHERE context_id = $1 AND deleted_at IS NULL`, contextID); err != nil {
		return nil, err
	}
	for i, stored := range ordered {
		if err := tx.moveRule(ctx, stored, (i+1)*step); err != nil {
			return nil, err
		}
	}
	tx.Audit("rule.reorder", "context", contextID, map[string]any{"ruleIds": ids})
	return tx.Rules(ctx, contextID)
}

func (tx *Tx) moveRule(ctx context.Context, stored recon.StoredRule, priority int) error {
	if stored.Rule.Priority == priority {
		_, err := tx.tx.Exec(ctx, `UPDATE rules SET deleted_at = NULL WHERE id = $1`, stored.ID)
		return err
	}
	stored.Rule.Priority = priority
	if _, err := tx.tx.Exec(ctx, `
		WITH moved AS (
			UPDATE rules SET deleted_at = NULL, priority = @priority, version = version + 1, updated_at = now()
			WHERE id = @id RETURNING id, version
		)
		INSERT INTO rule_versions (rule_id, version, body, created_by) SELECT id, version, @body, @actor FROM moved`,
		pgx.NamedArgs{"id": stored.ID, "priority": priority, "body": stored.Rule, "actor": tx.Actor()}); err != nil {
		return err
	}
	return nil
}

// reorderStep leaves room between rules for later ones where there is room.
func reorderStep(n int) int {
	if n > 100 {
		return 1
	}
	return 10
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

func (tx *Tx) saveRuleVersion(
	ctx context.Context, action, id string, version int, rule recon.Rule,
) (recon.StoredRule, error) {
	if _, err := tx.tx.Exec(ctx, `
		INSERT INTO rule_versions (rule_id, version, body, created_by) VALUES (@id, @version, @body, @actor)`,
		pgx.NamedArgs{"id": id, "version": version, "body": rule, "actor": tx.Actor()}); err != nil {
		return recon.StoredRule{}, err
	}
	stored, err := tx.Rule(ctx, id)
	if err != nil {
		return recon.StoredRule{}, err
	}
	tx.Audit(action, "rule", id, stored)
	return stored, nil
}

// lockRule is the rule, locked, if the caller read its latest version and its context may be changed.
func (tx *Tx) lockRule(ctx context.Context, id string, version int) (recon.StoredRule, error) {
	stored, err := tx.ruleRow(ctx, id, "FOR UPDATE OF r")
	if err != nil {
		return recon.StoredRule{}, err
	}
	if version != 0 && version != stored.Version {
		return recon.StoredRule{}, recon.Stale("rule")
	}
	err = tx.holdOpenContext(ctx, stored.ContextID)
	return stored, err
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
