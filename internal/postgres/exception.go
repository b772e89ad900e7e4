package postgres

import (
	"context"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"matcher/internal/recon"
)

const exceptionSelect = `
	SELECT e.transaction_id AS key, c.id AS context_id, s.id AS source_id, e.side, coalesce(t.external_id, '') AS external_id,
		coalesce(t.reference, '') AS reference, e.amount AS minor, e.currency, e.date,
		coalesce(t.description, '') AS description, e.class, e.reason, e.nearest_id AS nearest_key,
		e.nearest_difference AS nearest_minor, e.suggestion, e.status, e.severity, e.assignee,
		e.resolution, e.opened_at, e.resolved_at, greatest(current_date - e.date, 0) AS age_days, a.group_id AS group_key
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
	e, err := pgx.CollectExactlyOneRow(tx.query(ctx, exceptionSelect+` WHERE e.transaction_id = $1`, key), tx.scanException)
	return e, notFound(err, "exception")
}

// Exceptions lists exceptions in the order in which their rows were loaded.
func (tx *Tx) Exceptions(
	ctx context.Context, filter recon.ExceptionFilter, page Page,
) ([]recon.Exception, string, error) {
	where := []string{"e.transaction_id > @after"}
	args := pgx.NamedArgs{}
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
	return list[recon.Exception]{
		what: "exceptions", scan: tx.scanException,
		key:  func(e recon.Exception) int64 { return tx.key(kindException, e.ID) },
		sql:  exceptionSelect + ` WHERE ` + strings.Join(where, " AND ") + ` ORDER BY e.transaction_id LIMIT @limit`,
		args: args,
	}.page(ctx, tx, page)
}

func (tx *Tx) scanException(row pgx.CollectableRow) (recon.Exception, error) {
	e, err := pgx.RowToStructByNameLax[struct {
		recon.Exception
		Key, Minor           int64
		NearestKey, GroupKey *int64
		NearestMinor         pgtype.Int8
	}](row)
	e.ID, e.TransactionID = tx.ids(kindException).Public(e.Key), tx.ids(kindTransaction).Public(e.Key)
	e.Amount, e.NearestDifference = decimal(e.Minor, e.Currency), optional(e.NearestMinor, e.Currency)
	e.NearestID, e.GroupID = tx.publicOrNone(kindTransaction, e.NearestKey), tx.publicOrNone(kindGroup, e.GroupKey)
	return e.Exception, err
}
