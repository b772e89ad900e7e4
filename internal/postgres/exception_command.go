package postgres

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"matcher/internal/recon"
)

const kindComment = "comment"

// heldException is an exception under its context's lock, and what is decided about it.
type heldException struct {
	Key        int64
	ContextID  string
	Status     string
	Standing   bool
	Resolution string
	Due        recon.Day
	Pending    bool // a resolution of it waits for another person

	context recon.Context
	to      string
	refused error
}

// lockExceptions reads exceptions, in the order of keys, under their contexts' locks; one that is not there is nil.
func (tx *Tx) lockExceptions(ctx context.Context, keys []int64) ([]*heldException, error) {
	ids, err := pgx.CollectRows(tx.query(ctx, `
		SELECT c.id FROM contexts c
		WHERE c.num IN (SELECT e.context_num FROM exceptions e WHERE e.transaction_id = ANY ($1)) ORDER BY c.num`, keys),
		pgx.RowTo[string])
	if err != nil {
		return nil, fmt.Errorf("reading the contexts of exceptions: %w", err)
	}
	contexts := map[string]recon.Context{}
	for _, id := range ids {
		if contexts[id], err = tx.lockOpenContext(ctx, id); err != nil {
			return nil, err
		}
	}
	found, err := pgx.CollectRows(tx.query(ctx, `
		SELECT e.transaction_id AS key, c.id AS context_id, `+exceptionStatus+` AS status, e.standing, e.resolution, e.due,
			e.status = 'WAITING' AND e.resolution_num IS NOT NULL AS pending
		FROM exceptions e JOIN contexts c ON c.num = e.context_num
		WHERE e.transaction_id = ANY ($1)`, keys), pgx.RowToAddrOfStructByNameLax[heldException])
	if err != nil {
		return nil, fmt.Errorf("reading exceptions: %w", err)
	}
	byKey := make(map[int64]*heldException, len(found))
	for _, e := range found {
		e.context, byKey[e.Key] = contexts[e.ContextID], e
	}
	held := make([]*heldException, len(keys))
	for i, key := range keys {
		held[i] = byKey[key]
	}
	return held, nil
}

// ChangeException does one thing to one exception.
func (tx *Tx) ChangeException(ctx context.Context, id string, c recon.ExceptionCommand) (recon.Exception, error) {
	key, ok := tx.ids(kindException).Key(id)
	if !ok {
		return recon.Exception{}, recon.NotFound("exception")
	}
	held, err := tx.changeExceptionKeys(ctx, []int64{key}, &c)
	switch {
	case err != nil:
		return recon.Exception{}, err
	case held[0] == nil:
		return recon.Exception{}, recon.NotFound("exception")
	case held[0].refused != nil:
		return recon.Exception{}, held[0].refused
	}
	tx.Audit("exception."+strings.ToLower(string(c.Action)), kindException, id, map[string]any{
		"contextId": held[0].ContextID, "from": held[0].Status, "to": held[0].to, "command": c.Detail(), "note": c.Note,
	})
	return tx.Exception(ctx, id)
}

// ExceptionsBulk names exceptions by id, or by a filter with the number that the caller saw.
type ExceptionsBulk struct {
	IDs    []string
	Filter *recon.ExceptionFilter
	Count  int
}

// ChangeExceptions does the same to many exceptions in one commit. One to which it cannot be done is left alone and
// reports why.
func (tx *Tx) ChangeExceptions(
	ctx context.Context, bulk ExceptionsBulk, c recon.ExceptionCommand,
) ([]recon.ExceptionOutcome, error) {
	keys, err := tx.exceptionKeys(ctx, bulk)
	if err != nil {
		return nil, err
	}
	held, err := tx.changeExceptionKeys(ctx, keys, &c)
	if err != nil {
		return nil, err
	}
	outcomes, done := make([]recon.ExceptionOutcome, len(keys)), []string{}
	for i, e := range held {
		o := &outcomes[i]
		if len(bulk.IDs) > 0 {
			o.ExceptionID = bulk.IDs[i]
		} else {
			o.ExceptionID = tx.ids(kindException).Public(keys[i])
		}
		switch {
		case e == nil:
			o.Code, o.Message = recon.CodeNotFound, "there is no such exception"
		case e.refused != nil:
			o.Status, o.Code, o.Message = e.Status, recon.CodeOf(e.refused), e.refused.Error()
		default:
			o.Status, done = e.to, append(done, o.ExceptionID)
		}
	}
	if len(done) > 0 {
		tx.Audit("exception."+strings.ToLower(string(c.Action)), kindException, "", map[string]any{
			"exceptionIds": done, "command": c.Detail(), "note": c.Note,
		})
	}
	return outcomes, nil
}

