package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"matcher/internal/auth"
	"matcher/internal/recon"
)

// owned is a kind of thing that belongs to a context: how a 404 names it, and the number of its context by its id.
type owned struct {
	noun string
	kind string // of a derived id; "" where the id is a UUID
	sql  string
}

// ownedThings are what belongs to a context, by the name of its id in paths.
var ownedThings = map[string]owned{
	"contextId":     {"context", "", `SELECT num FROM contexts WHERE id = @id`},
	"sourceId":      {"source", "", ofContext + `JOIN sources s ON s.context_id = c.id WHERE s.id = @id`},
	"ruleId":        {"rule", "", ofContext + `JOIN rules r ON r.context_id = c.id WHERE r.id = @id`},
	"runId":         {"run", "", ofContext + `JOIN runs r ON r.context_id = c.id WHERE r.id = @id`},
	"backTestId":    {"back-test", "", ofContext + `JOIN runs r ON r.context_id = c.id WHERE r.id = @id`},
	"scheduleId":    {"schedule", "", ofContext + `JOIN schedules s ON s.context_id = c.id WHERE s.id = @id`},
	"feeRuleId":     {"fee rule", "", ofContext + `JOIN fee_rules f ON f.context_id = c.id WHERE f.id = @id`},
	"importId":      {"import", "", ofContext + `JOIN sources s ON s.context_id = c.id JOIN imports i ON i.source_id = s.id WHERE i.id = @id`},
	"transactionId": {"transaction", kindTransaction, ofContext + `JOIN sources s ON s.context_id = c.id JOIN transactions t ON t.source_num = s.num WHERE t.id = @id`},
	"groupId":       {"group", kindGroup, `SELECT context_num FROM match_groups WHERE id = @id`},
	"exceptionId":   {"exception", kindException, `SELECT context_num FROM exceptions WHERE transaction_id = @id`},
	"adjustmentId":  {"adjustment", kindAdjustment, `SELECT context_num FROM adjustments WHERE num = @id`},
	"resolutionId":  {"resolution", kindResolution, `SELECT context_num FROM resolutions WHERE num = @id`},
	"changeId":      {"change", kindChange, `SELECT context_num FROM changes WHERE num = @id`},
	"commentId":     {"comment", kindComment, `SELECT e.context_num FROM exception_history h JOIN exceptions e USING (transaction_id) WHERE h.num = @id`},
}

const ofContext = `SELECT c.num FROM contexts c `

// BelongsToContext reports whether the id of that name in a path is that of something in a context.
func BelongsToContext(param string) bool {
	_, owned := ownedThings[param]
	return owned
}

// Access returns ctx with those of the caller's roles that count in the context of a thing, or that there is no such
// thing where the context's access list leaves the caller out. param is the name of the thing's id in paths.
func (tx *Tx) Access(ctx context.Context, param, id string) (context.Context, error) {
	principal, called := auth.PrincipalFrom(ctx)
	thing, known := ownedThings[param]
	if !called || !known {
		return ctx, nil
	}
	key := tx.keyOf(thing, id)
	if key == nil {
		return ctx, nil // the handler answers that there is none, as it does for every such id
	}
	listed, roles := false, []auth.Role(nil)
	err := tx.tx.QueryRow(ctx, `
		WITH place AS MATERIALIZED (SELECT (`+thing.sql+`) AS num WHERE EXISTS (SELECT FROM context_members))
		SELECT NOT EXISTS (SELECT FROM place) OR m.subject IS NOT NULL
				OR place.num IS NOT NULL AND NOT EXISTS (SELECT FROM context_members o WHERE o.context_num = place.num),
			m.roles
		FROM (VALUES (1)) one LEFT JOIN place ON true
			LEFT JOIN context_members m ON m.context_num = place.num AND m.subject = @subject`,
		pgx.NamedArgs{"id": key, "subject": principal.Subject}).Scan(&listed, &roles)
	if err != nil {
		return ctx, fmt.Errorf("looking for the access list of a %s: %w", thing.noun, err)
	}
	if !listed {
		return ctx, recon.NotFound(thing.noun)
	}
	principal.Roles = auth.Narrow(principal.Roles, roles)
	return auth.WithPrincipal(ctx, principal), nil
}

