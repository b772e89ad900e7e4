package postgres

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"math/big"
	"slices"

	"github.com/jackc/pgx/v5"

	"matcher/internal/recon"
)

// statementSQL cuts a context's rows at a day and puts each of them into one item of the bridge. A row of a group is
// in the group's difference when the whole group is on or before the day, and in transit otherwise: on that day its
// partner had not come. "amount" is Σ left − Σ right of the item; the difference of a whole group is what the group
// itself holds, so that the bridge also proves groups against rows. What is left of a partial group is open money of
// the side that has more.
const statementSQL = statementRows + `, last AS ( -- the last run, and how far the other side of each side was covered
		SELECT as_of, side, (plan #>> ARRAY['options', 'covered', CASE side WHEN 'LEFT' THEN 'right' ELSE 'left' END])::date AS covered
		FROM (
			SELECT as_of, plan FROM runs WHERE context_id = @context AND mode = 'COMMIT' AND status = 'COMPLETED'
			ORDER BY num DESC LIMIT 1
		) run CROSS JOIN (VALUES ('LEFT'), ('RIGHT')) sides (side)
	), mixed AS ( -- a group of several currencies is in each of them by what it takes from the two sides there
		SELECT group_id FROM rows WHERE group_id IS NOT NULL GROUP BY group_id HAVING min(currency) <> max(currency)
	)
	SELECT 'balance' AS label, side, '' AS class, '' AS reason, currency, sum(amount)::text AS amount, count(*)
	FROM rows WHERE counts GROUP BY side, currency
	UNION ALL
	SELECT CASE WHEN r.ignored THEN 'ignored' WHEN r.side = 'LEFT' THEN 'in left only' ELSE 'in right only' END, r.side,
		CASE WHEN r.ignored THEN '' WHEN c.group_id IS NOT NULL THEN 'TIMING' ELSE coalesce(e.class, 'TIMING') END,
		CASE WHEN r.ignored THEN 'IGNORED' WHEN c.group_id IS NOT NULL THEN 'IN_TRANSIT' WHEN e.standing THEN e.resolution WHEN e.class IS NOT NULL THEN e.reason
			WHEN NOT i.listed THEN 'NOT_RUN' WHEN greatest(last.as_of, r.date) > last.covered THEN 'NOT_COVERED' ELSE 'IN_TRANSIT' END,
		r.currency, sum(CASE r.side WHEN 'LEFT' THEN r.amount ELSE -r.amount END)::text, count(*)
	FROM rows r
	JOIN imports i ON i.num = r.id >> 32
	LEFT JOIN cut c ON c.group_id = r.group_id
	LEFT JOIN exceptions e ON e.transaction_id = r.id AND (e.status <> 'RESOLVED' OR e.standing)
	LEFT JOIN last ON last.side = r.side
	WHERE r.counts AND r.books IS NULL AND (r.group_id IS NULL OR c.group_id IS NOT NULL)
	GROUP BY 1, 2, 3, 4, 5
	UNION ALL
	SELECT 'rest of partial groups', CASE WHEN ` + restOnRight + ` THEN 'RIGHT' ELSE 'LEFT' END, 'BREAK', coalesce(e.resolution, 'PARTIAL_REST'), g.currency,
		sum(g.residual)::text, count(*)
	FROM whole w JOIN match_groups g ON g.id = w.group_id
	LEFT JOIN exceptions e ON e.transaction_id = ` + restRow + ` AND e.standing
	WHERE g.status = 'PARTIAL' AND g.residual <> 0
	GROUP BY 2, 4, 5
	UNION ALL
	SELECT CASE g.status WHEN 'CONFIRMED' THEN 'difference of matched groups' WHEN 'PARTIAL' THEN 'difference of partial groups'
			ELSE 'difference of proposed groups' END, '', '',
		coalesce(g.difference_reason, ''), g.currency, sum(g.difference - CASE g.status WHEN 'PARTIAL' THEN g.residual ELSE 0 END)::text, count(*)
	FROM whole w JOIN match_groups g ON g.id = w.group_id
	WHERE g.difference <> CASE g.status WHEN 'PARTIAL' THEN g.residual ELSE 0 END
		AND NOT EXISTS (SELECT 1 FROM mixed m WHERE m.group_id = g.id)
	GROUP BY 1, 4, 5
	UNION ALL
	SELECT CASE g.status WHEN 'CONFIRMED' THEN 'matched with another currency' ELSE 'proposed with another currency' END, '', '', '',
		r.currency, sum(CASE r.side WHEN 'LEFT' THEN r.amount ELSE -r.amount END)::text, count(DISTINCT r.group_id)
	FROM mixed m JOIN whole w ON w.group_id = m.group_id JOIN match_groups g ON g.id = m.group_id JOIN rows r ON r.group_id = m.group_id
	GROUP BY 1, 5
	UNION ALL -- what a row has booked is taken off what its group is apart
	SELECT CASE WHEN m.group_id IS NULL THEN 'difference of matched groups' ELSE 'matched with another currency' END, '', '',
		CASE WHEN m.group_id IS NULL THEN r.books ELSE '' END, r.currency, sum(r.amount)::text,
		sum(CASE WHEN m.group_id IS NULL THEN -1 ELSE 0 END)
	FROM rows r LEFT JOIN mixed m ON m.group_id = r.books_of
	WHERE r.counts AND r.books IS NOT NULL
	GROUP BY 1, 4, 5`

