package postgres

import (
	"context"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"matcher/internal/auth"
	"matcher/internal/recon"
)

// A rule's row and the body of its version v.
const ruleColumns = `r.id, r.context_id, v.version, v.body AS rule, r.created_at, v.created_at AS updated_at, v.created_by`

var rules = noun[recon.StoredRule]{
	name: "rule", lock: "FOR UPDATE OF r", version: func(r recon.StoredRule) int { return r.Version }, sql: `
		SELECT ` + ruleColumns + ` FROM rules r JOIN rule_versions v ON v.rule_id = r.id AND v.version = r.version
		WHERE r.id = $1 AND r.deleted_at IS NULL`,
}

// CreateRule stores a new rule in its first version.
func (tx *Tx) CreateRule(ctx context.Context, contextID string, rule recon.Rule) (stored recon.StoredRule, err error) {
	err = tx.changeRules(ctx, contextID, func() error {
		id, err := tx.insertRule(ctx, contextID, rule)
		if err == nil {
			stored, err = tx.Rule(ctx, id)
		}
		tx.Audit("rule.create", "rule", id, stored)
		return err
	})
	return stored, err
}

func (tx *Tx) insertRule(ctx context.Context, contextID string, rule recon.Rule) (id string, err error) {
	id = newID()
	_, err = tx.tx.Exec(ctx, `
		WITH made AS (
			INSERT INTO rules (id, context_id, name, priority, enabled, type)
			VALUES (@id, @context, @name, @priority, @enabled, @type) RETURNING id
		)
		INSERT INTO rule_versions (rule_id, version, body, created_by) SELECT id, 1, @body, @actor FROM made`,
		tx.ruleArgs(rule, pgx.NamedArgs{"id": id, "context": contextID}))
	return id, err
}

// Rule is the latest version of a rule that was not deleted.
func (tx *Tx) Rule(ctx context.Context, id string) (recon.StoredRule, error) {
	return rules.read(ctx, tx, id, "")
}

// Rules lists a context's rules in the order in which they run.
func (tx *Tx) Rules(ctx context.Context, contextID string) ([]recon.StoredRule, error) {
	if _, err := tx.Context(ctx, contextID); err != nil {
		return nil, err
	}
	return all[recon.StoredRule](tx.query(ctx, `
		SELECT `+ruleColumns+`
		FROM rules r JOIN rule_versions v ON v.rule_id = r.id AND v.version = r.version
		WHERE r.context_id = $1 AND r.deleted_at IS NULL
		ORDER BY r.priority LIMIT $2`, contextID, recon.PriorityMax))
}

// RuleVersions lists every version of a rule, the latest first; a deleted rule keeps its history.
func (tx *Tx) RuleVersions(ctx context.Context, id string, page Page) ([]recon.StoredRule, string, error) {
	if !auth.IsUUID(id) {
		return nil, "", recon.NotFound("rule")
	}
	versions, next, err := list[recon.StoredRule]{
		what: "versions of a rule", first: firstOfDescending, key: func(r recon.StoredRule) int64 { return int64(r.Version) }, sql: `
			SELECT ` + ruleColumns + ` FROM rules r JOIN rule_versions v ON v.rule_id = r.id
			WHERE r.id = @id AND v.version < @after::bigint ORDER BY v.version DESC LIMIT @limit`,
		args: pgx.NamedArgs{"id": id},
	}.page(ctx, tx, page)
	if err == nil && len(versions) == 0 && page.After == "" {
		err = recon.NotFound("rule")
	}
	return versions, next, err
}

// UpdateRule stores the next version of a rule. version is what the caller read, 0 when it does not care.
func (tx *Tx) UpdateRule(
	ctx context.Context, id string, version int, rule recon.Rule,
) (stored recon.StoredRule, err error) {
	err = tx.changeRule(ctx, id, version, func(recon.StoredRule) error {
		err := tx.nextRuleVersion(ctx, id, rule)
		if err == nil {
			stored, err = tx.Rule(ctx, id)
		}
		tx.Audit("rule.update", "rule", id, stored)
		return err
	})
	return stored, err
}

