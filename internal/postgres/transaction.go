package postgres

import (
	"context"
	"fmt"
	"strings"

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

// key returns the key behind a public id that this package gave.
func (tx *Tx) key(kind, id string) int64 {
	key, _ := tx.ids(kind).Key(id)
	return key
}

// publicOrNone returns the public id of a key, "" for NULL.
func (tx *Tx) publicOrNone(kind string, key *int64) string {
	if key == nil {
		return ""
	}
	return tx.ids(kind).Public(*key)
}

// transactionFrom joins a row with what its state follows from: the active group that holds it, or its being ignored.
const transactionFrom = `
	FROM transactions t
	JOIN sources s ON s.num = t.source_num
	JOIN imports i ON i.num = t.id >> 32
	LEFT JOIN active_items a ON a.transaction_id = t.id
	LEFT JOIN match_groups g ON g.id = a.group_id
	LEFT JOIN ignored_items n ON n.transaction_id = t.id`

const transactionSelect = `
	SELECT t.id AS key, s.context_id, s.id AS source_id, s.side, i.id AS import_id, coalesce(t.external_id, '') AS external_id,
		coalesce(t.reference, '') AS reference, t.amount AS minor, t.currency, t.date, t.value_date, t.occurred_at,
		coalesce(t.description, '') AS description, coalesce(t.kind, '') AS kind, t.booking_status, t.gross AS gross_minor,
		t.fee AS fee_minor, t.tax AS tax_minor, t.net AS net_minor, t.original_amount AS original_minor,
		coalesce(t.original_currency, '') AS original_currency, t.metadata, g.id AS group_key,
		coalesce(g.status, CASE WHEN n.transaction_id IS NULL THEN 'OPEN' ELSE 'IGNORED' END) AS state` + transactionFrom

// Transaction is one row with its state.
func (tx *Tx) Transaction(ctx context.Context, id string) (recon.StoredTransaction, error) {
	key, ok := tx.ids(kindTransaction).Key(id)
	if !ok {
		return recon.StoredTransaction{}, recon.NotFound("transaction")
	}
	t, err := pgx.CollectExactlyOneRow(tx.query(ctx, transactionSelect+` WHERE t.id = $1`, key), tx.scanTransaction)
	return t, notFound(err, "transaction")
}

// Transactions searches a context's rows, in the order in which they were loaded.
func (tx *Tx) Transactions(
	ctx context.Context, contextID string, filter recon.TransactionFilter, page Page,
) ([]recon.StoredTransaction, string, error) {
	where, args, err := tx.transactionWhere(ctx, contextID, filter)
	if err != nil {
		return nil, "", err
	}
	return list[recon.StoredTransaction]{
		what: "transactions", scan: tx.scanTransaction,
		key:  func(t recon.StoredTransaction) int64 { return tx.key(kindTransaction, t.ID) },
		sql:  transactionSelect + where + ` ORDER BY t.id LIMIT @limit`,
		args: args,
	}.page(ctx, tx, page)
}

// textPatterns makes a search text literal inside a LIKE pattern.
var textPatterns = strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`)

func (tx *Tx) transactionWhere(
	ctx context.Context, contextID string, f recon.TransactionFilter,
) (string, pgx.NamedArgs, error) {
	if _, err := tx.Context(ctx, contextID); err != nil {
		return "", nil, err
	}
	where := []string{"s.context_id = @context", "t.id > @after"}
	args := pgx.NamedArgs{"context": contextID}
	add := func(given bool, sql, name string, value any) {
		if given {
			where = append(where, sql)
			args[name] = value
		}
	}
	add(f.Side != "", "s.side = @side", "side", f.Side)
	add(f.SourceID != "", "s.id::text = @source", "source", f.SourceID)
	add(f.Currency != "", "t.currency = @currency", "currency", f.Currency)
	add(f.From.Set(), "t.date >= @from", "from", f.From)
	add(f.To.Set(), "t.date <= @to", "to", f.To)
	add(f.ExternalID != "", "t.external_id = @external", "external", f.ExternalID)
	add(f.Text != "", "(t.reference ILIKE @text OR t.description ILIKE @text)", "text",
		"%"+textPatterns.Replace(f.Text)+"%")
	if f.Amount != "" {
		money, err := recon.ParseMoney(f.Amount, f.Currency)
		if err != nil {
			return "", nil, recon.Invalid(recon.CodeAmountUnreadable,
				"amount: %v; it is read in the currency given beside it", err)
		}
		add(true, "t.amount = @amount", "amount", int64(money.Amount))
	}
	state, err := stateCondition(f.State)
	if err != nil {
		return "", nil, err
	}
	add(f.State != "", state, "state", f.State)
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
	return "", recon.Invalid(recon.CodeInvalidValue, "a state is OPEN, PROPOSED, PARTIAL, CONFIRMED or IGNORED")
}

func (tx *Tx) scanTransaction(row pgx.CollectableRow) (recon.StoredTransaction, error) {
	t, err := pgx.RowToStructByNameLax[struct {
		recon.StoredTransaction
		Key, Minor                                              int64
		GrossMinor, FeeMinor, TaxMinor, NetMinor, OriginalMinor pgtype.Int8
		GroupKey                                                *int64
	}](row)
	t.ID, t.Row, t.GroupID = tx.ids(kindTransaction).Public(t.Key), t.Key&0xffffffff, tx.publicOrNone(kindGroup,
		t.GroupKey)
	t.Amount, t.OriginalAmount = decimal(t.Minor, t.Currency), optional(t.OriginalMinor, t.OriginalCurrency)
	t.Gross, t.Fee = optional(t.GrossMinor, t.Currency), optional(t.FeeMinor, t.Currency)
	t.Tax, t.Net = optional(t.TaxMinor, t.Currency), optional(t.NetMinor, t.Currency)
	return t.StoredTransaction, err
}

// Ignore takes an open row out of reconciliation; it leaves the sums of what is open and stays in the balances.
func (tx *Tx) Ignore(ctx context.Context, id, reason string) (recon.StoredTransaction, error) {
	t, key, err := tx.lockedTransaction(ctx, id)
	if err != nil {
		return recon.StoredTransaction{}, err
	}
	if t.State != recon.StateOpen {
		return recon.StoredTransaction{},
			recon.Conflict(recon.CodeNotOpen, "only an open row can be ignored; this one is %s", t.State)
	}
	if _, err = tx.exec(ctx, "ignoring the row", `
		INSERT INTO ignored_items (transaction_id, reason, created_by) VALUES ($1, $2, $3)`, key, reason, tx.actor); err != nil {
		return recon.StoredTransaction{}, err
	}
	if _, err = tx.exec(ctx, "resolving the row's exception", `
		UPDATE exceptions SET status = 'RESOLVED', resolution = 'IGNORED', resolved_at = now()
		WHERE transaction_id = $1 AND status = 'OPEN'`, key); err != nil {
		return recon.StoredTransaction{}, err
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
	restored, err := value[bool](tx.query(ctx, `
		WITH freed AS (
			DELETE FROM ignored_items WHERE transaction_id = $1 RETURNING transaction_id
		), listed AS (`+listFreed+`)
		SELECT EXISTS (SELECT FROM freed)`, key))
	if err != nil {
		return recon.StoredTransaction{}, fmt.Errorf("restoring the row: %w", err)
	}
	if !restored {
		return recon.StoredTransaction{},
			recon.Conflict(recon.CodeNotIgnored, "only an ignored row can be restored; this one is %s", t.State)
	}
	tx.Audit("transaction.restore", kindTransaction, id, nil)
	t.State = recon.StateOpen
	return t, nil
}

// lockedTransaction reads a row under its context's lock, so that no run saves during the decision.
func (tx *Tx) lockedTransaction(ctx context.Context, id string) (recon.StoredTransaction, int64, error) {
	t, err := tx.Transaction(ctx, id)
	if err != nil {
		return t, 0, err
	}
	if _, err := tx.lockOpenContext(ctx, t.ContextID); err != nil {
		return t, 0, err
	}
	t, err = tx.Transaction(ctx, id)
	return t, tx.key(kindTransaction, id), err
}
