package postgres

import (
	"context"
	"fmt"
	"maps"
	"math/big"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"matcher/internal/recon"
)

// ageingSQL sums what the statement of the same day calls open, with the rests of partial groups, by age. Amounts are of
// their own side's sign.
const ageingSQL = statementRows + `, items AS (
		SELECT r.side, r.currency, r.amount, t.date
		FROM rows r JOIN transactions t ON t.id = r.id
		WHERE r.counts AND NOT r.ignored AND (r.group_id IS NULL OR r.group_id IN (SELECT group_id FROM cut))
		UNION ALL
		SELECT CASE WHEN ` + restOnRight + ` THEN 'RIGHT' ELSE 'LEFT' END, g.currency,
			CASE WHEN ` + restOnRight + ` THEN -g.residual ELSE g.residual END,
			(SELECT min(t.date) FROM transactions t WHERE t.id = ANY (g.left_ids || g.right_ids))
		FROM whole w JOIN match_groups g ON g.id = w.group_id
		WHERE g.status = 'PARTIAL' AND g.residual <> 0
	)
	SELECT currency, side, (SELECT count(*) FROM unnest(@bounds::integer[]) AS b (days) WHERE @asOf::date - date > b.days) AS bucket,
		sum(amount)::text, count(*), min(date)
	FROM items GROUP BY 1, 2, 3`

// ageingRow is a line of ageingSQL.
type ageingRow struct {
	currency, side string
	bucket         int
	amount         *big.Int
	count          int64
	oldest         recon.Day
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
	rows, _ := tx.tx.Query(ctx, ageingSQL, pgx.NamedArgs{"context": contextID, "asOf": dateOf(asOf), "bounds": recon.AgeBounds})
	found, err := pgx.CollectRows(rows, scanAgeingRow)
	if err != nil {
		return recon.Ageing{}, fmt.Errorf("reading the ageing: %w", err)
	}
	sides := map[string]*[2][]ageingRow{}
	for _, row := range found {
		if sides[row.currency] == nil {
			sides[row.currency] = &[2][]ageingRow{}
		}
		side := 0
		if row.side == string(recon.Right) {
			side = 1
		}
		sides[row.currency][side] = append(sides[row.currency][side], row)
	}
	out := recon.Ageing{ContextID: contextID, AsOf: asOf, Currencies: []recon.AgeingCurrency{}}
	for _, currency := range slices.Sorted(maps.Keys(sides)) {
		out.Currencies = append(out.Currencies, recon.AgeingCurrency{
			Currency: currency, Left: ageingSide(currency, sides[currency][0]), Right: ageingSide(currency, sides[currency][1]),
		})
	}
	return out, nil
}

func scanAgeingRow(row pgx.CollectableRow) (r ageingRow, err error) {
	var amount string
	var oldest pgtype.Date
	if err := row.Scan(&r.currency, &r.side, &r.bucket, &amount, &r.count, &oldest); err != nil {
		return r, err
	}
	r.oldest = dayOf(oldest)
	r.amount, _ = new(big.Int).SetString(amount, 10)
	return r, nil
}

// ageingSide lays a side's sums out into every bucket, empty ones too, so that two days can be compared line by line.
func ageingSide(currency string, rows []ageingRow) recon.AgeingSide {
	side, total := recon.AgeingSide{}, new(big.Int)
	sums := make([]big.Int, len(recon.AgeBounds)+1)
	for i := range sums {
		bucket := recon.AgeBucket{}
		if i > 0 {
			bucket.FromDays = recon.AgeBounds[i-1] + 1
		}
		if i < len(recon.AgeBounds) {
			bucket.ToDays = &recon.AgeBounds[i]
		}
		side.Buckets = append(side.Buckets, bucket)
	}
	for _, r := range rows {
		sums[r.bucket].Set(r.amount)
		total.Add(total, r.amount)
		side.Count += r.count
		side.Buckets[r.bucket].Count = r.count
		if side.Oldest == 0 || r.oldest < side.Oldest {
			side.Oldest = r.oldest
		}
	}
	for i := range sums {
		side.Buckets[i].Amount = decimalText(sums[i].String(), currency)
	}
	side.Amount = decimalText(total.String(), currency)
	return side
}