// nextRuleVersion gives a rule another body. A rule that was hidden as deleted is visible again.
func (tx *Tx) nextRuleVersion(ctx context.Context, id string, rule recon.Rule) error {
	_, err := tx.tx.Exec(ctx, `
		WITH changed AS (
			UPDATE rules SET name = @name, priority = @priority, enabled = @enabled, type = @type, deleted_at = NULL,
				version = version + 1, updated_at = now()
			WHERE id = @id RETURNING id, version
		)
		INSERT INTO rule_versions (rule_id, version, body, created_by) SELECT id, version, @body, @actor FROM changed`,
		tx.ruleArgs(rule, pgx.NamedArgs{"id": id}))
	return err
}

func (tx *Tx) ruleArgs(rule recon.Rule, args pgx.NamedArgs) pgx.NamedArgs {
	args["name"], args["priority"], args["type"], args["enabled"] = rule.Name, rule.Priority, rule.Type, rule.Active()
	args["body"], args["actor"] = rule, tx.actor
	return args
}

// DeleteRule takes a rule out of every later run; its versions stay.
func (tx *Tx) DeleteRule(ctx context.Context, id string, version int) error {
	return tx.changeRule(ctx, id, version, func(stored recon.StoredRule) error {
		tx.Audit("rule.delete", "rule", id, stored)
		_, err := tx.tx.Exec(ctx, `UPDATE rules SET deleted_at = now() WHERE id = $1`, id)
		return err
	})
}

// changeRule is changeRules for one rule, locked after its context. version is what the caller read, 0 when it does not
// care.
func (tx *Tx) changeRule(ctx context.Context, id string, version int, change func(recon.StoredRule) error) error {
	stored, err := tx.Rule(ctx, id)
	if err != nil {
		return err
	}
	return tx.changeRules(ctx, stored.ContextID, func() error {
		stored, err := rules.forChange(ctx, tx, id, version)
		if err != nil {
			return err
		}
		return change(stored)
	})
}

// ReorderRules gives a context's rules new priorities, 10, 20, 30 … in the order of ids, which must be all of them.
// Each rule whose priority changes gets a new version, since a version is what a run is explained by.
func (tx *Tx) ReorderRules(ctx context.Context, contextID string, ids []string) ([]recon.StoredRule, error) {
	return tx.replaceRules(ctx, contextID, func(stored []recon.StoredRule) ([]recon.Rule, error) {
		tx.Audit("rule.reorder", "context", contextID, map[string]any{"ruleIds": ids})
		return ReorderedRules(stored, ids)
	})
}

// ReplaceRules makes a context's rules those of a set, in one commit. A rule whose name the context has gets its next
// version where it differs; those that the set leaves out are deleted, and their versions stay.
func (tx *Tx) ReplaceRules(
	ctx context.Context, contextID string, version int, set []recon.Rule,
) ([]recon.StoredRule, error) {
	after, err := tx.replaceRules(ctx, contextID, func([]recon.StoredRule) ([]recon.Rule, error) {
		now, err := tx.RulesVersion(ctx, contextID)
		if err == nil && version != 0 && version != now {
			err = recon.Stale("rule set")
		}
		return set, err
	})
	if err == nil {
		tx.Audit("rule.replace", "context", contextID, map[string]any{"rules": after})
	}
	return after, err
}

// replaceRules changes a context's rules, all of them locked, to what desired returns, by name. Unique names and
// priorities would collide half way: the rules are first hidden from the indexes, and those that stay come back one by
// one.
func (tx *Tx) replaceRules(
	ctx context.Context, contextID string, desired func([]recon.StoredRule) ([]recon.Rule, error),
) (after []recon.StoredRule, err error) {
	err = tx.changeRules(ctx, contextID, func() error {
		if _, err := tx.tx.Exec(ctx, `
			SELECT FROM rules WHERE context_id = $1 AND deleted_at IS NULL ORDER BY id FOR UPDATE`, contextID); err != nil {
			return err
		}
		current, err := tx.Rules(ctx, contextID)
		if err != nil {
			return err
		}
		set, err := desired(current)
		if err != nil {
			return err
		}
		if _, err := tx.tx.Exec(ctx, `
			UPDATE rules SET deleted_at = now() WHERE context_id = $1 AND deleted_at IS NULL`, contextID); err != nil {
			return err
		}
		for i := range set {
			if err := tx.replaceRule(ctx, contextID, current, set[i]); err != nil {
				return err
			}
		}
		after, err = tx.Rules(ctx, contextID)
		return err
	})
	return after, err
}

