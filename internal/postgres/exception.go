package postgres

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"matcher/internal/recon"
)

const exceptionSelect = `
	SELECT e.transaction_id, c.id::text, s.id::text, e.side, t.external_id, t.reference, e.amount, e.currency, e.date,
		t.description, e.class, e.reason, e.nearest_id, e.nearest_difference, e.suggestion, e.status, e.severity, e.assignee,
		e.resolution, e.opened_at, e.resolved_at, greatest(current_date - e.date, 0), a.group_id
	FROM exceptions e
	JOIN contexts c ON c.num = e.context_num
	JOIN sources s ON s.num = e.source_num
	JOIN transactions t ON t.id = e.transaction_id
	LEFT JOIN active_items a ON a.transaction_id = e.transaction_id`

// Exception is one exception.
func (tx *Tx) Exception(ctx context.Context, id string) (recon.Exception, error) {
	key, ok := tx.ids(kindException).Key(id)
	if !ok {
		return recon.Exception{}, recon.NotFound("exception")
	}
	rows, _ := tx.tx.Query(ctx, exceptionSelect+` WHERE e.transaction_id = $1`, key)
	e, err := pgx.CollectExactlyOneRow(rows, tx.scanException)
	return e.Exception, notFound(err, "exception")
}

// Exceptions lists exceptions in the order in which their rows were loaded.
func (tx *Tx) Exceptions(
	ctx context.Context, filter recon.ExceptionFilter, page Page,
) ([]recon.Exception, string, error) {
	after, err := page.afterInt(0)
	if err != nil {
		return nil, "", err
	}
	where := []string{"e.transaction_id > @after"}
	args := pgx.NamedArgs{"after": after, "limit": page.Size() + 1}
	if filter.ContextID != "" {
		c, err := tx.Context(ctx, filter.ContextID)
		if err != nil {
			return nil, "", err
		}
		where, args["context"] = append(where, "e.context_num = @context"), c.Num
	}
	for _, f := range []struct{ column, value string }{
		{"status", filter.Status}, {"class", filter.Class.String()}, {"reason", filter.Reason.String()}, {"side", string(filter.Side)},
	} {
		if f.value != "" {
			where, args[f.column] = append(where, "e."+f.column+" = @"+f.column), f.value
		}
	}
	if filter.MinAgeDays > 0 {
		where, args["age"] = append(where, "e.date <= current_date - @age::integer"), filter.MinAgeDays
	}
	rows, _ := tx.tx.Query(ctx, exceptionSelect+` WHERE `+strings.Join(where, " AND ")+`
		ORDER BY e.transaction_id LIMIT @limit`, args)
	items, err := pgx.CollectRows(rows, tx.scanException)
	if err != nil {
		return nil, "", fmt.Errorf("listing exceptions: %w", err)
	}
	items, next := pageOf(items, page, func(e keyedException) []any { return []any{e.key} })
	plain := make([]recon.Exception, len(items))
	for i := range items {
		plain[i] = items[i].Exception
	}
	return plain, next, nil
}

type keyedException struct {
	recon.Exception
	key int64
}

func (tx *Tx) scanException(row pgx.CollectableRow) (e keyedException, err error) {
	var (
		amount                           int64
		nearest, difference, group       pgtype.Int8
		external, reference, description pgtype.Text
		date                             pgtype.Date
	)
	err = row.Scan(&e.key, &e.ContextID, &e.SourceID, &e.Side, &external, &reference, &amount, &e.Currency, &date, &description,
		&e.Class, &e.Reason, &nearest, &difference, &e.Suggestion, &e.Status, &e.Severity, &e.Assignee, &e.Resolution,
		&e.OpenedAt, &e.ResolvedAt, &e.AgeDays, &group)
	e.ID, e.TransactionID = tx.ids(kindException).Public(e.key), tx.ids(kindTransaction).Public(e.key)
	e.ExternalID, e.Reference, e.Description = external.String, reference.String, description.String
	e.Amount, e.Date = decimal(amount, e.Currency), dayOf(date)
	if group.Valid {
		e.GroupID = tx.ids(kindGroup).Public(group.Int64)
	}
	if nearest.Valid {
		e.NearestID = tx.ids(kindTransaction).Public(nearest.Int64)
	}
	e.NearestDifference = optional(difference, e.Currency)
	e.OpenedAt, e.ResolvedAt = e.OpenedAt.UTC(), inUTC(e.ResolvedAt)
	return e, err
}