// exceptionKeys are those that a bulk command names. A filter is held to the number that the caller saw.
func (tx *Tx) exceptionKeys(ctx context.Context, bulk ExceptionsBulk) ([]int64, error) {
	if bulk.Filter == nil {
		keys := make([]int64, len(bulk.IDs)) // no row has number 0
		for i, id := range bulk.IDs {
			keys[i], _ = tx.ids(kindException).Key(id)
		}
		return keys, nil
	}
	from, args, err := tx.exceptionsWhere(ctx, *bulk.Filter)
	if err != nil {
		return nil, err
	}
	// Nothing may come or go between the count and the change.
	if _, err := tx.lockOpenContext(ctx, bulk.Filter.ContextID); err != nil {
		return nil, err
	}
	args["limit"] = recon.ExceptionsBulkMax + 1
	keys, err := pgx.CollectRows(tx.query(ctx,
		`SELECT e.transaction_id `+from+` ORDER BY e.transaction_id LIMIT @limit`, args), pgx.RowTo[int64])
	switch {
	case err != nil:
		return nil, fmt.Errorf("reading the exceptions of a filter: %w", err)
	case len(keys) > recon.ExceptionsBulkMax:
		return nil, recon.Unprocessable(recon.CodeTooManyAtOnce, fmt.Sprintf(
			"the filter leaves more than %d exceptions, which is what one commit may change: narrow it", recon.ExceptionsBulkMax))
	case len(keys) != bulk.Count:
		return nil, recon.Conflict(recon.CodeCountChanged,
			"the filter now leaves %d exceptions, not the %d that you saw: read the list again", len(keys), bulk.Count)
	}
	return keys, nil
}

// changeExceptionKeys judges exceptions under their contexts' locks and does what is asked to those that allow it.
func (tx *Tx) changeExceptionKeys(
	ctx context.Context, keys []int64, c *recon.ExceptionCommand,
) ([]*heldException, error) {
	locked := keys
	if c.Outcome == recon.OutcomeTransferred { // both contexts at once, so that no two transfers wait for each other
		locked = append(slices.Clone(keys), tx.key(kindException, c.TargetID))
	}
	held, err := tx.lockExceptions(ctx, locked)
	if err != nil {
		return nil, err
	}
	held = held[:len(keys)]
	now, err := tx.Now(ctx)
	if err != nil {
		return nil, err
	}
	var able []*heldException
	for _, e := range held {
		if e == nil {
			continue
		}
		e.to, e.refused = c.Judge(e.Status, e.Due, recon.DayOf(now.UTC()))
		if e.Pending && (c.Action == recon.ExceptionResolve || c.Action == recon.ExceptionSnooze) {
			e.refused = recon.Conflict(recon.CodeResolutionStatus,
				"a resolution of the exception waits for another person: approve or refuse that one")
		}
		if e.refused == nil {
			able = append(able, e)
		}
	}
	switch c.Action {
	case recon.ExceptionResolve:
		if len(able) == 0 {
			return held, nil
		}
		return held, tx.resolveAll(ctx, able, c)
	case recon.ExceptionReopen:
		return held, tx.reopenAll(ctx, able, c)
	}
	return held, tx.moveExceptions(ctx, able, c)
}

// moveExceptions writes the states that were judged, with what the command sets, and the history.
func (tx *Tx) moveExceptions(ctx context.Context, able []*heldException, c *recon.ExceptionCommand) error {
	if len(able) == 0 {
		return nil
	}
	keys, to := make([]int64, len(able)), make([]string, len(able))
	for i, e := range able {
		keys[i], to[i] = e.Key, e.to
	}
	set := map[recon.ExceptionAction]string{
		recon.ExceptionAssign: `, assignee = @assignee`, recon.ExceptionUnassign: `, assignee = ''`,
		recon.ExceptionComment: `, comments = e.comments + 1`, recon.ExceptionSnooze: `, snoozed_until = @until`,
	}[c.Action]
	if _, err := tx.exec(ctx, "changing exceptions", `
		UPDATE exceptions e SET status = u.status`+set+`
		FROM unnest(@keys::bigint[], @to::text[]) AS u (id, status) WHERE e.transaction_id = u.id`, pgx.NamedArgs{
		"keys": keys, "to": to, "assignee": c.Assignee, "until": c.Until,
	}); err != nil {
		return err
	}
	return tx.noteHistory(ctx, keys, c.Event())
}

