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

// Transactions searches a context's rows, in the order in which they were loaded. The page is found first, import by
// import, and joined afterwards: a page costs what it holds, whatever other contexts and other states hold.
func (tx *Tx) Transactions(
	ctx context.Context, contextID string, filter recon.TransactionFilter, page Page,
) ([]recon.StoredTransaction, string, error) {
	c, err := tx.Context(ctx, contextID)
	if err != nil {
		return nil, "", err
	}
	where, args, err := transactionWhere(filter)
	if err != nil {
		return nil, "", err
	}
	found, err := rowsInState(filter.State, where)
	if err != nil {
		return nil, "", err
	}
	args["context"], args["context_num"] = c.ID, c.Num
	return list[recon.StoredTransaction]{
		what: "transactions", scan: tx.scanTransaction,
		key: func(t recon.StoredTransaction) int64 { return tx.key(kindTransaction, t.ID) },
		sql: "WITH page AS MATERIALIZED (" + found + ")" + transactionSelect +
			" JOIN page p ON p.id = t.id ORDER BY t.id",
		args: args,
	}.page(ctx, tx, page)
}

// textPatterns makes a search text literal inside a LIKE pattern.
var textPatterns = strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`)

// transactionWhere is the condition on rows t of sources s, without their state and place.
func transactionWhere(f recon.TransactionFilter) (string, pgx.NamedArgs, error) {
	where, args := "", pgx.NamedArgs{}
	add := func(given bool, sql, name string, value any) {
		if given {
			where += " AND " + sql
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
	return where, args, nil
}

// importRows reads the rows of imports of the context, import by import, so that it ends with the page.
func importRows(imports, joins, where string) string {
	return `
		SELECT t.id
		FROM (
			SELECT i.num, s.num AS source_num, s.id, s.side
			FROM sources s
			JOIN imports i ON i.source_id = s.id
			WHERE s.context_id = @context AND i.num >= @after::bigint >> 32` + imports + `
			ORDER BY i.num
		) s
		CROSS JOIN LATERAL (
			SELECT t.id
			FROM transactions t` + joins + `
			WHERE t.id > greatest(@after, s.num << 32) AND t.id < (s.num + 1) << 32` + where + `
			ORDER BY t.id LIMIT @limit
		) t
		ORDER BY s.num, t.id LIMIT @limit`
}

const (
	notTaken = ` AND NOT EXISTS (SELECT FROM active_items a WHERE a.transaction_id = t.id)
		AND NOT EXISTS (SELECT FROM ignored_items n WHERE n.transaction_id = t.id)`
	rowsOfContext = ` JOIN sources s ON s.num = t.source_num WHERE s.context_id = @context AND t.id > @after`
)

// rowsInState is the query for the ids of a page of rows in a state, "" being any. Each state has its own list: open
// rows of imports that a run has read, groups that wait for a decision, ignored rows.
func rowsInState(state recon.State, where string) (string, error) {
	switch state {
	case "":
		return importRows("", "", where), nil
	case recon.StateOpen:
		return `SELECT id FROM (
			(SELECT t.id
			FROM sources s
			CROSS JOIN LATERAL (
				SELECT t.id
				FROM open_items o
				JOIN transactions t ON t.id = o.transaction_id
				WHERE o.source_num = s.num AND o.transaction_id > @after` + where + notTaken + `
				ORDER BY o.transaction_id LIMIT @limit
			) t
			WHERE s.context_id = @context
			ORDER BY t.id LIMIT @limit)
			UNION ALL
			(` + importRows(" AND NOT i.listed", "", where+notTaken) + `)
		) o ORDER BY id LIMIT @limit`, nil
	case recon.StateIgnored:
		return `SELECT t.id FROM ignored_items n JOIN transactions t ON t.id = n.transaction_id` + rowsOfContext + where + `
			ORDER BY t.id LIMIT @limit`, nil
	case recon.StateProposed, recon.StatePartial:
		return `SELECT t.id
			FROM match_groups g
			CROSS JOIN LATERAL unnest(g.left_ids || g.right_ids) AS m (id)
			JOIN transactions t ON t.id = m.id` + rowsOfContext + where + `
			AND g.context_num = @context_num AND g.status = '` + string(state) + `' AND NOT g.preview
			ORDER BY t.id LIMIT @limit`, nil
	case recon.StateConfirmed:
		return importRows("", `
			JOIN active_items a ON a.transaction_id = t.id
			JOIN match_groups g ON g.id = a.group_id AND g.status = 'CONFIRMED'`, where), nil
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
	if err := tx.ignoreWithinLimits(ctx, t, reason); err != nil {
		return recon.StoredTransaction{}, err
	}
	if _, err = tx.exec(ctx, "resolving the row's exception", `
		UPDATE exceptions SET status = 'RESOLVED', resolution = 'IGNORED', resolved_at = now(), standing = false,
			snoozed_until = NULL, resolution_num = NULL
		WHERE transaction_id = $1 AND (status <> 'RESOLVED' OR standing)`, key); err != nil {
		return recon.StoredTransaction{}, err
	}
	tx.Audit("transaction.ignore", kindTransaction, id, map[string]string{"reason": reason})
	t.State = recon.StateIgnored
	return t, nil
}

// ignoreWithinLimits stores that a row is ignored. It takes one person: above the line of two the row's exception is
// resolved as IGNORED, which another person approves.
func (tx *Tx) ignoreWithinLimits(ctx context.Context, t recon.StoredTransaction, reason string) error {
	c, err := tx.Context(ctx, t.ContextID)
	if err != nil {
		return err
	}
	money, err := recon.ParseMoney(t.Amount, t.Currency)
	if err != nil {
		return fmt.Errorf("reading a stored amount: %w", err)
	}
	key := tx.key(kindTransaction, t.ID)
	e := &ending{
		heldException: &heldException{ContextID: c.ID, context: c}, Key: key, Amount: int64(money.Amount),
		Currency: t.Currency,
	}
	e.asked.Outcome = recon.OutcomeIgnored
	second, err := tx.takeEnding(ctx, limiters{}, e)
	if err == nil && second {
		err = recon.Forbidden(recon.CodeSecondPerson,
			"above this amount two people decide: resolve the exception as IGNORED, and another person approves it")
	}
	if err != nil {
		return err
	}
	_, err = tx.exec(ctx, "ignoring the row", `
		INSERT INTO ignored_items (transaction_id, context_num, amount, currency, party, reason, created_by)
		VALUES ($1, $2, $3, $4, $5, $6, $7)`, key, c.Num, e.Amount, e.Currency, e.asked.Party, reason, tx.actor)
	return err
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
	if _, err := tx.exec(ctx, "reopening the row's exception", `
		UPDATE exceptions SET status = 'REOPENED', resolution = '', resolution_num = NULL, resolved_at = NULL, opened_at = now()
		WHERE transaction_id = $1 AND status = 'RESOLVED'`, key); err != nil {
		return recon.StoredTransaction{}, err
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
