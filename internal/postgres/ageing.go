package postgres

import (
	"context"
	"fmt"
	"maps"
	"math/big"
	"slices"

	"github.com/jackc/pgx/v5"

	"matcher/internal/recon"
)

// ageingSQL sums what the statement of the same day calls open, with the rests of partial groups, by age. Amounts are
// of their own side's sign.
const ageingSQL = statementRows + `, items AS (
		SELECT r.side, r.currency, r.amount, t.date
		FROM rows r JOIN transactions t ON t.id = r.id
		WHERE r.counts AND NOT r.ignored AND r.books IS NULL AND (r.group_id IS NULL OR r.group_id IN (SELECT group_id FROM cut))
		UNION ALL
		SELECT CASE WHEN ` + restOnRight + ` THEN 'RIGHT' ELSE 'LEFT' END, g.currency,
			CASE WHEN ` + restOnRight + ` THEN -g.residual ELSE g.residual END,
			(SELECT min(t.date) FROM transactions t WHERE t.id = ANY (g.left_ids || g.right_ids))
		FROM whole w JOIN match_groups g ON g.id = w.group_id
		WHERE g.status = 'PARTIAL' AND g.residual <> 0
	)
	SELECT currency, side, (SELECT count(*) FROM unnest(@bounds::integer[]) AS b (days) WHERE @asOf::date - date > b.days) AS bucket,
		sum(amount)::text AS amount, count(*), min(date) AS oldest
	FROM items GROUP BY 1, 2, 3`

// ageingRow is a line of ageingSQL.
type ageingRow struct {
	Currency string
	Side     recon.Side
	Bucket   int
	Amount   string // minor units, of any size
	Count    int64
	Oldest   recon.Day
}

// Ageing is how old a context's open items are on a day, from what is stored; NoDay asks for the day of its latest row.
func (tx *Tx) Ageing(ctx context.Context, contextID string, asOf recon.Day) (recon.Ageing, error) {
	if _, err := tx.Context(ctx, contextID); err != nil {
		return recon.Ageing{}, err
	}
	asOf, err := tx.statementDay(ctx, contextID, asOf)
	if err != nil {
		return recon.Ageing{}, err
	}
	found, err := all[ageingRow](tx.query(ctx, ageingSQL,
		pgx.NamedArgs{"context": contextID, "asOf": asOf, "bounds": recon.AgeBounds}))
	if err != nil {
		return recon.Ageing{}, fmt.Errorf("reading the ageing: %w", err)
	}
	sides := map[string]map[recon.Side][]ageingRow{}
	for _, row := range found {
		if sides[row.Currency] == nil {
			sides[row.Currency] = map[recon.Side][]ageingRow{}
		}
		sides[row.Currency][row.Side] = append(sides[row.Currency][row.Side], row)
	}
	out := recon.Ageing{ContextID: contextID, AsOf: asOf, Currencies: []recon.AgeingCurrency{}}
	for _, currency := range slices.Sorted(maps.Keys(sides)) {
		out.Currencies = append(out.Currencies, recon.AgeingCurrency{
			Currency: currency, Left: ageingSide(currency, sides[currency][recon.Left]),
			Right: ageingSide(currency, sides[currency][recon.Right]),
		})
	}
	return out, nil
}

// ageingSide lays a side's sums out into every bucket, empty ones too, so that two days can be compared line by line.
func ageingSide(currency string, rows []ageingRow) recon.AgeingSide {
	side, total := recon.AgeingSide{}, new(big.Int)
	for i := range len(recon.AgeBounds) + 1 {
		bucket := recon.AgeBucket{Amount: decimalText("0", currency)}
		if i > 0 {
			bucket.FromDays = recon.AgeBounds[i-1] + 1
		}
		if i < len(recon.AgeBounds) {
			bucket.ToDays = &recon.AgeBounds[i]
		}
		side.Buckets = append(side.Buckets, bucket)
	}
	for _, r := range rows {
		amount, _ := new(big.Int).SetString(r.Amount, 10)
		total.Add(total, amount)
		side.Count += r.Count
		side.Buckets[r.Bucket].Count, side.Buckets[r.Bucket].Amount = r.Count, decimalText(r.Amount, currency)
		if side.Oldest == 0 || r.Oldest < side.Oldest {
			side.Oldest = r.Oldest
		}
	}
	side.Amount = decimalText(total.String(), currency)
	return side
}