func (tx *Tx) noteHistory(ctx context.Context, keys []int64, e recon.ExceptionEvent) error {
	if e.Detail == nil {
		e.Detail = map[string]any{}
	}
	_, err := tx.exec(ctx, "writing the history of exceptions", `
		INSERT INTO exception_history (transaction_id, action, note, detail, created_by)
		SELECT id, @action, @note, @detail, @actor FROM unnest(@keys::bigint[]) AS u (id)`, pgx.NamedArgs{
		"keys": keys, "action": e.Action, "note": e.Note, "detail": e.Detail, "actor": tx.actor,
	})
	return err
}

const historySelect = `
	SELECT h.num AS key, h.transaction_id AS row_key, h.action, coalesce(x.note, h.note) AS note, coalesce(x.edits, 0) AS edits, h.detail,
		h.created_at, h.created_by
	FROM exception_history h
	LEFT JOIN LATERAL (
		SELECT count(*) AS edits, (array_agg(note ORDER BY num DESC))[1] AS note
		FROM exception_history WHERE transaction_id = h.transaction_id AND comment_num = h.num HAVING count(*) > 0
	) x ON h.action = 'COMMENT'`

func (tx *Tx) scanHistory(row pgx.CollectableRow) (recon.ExceptionEvent, error) {
	h, err := pgx.RowToStructByNameLax[struct {
		recon.ExceptionEvent
		Key, RowKey int64
	}](row)
	h.ID, h.ExceptionID = tx.ids(kindComment).Public(h.Key), tx.ids(kindException).Public(h.RowKey)
	return h.ExceptionEvent, err
}

// ExceptionHistory lists what was done to an exception, oldest first.
func (tx *Tx) ExceptionHistory(ctx context.Context, id string, page Page) ([]recon.ExceptionEvent, string, error) {
	e, err := tx.Exception(ctx, id)
	if err != nil {
		return nil, "", err
	}
	return list[recon.ExceptionEvent]{
		what: "an exception's history", args: pgx.NamedArgs{"id": tx.key(kindException, e.ID)}, scan: tx.scanHistory,
		key: func(h recon.ExceptionEvent) int64 { return tx.key(kindComment, h.ID) },
		sql: historySelect + ` WHERE h.transaction_id = @id AND h.num > @after ORDER BY h.num LIMIT @limit`,
	}.page(ctx, tx, page)
}

// EditComment gives a comment another text. Who wrote it may do so; what it was stays in the history.
func (tx *Tx) EditComment(ctx context.Context, id, note string) (recon.ExceptionEvent, error) {
	num, ok := tx.ids(kindComment).Key(id)
	if !ok {
		return recon.ExceptionEvent{}, recon.NotFound("comment")
	}
	read := func() (recon.ExceptionEvent, error) {
		h, err := pgx.CollectExactlyOneRow(tx.query(ctx, historySelect+` WHERE h.num = $1 AND h.action = 'COMMENT'`, num),
			tx.scanHistory)
		return h, notFound(err, "comment")
	}
	before, err := read()
	if err != nil {
		return before, err
	}
	if before.CreatedBy != tx.actor {
		return before, recon.Forbidden(recon.CodeNotYours, "another person wrote this comment: add one of your own")
	}
	if _, err := tx.exec(ctx, "editing a comment", `
		INSERT INTO exception_history (transaction_id, action, comment_num, note, created_by)
		VALUES ($1, 'EDIT', $2, $3, $4)`, tx.key(kindException, before.ExceptionID), num, note, tx.actor); err != nil {
		return before, err
	}
	tx.Audit("exception.edit", kindComment, id, map[string]any{"before": before.Note, "after": note})
	return read()
}

// LastExceptionEvent is the last thing that was done to an exception.
func (tx *Tx) LastExceptionEvent(ctx context.Context, id string) (recon.ExceptionEvent, error) {
	h, err := pgx.CollectExactlyOneRow(tx.query(ctx,
		historySelect+` WHERE h.transaction_id = $1 ORDER BY h.num DESC LIMIT 1`, tx.key(kindException, id)), tx.scanHistory)
	return h, notFound(err, "exception")
}