// keyOf returns the key of a thing by its id, nil for what is no such id.
func (tx *Tx) keyOf(thing owned, id string) any {
	if thing.kind == "" && auth.IsUUID(id) {
		return id
	}
	if thing.kind != "" {
		if num, ok := tx.ids(thing.kind).Key(id); ok {
			return num
		}
	}
	return nil
}

// HasAccessLists reports whether any context of the tenant has an access list.
func (tx *Tx) HasAccessLists(ctx context.Context) (bool, error) {
	return value[bool](tx.query(ctx, `SELECT EXISTS (SELECT FROM context_members)`))
}

// hidden returns the numbers of the contexts whose access lists leave the caller out.
func (tx *Tx) hidden(ctx context.Context) ([]int32, error) {
	principal, called := auth.PrincipalFrom(ctx)
	if !called {
		return nil, nil
	}
	nums, err := pgx.CollectRows(tx.query(ctx, `
		SELECT DISTINCT m.context_num FROM context_members m
		WHERE NOT EXISTS (SELECT FROM context_members o WHERE o.context_num = m.context_num AND o.subject = $1)`,
		principal.Subject), pgx.RowTo[int32])
	if err != nil {
		return nil, fmt.Errorf("looking for access lists: %w", err)
	}
	return nums, nil
}

// SeesAll returns a 403 for a caller that an access list leaves out: of a log of the whole tenant no part is for some.
func (tx *Tx) SeesAll(ctx context.Context) error {
	hidden, err := tx.hidden(ctx)
	if err == nil && len(hidden) > 0 {
		err = recon.Forbidden(recon.CodeAccessLimited,
			"this lists what happens in all contexts, and the access lists of %d leave you out: ask an administrator to list you there", len(hidden))
	}
	return err
}

// AccessList returns who may see a context.
func (tx *Tx) AccessList(ctx context.Context, contextID string) (recon.StoredAccess, error) {
	c, err := tx.Context(ctx, contextID)
	if err != nil {
		return recon.StoredAccess{}, err
	}
	out := recon.StoredAccess{ContextID: c.ID, Version: c.Version}
	out.Members, err = all[recon.Member](tx.query(ctx, `
		SELECT subject, roles FROM context_members WHERE context_num = $1 ORDER BY subject`, c.Num))
	if err != nil {
		return out, fmt.Errorf("reading an access list: %w", err)
	}
	return out, nil
}

// PutAccessList replaces who may see a context. version is that of the context that the caller read, 0 when it does not
// care.
func (tx *Tx) PutAccessList(
	ctx context.Context, contextID string, version int, list recon.AccessList,
) (recon.StoredAccess, error) {
	var out recon.StoredAccess
	before, err := tx.AccessList(ctx, contextID)
	if err != nil {
		return out, err
	}
	c, err := contexts.forChange(ctx, tx, contextID, version)
	if err != nil {
		return out, err
	}
	var batch pgx.Batch
	batch.Queue(`UPDATE contexts SET version = version + 1, updated_at = now() WHERE num = $1`, c.Num)
	batch.Queue(`DELETE FROM context_members WHERE context_num = $1`, c.Num)
	for _, m := range list.Members {
		batch.Queue(`INSERT INTO context_members (context_num, subject, roles) VALUES ($1, $2, $3)`,
			c.Num, m.Subject, append([]string{}, m.Roles...))
	}
	if err := tx.tx.SendBatch(ctx, &batch).Close(); err != nil {
		return out, fmt.Errorf("storing an access list: %w", err)
	}
	if out, err = tx.AccessList(ctx, contextID); err == nil {
		tx.Audit("access.replace", "context", contextID, map[string]any{"before": before.Members, "after": out.Members})
	}
	return out, err
}
