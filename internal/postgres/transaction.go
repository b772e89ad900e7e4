package postgres

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"matcher/internal/recon"
)

// Kinds of public ids.
const (
	kindTransaction = "transaction"
	kindGroup       = "group"
	kindException   = "exception"
)

func (tx *Tx) ids(kind string) recon.IDSpace { return recon.NewIDSpace(kind, tx.tenantID) }

// transactionFrom joins a row with what its state follows from: the active group that holds it, or its being ignored.
const transactionFrom = `
	FROM transactions t
	JOIN sources s ON s.num = t.source_num
	JOIN imports i ON i.num = t.id >> 32
	LEFT JOIN active_items a ON a.transaction_id = t.id
	LEFT JOIN match_groups g ON g.id = a.group_id
	LEFT JOIN ignored_items n ON n.transaction_id = t.id`

const transactionSelect = `
	SELECT t.id, s.context_id::text, s.id::text, s.side, i.id::text, t.external_id, t.reference, t.amount, t.currency, t.date,
		t.value_date, t.occurred_at, t.description, t.kind, t.booking_status, t.gross, t.fee, t.tax, t.net,
		t.original_amount, t.original_currency, t.metadata, g.id, g.status, n.transaction_id IS NOT NULL` + transactionFrom

// Transaction is one row with its state.
func (tx *Tx) Transaction(ctx context.Context, id string) (recon.StoredTransaction, error) {
	key, ok := tx.ids(kindTransaction).Key(id)
	if !ok {
		return recon.StoredTransaction{}, recon.NotFound("transaction")
	}
	rows, _ := tx.tx.Query(ctx, transactionSelect+` WHERE t.id = $1`, key)
	t, err := pgx.CollectExactlyOneRow(rows, tx.scanTransaction)
	return t, notFound(err, "transaction")
}

// Transactions searches a context's rows, in the order in which they were loaded.
func (tx *Tx) Transactions(
	ctx context.Context, contextID string, filter recon.TransactionFilter, page Page,
) ([]recon.StoredTransaction, string, error) {
	where, args, err := tx.transactionWhere(ctx, contextID, filter, page)
	if err != nil {
		return nil, "", err
	}
	rows, _ := tx.tx.Query(ctx, transactionSelect+where+` ORDER BY t.id LIMIT @limit`, args)
	var last []int64
	items, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (recon.StoredTransaction, error) {
		last = append(last, rawInt8(row.RawValues()[0]))
		return tx.scanTransaction(row)
	})
	if err != nil {
		return nil, "", fmt.Errorf("searching transactions: %w", err)
	}
	items, next := pageOf(items, page, func(recon.StoredTransaction) []any { return []any{last[page.Size()-1]} })
	return items, next, nil
}