// replaceRule stores a rule of a set: as it is among the current ones, as the next version of one, or as a new one.
func (tx *Tx) replaceRule(ctx context.Context, contextID string, current []recon.StoredRule, rule recon.Rule) error {
	at := slices.IndexFunc(current, func(stored recon.StoredRule) bool { return stored.Rule.Name == rule.Name })
	var err error
	switch {
	case at < 0:
		_, err = tx.insertRule(ctx, contextID, rule)
	case rule.Same(current[at].Rule):
		_, err = tx.tx.Exec(ctx, `UPDATE rules SET deleted_at = NULL WHERE id = $1`, current[at].ID)
	default:
		err = tx.nextRuleVersion(ctx, current[at].ID, rule)
	}
	return err
}

// changeRules lets one change of a context's rules in at a time. Where the context requires back-tests, the rules as
// they are after the change must have been tried, on the rules as they were before. The context is only shared, so
// sources and schedules can change meanwhile, and a run that waits to save is not held up.
func (tx *Tx) changeRules(ctx context.Context, contextID string, change func() error) error {
	if err := tx.holdOpenContext(ctx, contextID); err != nil {
		return err
	}
	if _, err := tx.exec(ctx, "waiting for another change of the rules",
		`SELECT pg_advisory_xact_lock(hashtextextended('rules ' || $1::text, 0))`, contextID); err != nil {
		return err
	}
	before, err := tx.ruleChanges(ctx, contextID)
	if err != nil {
		return err
	}
	if err := change(); err != nil {
		return err
	}
	c, err := tx.Context(ctx, contextID)
	if err != nil || !c.Settings.RequireBackTest {
		return err
	}
	after, err := tx.Rules(ctx, contextID)
	if err != nil {
		return err
	}
	return tx.requireBackTest(ctx, c, before, recon.HashRules(recon.ActiveRules(plainRules(after))))
}

// ruleChanges counts the changes of a context's rules so far: every version of every rule, and every deletion.
func (tx *Tx) ruleChanges(ctx context.Context, contextID string) (int64, error) {
	return value[int64](tx.query(ctx, `SELECT `+ruleChangesOf+` FROM contexts c WHERE c.id = $1`, contextID))
}

// ruleChangesOf is that number of the context c. It only grows: a rule comes back under another id.
const ruleChangesOf = `(
	SELECT coalesce(sum(u.version::bigint + (u.deleted_at IS NOT NULL)::integer), 0)::bigint FROM rules u WHERE u.context_id = c.id)`

// RulesVersion is that of a context's rule set as a whole: 1, and one more for each change of a rule.
func (tx *Tx) RulesVersion(ctx context.Context, contextID string) (int, error) {
	changes, err := tx.ruleChanges(ctx, contextID)
	return int(changes) + 1, err
}

func plainRules(stored []recon.StoredRule) []recon.Rule {
	plain := make([]recon.Rule, len(stored))
	for i := range stored {
		plain[i] = stored[i].Rule
	}
	return plain
}

// ReorderedRules returns a context's rules with the priorities that ReorderRules gives them. ids must name each of them
// once.
func ReorderedRules(stored []recon.StoredRule, ids []string) ([]recon.Rule, error) {
	step := 10 // leaves room between rules for later ones
	if len(stored) > 100 {
		step = 1
	}
	byID := make(map[string]recon.Rule, len(stored))
	for _, rule := range stored {
		byID[rule.ID] = rule.Rule
	}
	set := make([]recon.Rule, 0, len(ids))
	for i, id := range ids {
		rule, ok := byID[id]
		if !ok {
			return nil, recon.Unprocessable(recon.CodeIDUnknown,
				"the order names a rule that the context does not have, or one twice",
				recon.FieldError{
					Pointer: fmt.Sprintf("/ruleIds/%d", i), Code: recon.CodeIDUnknown,
					Message: "is no further rule of this context",
				})
		}
		delete(byID, id)
		rule.Priority = (i + 1) * step
		set = append(set, rule)
	}
	if len(byID) > 0 {
		return nil, recon.Unprocessable(recon.CodeValidationFailed, "the order must name every rule of the context",
			recon.FieldError{
				Pointer: "/ruleIds", Code: recon.CodeMissingValue,
				Message: fmt.Sprintf("%d of the context's rules are missing", len(byID)),
			})
	}
	return set, nil
}