// statementRows cuts a context's rows at a day: which of them count, which groups the day cuts, and which lie before
// it.
const statementRows = `
	WITH rows AS (
		SELECT t.id, t.currency, t.amount, s.side, CASE WHEN b.num IS NULL THEN a.group_id END AS group_id,
			b.reason AS books, b.group_id AS books_of, n.transaction_id IS NOT NULL AS ignored, t.source_num,
			t.date, t.date <= @asOf AS counts
		FROM transactions t
		JOIN sources s ON s.num = t.source_num
		LEFT JOIN active_items a ON a.transaction_id = t.id
		LEFT JOIN adjustments b ON b.booked_by = t.id
		LEFT JOIN ignored_items n ON n.transaction_id = t.id
		WHERE s.context_id = @context
	), cut AS (
		SELECT group_id FROM rows WHERE group_id IS NOT NULL GROUP BY group_id HAVING bool_or(counts) AND NOT bool_and(counts)
	), whole AS (
		SELECT DISTINCT group_id FROM rows r
		WHERE group_id IS NOT NULL AND counts AND NOT EXISTS (SELECT 1 FROM cut WHERE cut.group_id = r.group_id)
	)`

// statementRow is a line of statementSQL.
type statementRow struct {
	Label, Class, Reason, Currency string
	Side                           recon.Side
	Amount                         string // minor units, of any size
	Count                          int64
}

// Statement is a context's bridge on a day, from what is stored; NoDay asks for the day of its latest row. It ties to
// the minor unit, or it is an error.
func (tx *Tx) Statement(ctx context.Context, contextID string, asOf recon.Day) (recon.Statement, error) {
	if _, err := tx.Context(ctx, contextID); err != nil {
		return recon.Statement{}, err
	}
	asOf, err := tx.statementDay(ctx, contextID, asOf)
	if err != nil {
		return recon.Statement{}, err
	}
	found, err := all[statementRow](tx.query(ctx, statementSQL, pgx.NamedArgs{"context": contextID, "asOf": asOf}))
	if err != nil {
		return recon.Statement{}, fmt.Errorf("reading the statement: %w", err)
	}
	stated, err := tx.statedBalances(ctx, contextID, asOf)
	if err != nil {
		return recon.Statement{}, err
	}
	out := recon.Statement{ContextID: contextID, AsOf: asOf, Currencies: []recon.StatementCurrency{}}
	byCurrency := map[string][]statementRow{}
	for _, row := range found {
		byCurrency[row.Currency] = append(byCurrency[row.Currency], row)
	}
	balances := map[string][]recon.StatedBalance{}
	for _, s := range stated {
		byCurrency[s.currency] = append(byCurrency[s.currency], s.lines()...)
		balances[s.currency] = append(balances[s.currency], s.StatedBalance)
	}
	for _, currency := range slices.Sorted(maps.Keys(byCurrency)) {
		bridge, err := bridgeOf(currency, byCurrency[currency])
		bridge.Stated = balances[currency]
		if err != nil {
			return recon.Statement{}, err
		}
		out.Currencies = append(out.Currencies, bridge)
	}
	return out, nil
}

func (tx *Tx) statementDay(ctx context.Context, contextID string, asOf recon.Day) (recon.Day, error) {
	if asOf.Set() {
		return asOf, nil
	}
	latest, err := value[recon.Day](tx.query(ctx, `
		SELECT max(t.date) FROM transactions t JOIN sources s ON s.num = t.source_num WHERE s.context_id = $1`, contextID))
	if err == nil && !latest.Set() {
		latest = 0 // a context without rows: any day gives the same empty statement
	}
	return latest, err
}

// merged adds lines of one name up. One that comes to nothing, of nothing, is none.
func merged(rows []statementRow) (lines []statementRow) {
	at := map[statementRow]int{}
	for _, r := range rows {
		key := r
		key.Amount, key.Count = "", 0
		i, known := at[key]
		if !known {
			at[key], lines = len(lines), append(lines, r)
			continue
		}
		sum, one := new(big.Int).SetString(lines[i].Amount, 10)
		more, other := new(big.Int).SetString(r.Amount, 10)
		if one && other {
			lines[i].Amount, lines[i].Count = sum.Add(sum, more).String(), lines[i].Count+r.Count
		}
	}
	return slices.DeleteFunc(lines, func(r statementRow) bool { return r.Amount == "0" && r.Count == 0 })
}

// bridgeOf signs the items so that left + items = right, and holds the bridge to it.
func bridgeOf(currency string, rows []statementRow) (recon.StatementCurrency, error) {
	left, right, carried := new(big.Int), new(big.Int), new(big.Int)
	out := recon.StatementCurrency{Currency: currency, Items: []recon.StatementItem{}}
	for _, r := range merged(rows) {
		amount, whole := new(big.Int).SetString(r.Amount, 10)
		switch {
		case !whole:
			return out, fmt.Errorf("a sum of minor units is no whole number: %q", r.Amount)
		case r.Label == "balance" && r.Side == recon.Left:
			left.Add(left, amount)
			continue
		case r.Label == "balance":
			right.Add(right, amount)
			continue
		}
		carried.Sub(carried, amount)
		out.Items = append(out.Items, recon.StatementItem{
			Label: r.Label, Side: r.Side, Class: r.Class, Reason: r.Reason,
			Amount: decimalText(amount.Neg(amount).String(), currency), Count: r.Count,
		})
	}
	if sum := new(big.Int).Add(left, carried); sum.Cmp(right) != 0 {
		return out, fmt.Errorf("the bridge in %s does not tie: %s + %s is not %s", currency, left, carried, right)
	}
	slices.SortFunc(out.Items, func(a, b recon.StatementItem) int {
		return cmp.Or(cmp.Compare(a.Label, b.Label), cmp.Compare(a.Side, b.Side), cmp.Compare(a.Class, b.Class),
			cmp.Compare(a.Reason, b.Reason))
	})
	out.Left, out.Right = decimalText(left.String(), currency), decimalText(right.String(), currency)
	return out, nil
}