// textPatterns makes a search text literal inside a LIKE pattern.
var textPatterns = strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`)

func (tx *Tx) transactionWhere(
	ctx context.Context, contextID string, f recon.TransactionFilter, page Page,
) (string, pgx.NamedArgs, error) {
	if _, err := tx.Context(ctx, contextID); err != nil {
		return "", nil, err
	}
	after, err := page.afterInt(0)
	if err != nil {
		return "", nil, err
	}
	where := []string{"s.context_id = @context", "t.id > @after"}
	args := pgx.NamedArgs{"context": contextID, "after": after, "limit": page.Size() + 1}
	add := func(given bool, sql, name string, value any) {
		if given {
			where = append(where, sql)
			args[name] = value
		}
	}
	add(f.Side != "", "s.side = @side", "side", string(f.Side))
	add(f.SourceID != "", "s.id::text = @source", "source", f.SourceID)
	add(f.Currency != "", "t.currency = @currency", "currency", f.Currency)
	add(f.From.Set(), "t.date >= @from", "from", f.From.Time())
	add(f.To.Set(), "t.date <= @to", "to", f.To.Time())
	add(f.ExternalID != "", "t.external_id = @external", "external", f.ExternalID)
	add(f.Text != "", "(t.reference ILIKE @text OR t.description ILIKE @text)", "text", "%"+textPatterns.Replace(f.Text)+"%")
	if f.Amount != "" {
		money, err := recon.ParseMoney(f.Amount, f.Currency)
		if err != nil {
			return "", nil, recon.Invalid("BAD_AMOUNT", "amount: %v; it is read in the currency given beside it", err)
		}
		add(true, "t.amount = @amount", "amount", int64(money.Amount))
	}
	state, err := stateCondition(f.State)
	if err != nil {
		return "", nil, err
	}
	add(f.State != "", state, "state", string(f.State))
	return " WHERE " + strings.Join(where, " AND "), args, nil
}

func stateCondition(state recon.State) (string, error) {
	switch state {
	case "":
		return "", nil
	case recon.StateOpen:
		return "@state = 'OPEN' AND a.transaction_id IS NULL AND n.transaction_id IS NULL", nil
	case recon.StateIgnored:
		return "@state = 'IGNORED' AND n.transaction_id IS NOT NULL", nil
	case recon.StateProposed, recon.StatePartial, recon.StateConfirmed:
		return "g.status = @state", nil
	}
	return "", recon.Invalid("BAD_STATE", "a state is OPEN, PROPOSED, PARTIAL, CONFIRMED or IGNORED")
}

func (tx *Tx) scanTransaction(row pgx.CollectableRow) (t recon.StoredTransaction, err error) {
	var (
		id                                                          int64
		amount                                                      int64
		gross, fee, tax, net, original, group                       pgtype.Int8
		external, reference, description, kind, originalCcy, status pgtype.Text
		date, value                                                 pgtype.Date
		occurred                                                    *time.Time
		ignored                                                     bool
	)
	err = row.Scan(&id, &t.ContextID, &t.SourceID, &t.Side, &t.ImportID, &external, &reference, &amount, &t.Currency, &date,
		&value, &occurred, &description, &kind, &t.BookingStatus, &gross, &fee, &tax, &net, &original, &originalCcy,
		&t.Metadata, &group, &status, &ignored)
	if err != nil {
		return t, err
	}
	t.ID, t.Row = tx.ids(kindTransaction).Public(id), id&0xffffffff
	t.ExternalID, t.Reference, t.Description, t.Kind = external.String, reference.String, description.String, kind.String
	t.Amount, t.OriginalCurrency = decimal(amount, t.Currency), originalCcy.String
	t.Gross, t.Fee, t.Tax, t.Net = optional(gross, t.Currency), optional(fee, t.Currency), optional(tax, t.Currency), optional(net, t.Currency)
	t.OriginalAmount = optional(original, t.OriginalCurrency)
	t.Date, t.ValueDate, t.OccurredAt = dayOf(date), dayOf(value), inUTC(occurred)
	t.State = stateOf(status.String, ignored)
	if group.Valid {
		t.GroupID = tx.ids(kindGroup).Public(group.Int64)
	}
	return t, nil
}

func stateOf(groupStatus string, ignored bool) recon.State {
	switch {
	case groupStatus != "":
		return recon.State(groupStatus)
	case ignored:
		return recon.StateIgnored
	}
	return recon.StateOpen
}

// Ignore takes an open row out of reconciliation; it leaves the sums of what is open and stays in the balances.
func (tx *Tx) Ignore(ctx context.Context, id, reason string) (recon.StoredTransaction, error) {
	t, key, err := tx.lockedTransaction(ctx, id)
	if err != nil {
		return recon.StoredTransaction{}, err
	}
	if t.State != recon.StateOpen {
		return recon.StoredTransaction{}, recon.Conflict("NOT_OPEN", "only an open row can be ignored; this one is %s", t.State)
	}
	_, err = tx.tx.Exec(ctx, `INSERT INTO ignored_items (transaction_id, reason, created_by) VALUES ($1, $2, $3)`,
		key, reason, tx.Actor())
	if err != nil {
		return recon.StoredTransaction{}, fmt.Errorf("ignoring the row: %w", err)
	}
	_, err = tx.tx.Exec(ctx, `
		UPDATE exceptions SET status = 'RESOLVED', resolution = 'IGNORED', resolved_at = now()
		WHERE transaction_id = $1 AND status = 'OPEN'`, key)
	if err != nil {
		return recon.StoredTransaction{}, fmt.Errorf("resolving the row's exception: %w", err)
	}
	tx.Audit("transaction.ignore", kindTransaction, id, map[string]string{"reason": reason})
	t.State = recon.StateIgnored
	return t, nil
}

// Restore takes an ignored row back in; the next run sees it again.
func (tx *Tx) Restore(ctx context.Context, id string) (recon.StoredTransaction, error) {
	t, key, err := tx.lockedTransaction(ctx, id)
	if err != nil {
		return recon.StoredTransaction{}, err
	}
	var restored bool
	err = tx.tx.QueryRow(ctx, `
		WITH freed AS (
			DELETE FROM ignored_items WHERE transaction_id = $1 RETURNING transaction_id
		), listed AS (`+listFreed+`)
		SELECT EXISTS (SELECT FROM freed)`, key).Scan(&restored)
	if err != nil {
		return recon.StoredTransaction{}, fmt.Errorf("restoring the row: %w", err)
	}
	if !restored {
		return recon.StoredTransaction{}, recon.Conflict("NOT_IGNORED", "only an ignored row can be restored; this one is %s", t.State)
	}
	tx.Audit("transaction.restore", kindTransaction, id, nil)
	t.State = recon.StateOpen
	return t, nil
}

// lockedTransaction reads a row under its context's lock, so that no run saves beside the decision.
func (tx *Tx) lockedTransaction(ctx context.Context, id string) (recon.StoredTransaction, int64, error) {
	t, err := tx.Transaction(ctx, id)
	if err != nil {
		return t, 0, err
	}
	c, err := tx.LockContext(ctx, t.ContextID)
	if err != nil {
		return t, 0, err
	}
	if c.Status == recon.ContextArchived {
		return t, 0, recon.Conflict("CONTEXT_ARCHIVED", "the context is archived: activate it to change it")
	}
	t, err = tx.Transaction(ctx, id)
	key, _ := tx.ids(kindTransaction).Key(id)
	return t, key, err
}
