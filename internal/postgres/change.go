package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"matcher/internal/recon"
)

const kindChange = "change"

const changeSelect = `
	SELECT h.num, coalesce(c.id::text, '') AS context_id, h.operation, h.target_id, h.if_match, h.body, h.status, h.note,
		h.created_at, h.created_by, h.decided_at, h.decided_by
	FROM changes h LEFT JOIN contexts c ON c.num = h.context_num`

type changeRow struct {
	recon.StoredChange
	Num int64
}

func (tx *Tx) scanChange(row pgx.CollectableRow) (changeRow, error) {
	c, err := pgx.RowToStructByNameLax[changeRow](row)
	c.ID = tx.ids(kindChange).Public(c.Num)
	return c, err
}

// FourEyes reports whether what is asked of a thing of a context, or of the tenant where param is none of a context's,
// needs a second person, and returns the number of the context, 0 without one.
func (tx *Tx) FourEyes(ctx context.Context, param, id string) (num int32, needed bool, err error) {
	thing, owned := ownedThings[param]
	if !owned {
		needed, err = value[bool](tx.query(ctx, `
			SELECT EXISTS (SELECT FROM contexts WHERE (settings->>'fourEyes')::boolean AND status <> 'ARCHIVED')`))
		return 0, needed, err
	}
	key := tx.keyOf(thing, id)
	if key == nil {
		return 0, false, nil // the handler answers that there is none
	}
	err = tx.tx.QueryRow(ctx, `
		SELECT coalesce(max(num), 0)::integer, coalesce(bool_or((settings->>'fourEyes')::boolean), false)
		FROM contexts WHERE num = (`+thing.sql+`)`, pgx.NamedArgs{"id": key}).Scan(&num, &needed)
	if err != nil {
		return 0, false, fmt.Errorf("looking whether a change needs a second person: %w", err)
	}
	return num, needed, nil
}

// Rehearse runs fn and takes everything back that it did, so that what it would refuse is known.
func (tx *Tx) Rehearse(ctx context.Context, fn func() error) (err error) {
	before := *tx
	if tx.tx, err = before.tx.Begin(ctx); err != nil {
		return fmt.Errorf("beginning a rehearsal: %w", err)
	}
	defer func() {
		if undo := tx.tx.Rollback(ctx); undo != nil && err == nil {
			err = fmt.Errorf("ending a rehearsal: %w", undo)
		}
		*tx = before
	}()
	return fn()
}

// ProposeChange stores a request that waits for a second person. contextNum is the number of its context, 0 without
// one.
func (tx *Tx) ProposeChange(ctx context.Context, contextNum int32, c recon.Change) (recon.StoredChange, error) {
	num, err := value[int64](tx.query(ctx, `
		INSERT INTO changes (context_num, operation, target_id, if_match, body, created_by)
		VALUES (@context, @operation, @target, @match, @body, @actor) RETURNING num`, pgx.NamedArgs{
		"context": contextNum, "operation": c.Operation, "target": c.TargetID, "match": c.IfMatch,
		"body": c.Body, "actor": tx.actor,
	}))
	if err != nil {
		return recon.StoredChange{}, fmt.Errorf("storing a change: %w", err)
	}
	stored, err := tx.Change(ctx, tx.ids(kindChange).Public(num))
	if err == nil {
		tx.Audit("change.propose", kindChange, stored.ID, stored)
	}
	return stored, err
}

// Change is the change of that id.
func (tx *Tx) Change(ctx context.Context, id string) (recon.StoredChange, error) {
	c, err := tx.change(ctx, id, "")
	return c.StoredChange, err
}

func (tx *Tx) change(ctx context.Context, id, lock string) (changeRow, error) {
	num, ok := tx.ids(kindChange).Key(id)
	if !ok {
		return changeRow{}, recon.NotFound(kindChange)
	}
	c, err := pgx.CollectExactlyOneRow(tx.query(ctx, changeSelect+` WHERE h.num = $1 `+lock, num), tx.scanChange)
	return c, notFound(err, kindChange)
}

// Changes lists proposed and decided changes, the latest first. status "" is every one.
func (tx *Tx) Changes(ctx context.Context, status string, page Page) ([]recon.StoredChange, string, error) {
	hidden, err := tx.hidden(ctx)
	if err != nil {
		return nil, "", err
	}
	rows, next, err := list[changeRow]{
		what: "changes", first: firstOfDescending, scan: tx.scanChange,
		key: func(c changeRow) int64 { return c.Num },
		sql: changeSelect + `
			WHERE h.num < @after AND (@status = '' OR h.status = @status) AND h.context_num <> ALL (@hidden)
			ORDER BY h.num DESC LIMIT @limit`,
		args: pgx.NamedArgs{"status": status, "hidden": hidden},
	}.page(ctx, tx, page)
	changes := make([]recon.StoredChange, len(rows))
	for i := range rows {
		changes[i] = rows[i].StoredChange
	}
	return changes, next, err
}

// DecideChange applies a change by apply, or refuses it where apply is nil. Its author decides on none.
func (tx *Tx) DecideChange(
	ctx context.Context, id, note string, apply func(recon.Change) error,
) (recon.StoredChange, error) {
	c, err := tx.change(ctx, id, "FOR UPDATE OF h")
	switch {
	case err != nil:
		return c.StoredChange, err
	case c.Status != recon.ChangeProposed:
		return c.StoredChange, recon.Conflict(recon.CodeChangeDecided,
			"the change is %s already, by %s", c.Status, c.DecidedBy)
	case c.CreatedBy == tx.actor && apply != nil:
		return c.StoredChange, recon.Forbidden(recon.CodeFourEyes,
			"you proposed this yourself: another person approves it")
	}
	status, action := recon.ChangeRefused, "change.refuse"
	if apply != nil {
		status, action = recon.ChangeApplied, "change.approve"
		if err := apply(c.Change); err != nil {
			return c.StoredChange, err
		}
	}
	_, err = tx.exec(ctx, "deciding on a change", `
		UPDATE changes SET status = @status, note = @note, decided_at = now(), decided_by = @actor WHERE num = @num`,
		pgx.NamedArgs{"num": c.Num, "status": status, "note": note, "actor": tx.actor})
	if err != nil {
		return c.StoredChange, err
	}
	decided, err := tx.Change(ctx, id)
	if err == nil {
		tx.Audit(action, kindChange, id, decided)
	}
	return decided, err
}
