package postgres

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"matcher/internal/recon"
)

// exceptionStatus is the state of an exception now: one whose snooze is over is where it was.
const exceptionStatus = `CASE WHEN e.status = 'WAITING' AND e.snoozed_until <= current_date
		THEN CASE e.assignee WHEN '' THEN 'OPEN' ELSE 'IN_PROGRESS' END ELSE e.status END`

const exceptionSelect = `
	SELECT e.transaction_id AS key, c.id AS context_id, s.id AS source_id, e.side, coalesce(t.external_id, '') AS external_id,
		coalesce(t.reference, '') AS reference, e.amount AS minor, e.currency, e.date,
		coalesce(t.description, '') AS description, e.class, e.reason, e.nearest_id AS nearest_key,
		e.nearest_difference AS nearest_minor, e.suggestion, ` + exceptionStatus + ` AS status, e.severity, e.severity_note,
		e.due, CASE WHEN e.snoozed_until > current_date THEN e.snoozed_until END AS snoozed_until, e.assignee, e.comments,
		e.resolution, e.opened_at, e.resolved_at, greatest(current_date - e.date, 0) AS age_days, a.group_id AS group_key,
		e.resolution_num AS resolution_key
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
	return e.Exception, notFound(err, "exception")
}

// exceptionRow is a row of exceptionSelect.
type exceptionRow struct {
	recon.Exception
	Key, Minor           int64
	NearestKey, GroupKey *int64
	ResolutionKey        *int64
	NearestMinor         pgtype.Int8
}

func (tx *Tx) scanException(row pgx.CollectableRow) (exceptionRow, error) {
	e, err := pgx.RowToStructByNameLax[exceptionRow](row)
	e.ID, e.TransactionID = tx.ids(kindException).Public(e.Key), tx.ids(kindTransaction).Public(e.Key)
	e.Amount, e.NearestDifference = decimal(e.Minor, e.Currency), optional(e.NearestMinor, e.Currency)
	e.NearestID, e.GroupID = tx.publicOrNone(kindTransaction, e.NearestKey), tx.publicOrNone(kindGroup, e.GroupKey)
	e.ResolutionID = tx.publicOrNone(kindResolution, e.ResolutionKey)
	return e, err
}

// exceptionOrder is an order of exceptions: what it sorts by, that as the cursor keeps it, and the type of that.
type exceptionOrder struct {
	by, kind string
	of       func(*exceptionRow) string
}

var exceptionOrders = map[string]exceptionOrder{
	"amount": {"abs(e.amount)", "bigint", func(e *exceptionRow) string { return strconv.FormatInt(int64(recon.Minor(e.Minor).Abs()), 10) }},
	"age":    {"e.date", "date", func(e *exceptionRow) string { return e.Date.String() }},
	"due":    {"e.due", "date", func(e *exceptionRow) string { return e.Due.String() }},
	"severity": {
		"e.severity", "smallint", func(e *exceptionRow) string { return strconv.Itoa(int(e.Severity)) },
	},
}

// Exceptions lists exceptions in the order in which their rows were loaded, or as sort asks. The page is found first,
// by the index of its order, and joined afterwards.
func (tx *Tx) Exceptions(
	ctx context.Context, filter recon.ExceptionFilter, sort string, page Page,
) ([]recon.Exception, string, error) {
	from, args, err := tx.exceptionsWhere(ctx, filter)
	if err != nil {
		return nil, "", err
	}
	name, down := strings.CutPrefix(sort, "-")
	by, sorted := exceptionOrders[name]
	if name == "age" {
		down = !down // the older, the earlier its date
	}
	var after string
	var id int64
	more, err := page.afterKeys(&after, &id)
	if err != nil {
		return nil, "", err
	}
	than, order := ">", "e.transaction_id"
	if sorted {
		order = by.by + ", e.transaction_id"
	}
	if more {
		if down {
			than = "<"
		}
		place := "@id"
		if sorted {
			place = "@after::text::" + by.kind + ", @id"
		}
		from += " AND (" + order + ") " + than + " (" + place + ")"
	}
	if down {
		order = strings.ReplaceAll(order, ", e.tr", " DESC, e.tr") + " DESC"
	}
	args["after"], args["id"], args["limit"] = after, id, page.Size()+1
	rows, err := pgx.CollectRows(tx.query(ctx, `
		WITH page AS MATERIALIZED (SELECT e.transaction_id AS id `+from+` ORDER BY `+order+` LIMIT @limit)
		`+exceptionSelect+` JOIN page p ON p.id = e.transaction_id ORDER BY `+order, args), tx.scanException)
	if err != nil {
		return nil, "", fmt.Errorf("listing exceptions: %w", err)
	}
	rows, next := pageOf(rows, page, func(e exceptionRow) []any {
		if sorted {
			return []any{by.of(&e), e.Key}
		}
		return []any{"", e.Key}
	})
	items := make([]recon.Exception, len(rows))
	for i := range rows {
		items[i] = rows[i].Exception
	}
	return items, next, nil
}

// exceptionsWhere is FROM and WHERE of the exceptions e that a filter leaves.
func (tx *Tx) exceptionsWhere(ctx context.Context, f recon.ExceptionFilter) (string, pgx.NamedArgs, error) {
	from, where := "FROM exceptions e", " WHERE (e.opens_on IS NULL OR e.opens_on <= current_date)"
	args := pgx.NamedArgs{}
	add := func(given bool, sql, name string, value any) {
		if given {
			where += " AND " + sql
			args[name] = value
		}
	}
	hidden, err := tx.hiddenFrom(ctx, &f)
	if err != nil {
		return "", nil, err
	}
	add(len(hidden) > 0, "e.context_num <> ALL (@hidden)", "hidden", hidden)
	if f.ContextID != "" {
		c, err := tx.Context(ctx, f.ContextID)
		if err != nil {
			return "", nil, err
		}
		add(true, "e.context_num = @context", "context", c.Num)
	}
	switch f.Status {
	case "", recon.ExceptionResolved:
		add(f.Status != "", "e.status = @status", "status", f.Status)
	case recon.ExceptionUnresolved:
		where += " AND e.status <> 'RESOLVED'"
	default:
		add(true, "e.status <> 'RESOLVED' AND "+exceptionStatus+" = @status", "status", f.Status)
	}
	if f.Queue {
		where += " AND e.status <> 'RESOLVED' AND " + exceptionStatus + " <> 'WAITING'"
	}
	if f.SourceID != "" {
		source, err := tx.Source(ctx, f.SourceID)
		if err != nil {
			return "", nil, err
		}
		add(true, "e.source_num = @source", "source", source.Num)
	}
	for _, limit := range []struct{ name, amount, than string }{
		{"minAmount", f.MinAmount, ">="}, {"maxAmount", f.MaxAmount, "<="},
	} {
		if limit.amount == "" {
			continue
		}
		money, err := recon.ParseMoney(limit.amount, f.Currency)
		if err != nil {
			return "", nil, recon.Invalid(recon.CodeAmountUnreadable,
				"%s: %v; it is read in the currency given beside it", limit.name, err)
		}
		add(true, "abs(e.amount) "+limit.than+" @"+limit.name, limit.name, int64(money.Amount))
	}
	add(f.Class != 0, "e.class = @class", "class", f.Class.String())
	add(f.Reason != 0, "e.reason = @reason", "reason", f.Reason.String())
	add(f.Severity != 0, "e.severity = @severity", "severity", int16(f.Severity))
	add(f.Side != "", "e.side = @side", "side", string(f.Side))
	add(f.Currency != "", "e.currency = @currency", "currency", f.Currency)
	add(f.From.Set(), "e.date >= @from", "from", f.From)
	add(f.To.Set(), "e.date <= @to", "to", f.To)
	add(f.MinAgeDays > 0, "e.date <= current_date - @age::integer", "age", f.MinAgeDays)
	add(f.DueBy.Set(), "e.due <= @due", "due", f.DueBy)
	add(f.Assignee != "" || f.Unassigned, "e.assignee = @assignee", "assignee", f.Assignee)
	add(f.Resolution != "", "e.resolution = @resolution", "resolution", f.Resolution)
	if f.Text != "" {
		from += " JOIN transactions t ON t.id = e.transaction_id"
		add(true, `(t.reference ILIKE @text OR t.description ILIKE @text OR t.external_id ILIKE @text
			OR t.metadata::text ILIKE @text)`, "text", "%"+textPatterns.Replace(f.Text)+"%")
	}
	return from + where, args, nil
}

// hiddenFrom returns the contexts that a list of exceptions leaves out for the caller, or that what the filter names
// does not exist, where it belongs to one of them.
func (tx *Tx) hiddenFrom(ctx context.Context, f *recon.ExceptionFilter) ([]int32, error) {
	for param, id := range map[string]string{"contextId": f.ContextID, "sourceId": f.SourceID} {
		if _, err := tx.Access(ctx, param, id); err != nil {
			return nil, err
		}
	}
	return tx.hidden(ctx)
}

// exceptionFacets are what a summary counts by: the column of its query, and the facet's name.
var exceptionFacets = []struct{ column, name string }{
	{"status", "status"},
	{"severity", "severity"},
	{"class", "class"},
	{"reason", "reason"},
	{"side", "side"},
	{"source", "source"},
	{"assignee", "assignee"},
	{"band", "ageBand"},
	{"overdue", "overdue"},
}

// ExceptionSummary counts and sums the exceptions of a filter in one pass.
func (tx *Tx) ExceptionSummary(ctx context.Context, filter recon.ExceptionFilter) (recon.ExceptionSummary, error) {
	out := recon.ExceptionSummary{Currencies: []recon.ExceptionTotal{}, Facets: []recon.ExceptionFacet{}}
	from, args, err := tx.exceptionsWhere(ctx, filter)
	if err != nil {
		return out, err
	}
	sets, names, columns := []string{"(currency)"}, []string{}, []string{}
	for _, f := range exceptionFacets {
		sets = append(sets, "(currency, "+f.column+")")
		names = append(names, " WHEN GROUPING("+f.column+") = 0 THEN '"+f.name+"'")
		columns = append(columns, f.column)
	}
	args["bands"], args["severities"] = recon.ExceptionBands, recon.Severities
	found, err := all[struct {
		Facet, Value, Currency, Amount string
		Count                          int64
	}](tx.query(ctx, `
		WITH found AS (
			SELECT e.currency, e.amount, `+exceptionStatus+` AS status, (@severities::text[])[e.severity + 1] AS severity,
				e.class, e.reason, e.side, e.source_num, e.assignee, (e.due < current_date)::text AS overdue,
				coalesce((SELECT max(b.days) + 1 FROM unnest(@bands::integer[]) AS b (days)
					WHERE current_date - e.date > b.days), 0)::text AS band
			`+from+`
		)
		SELECT CASE`+strings.Join(names, "")+` ELSE '' END AS facet, coalesce(`+strings.Join(columns, ", ")+`, '') AS value, currency, count(*),
			sum(amount)::text AS amount
		FROM (
			SELECT f.currency, f.amount, f.status, f.severity, f.class, f.reason, f.side, f.assignee, f.overdue, f.band, s.name AS source
			FROM found f JOIN sources s ON s.num = f.source_num
		) f
		GROUP BY GROUPING SETS (`+strings.Join(sets, ", ")+`)
		ORDER BY 1, 2, 3`, args))
	if err != nil {
		return out, fmt.Errorf("summing exceptions: %w", err)
	}
	for _, f := range found {
		total := recon.ExceptionTotal{Currency: f.Currency, Count: f.Count, Amount: decimalText(f.Amount, f.Currency)}
		if f.Facet != "" {
			out.Facets = append(out.Facets, recon.ExceptionFacet{Facet: f.Facet, Value: f.Value, ExceptionTotal: total})
			continue
		}
		out.Currencies, out.Count = append(out.Currencies, total), out.Count+f.Count
	}
	return out, nil
}
