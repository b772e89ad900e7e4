package testkit

import (
	"context"
	"encoding/json"
	"fmt"
	"math/big"

	"github.com/jackc/pgx/v5"

	"matcher/internal/recon"
)

// toleranceOracle is oracle O4: each group that a run confirmed is within the amounts that its rule allowed, by the rule
// as the run's plan keeps it. The engine counts in scaled integers; this counts in fractions, so neither copies the other.
const toleranceOracle = "O4 a confirmed group is within its rule's tolerance"

const confirmedGroupsSQL = `
	SELECT g.id, g.left_amount, g.right_amount, g.difference, g.currency, p.rule
	FROM match_groups g
	JOIN runs r ON r.num = g.id >> 32
	CROSS JOIN LATERAL (
		SELECT e -> 'rule' AS rule FROM jsonb_array_elements(r.plan -> 'rules') WITH ORDINALITY AS l (e, n)
		WHERE CASE WHEN g.rule_id IS NULL THEN n = g.rule_version ELSE e ->> 'id' = g.rule_id::text END
	) AS p
	WHERE g.status = 'CONFIRMED'`

func outsideTolerance(ctx context.Context, tx pgx.Tx) (found []string, err error) {
	rows, err := tx.Query(ctx, confirmedGroupsSQL)
	if err != nil {
		return nil, err
	}
	var id, left, right, difference int64
	var currency string
	var text []byte
	rules := map[string]recon.Rule{}
	_, err = pgx.ForEachRow(rows, []any{&id, &left, &right, &difference, &currency, &text}, func() error {
		rule, known := rules[string(text)]
		if !known {
			if err := json.Unmarshal(text, &rule); err != nil {
				return err
			}
			rules[string(text)] = rule
		}
		if difference != left-right {
			found = append(found, fmt.Sprintf("group %d: %d - %d is not %d", id, left, right, difference))
		} else if allowed := amountAllowed(rule, currency, left, right); allowed != nil && allowed.Cmp(new(big.Rat).Abs(big.NewRat(difference, 1))) < 0 {
			found = append(found, fmt.Sprintf("group %d by %q: differs by %d, allowed are %s", id, rule.Name, difference, allowed.FloatString(2)))
		}
		return nil
	})
	return found, err
}

// amountAllowed is the most by which the sides may differ, in minor units: nil where the group's own amounts do not
// decide it, because the rule compares other ones or none, or weighs whole groups.
func amountAllowed(rule recon.Rule, currency string, left, right int64) *big.Rat {
	a := rule.WithDefaults().Amount
	if rule.Type != recon.RuleExact && rule.Type != recon.RuleTolerance && rule.Type != recon.RuleDateLag {
		return nil
	}
	if a.Mode == recon.AmountAny || a.Left != "" && a.Left != "amount" || a.Right != "" && a.Right != "amount" ||
		a.Sign != "" && a.Sign != recon.SignSame || rule.Currency.Mode != "" && rule.Currency.Mode != recon.CurrencySame {
		return nil
	}
	allowed := new(big.Rat)
	if a.Mode == recon.AmountExact {
		return allowed
	}
	if limit, given := a.Abs.In(currency); given {
		allowed.SetInt64(int64(limit))
	}
	if percent, ok := new(big.Rat).SetString(string(a.Percent)); ok {
		larger := max(left, -left, right, -right)
		share := halfUp(percent.Mul(percent, big.NewRat(larger, 100)))
		if share.Cmp(allowed) > 0 {
			allowed = share
		}
	}
	if limit, given := a.Cap.In(currency); given && allowed.Cmp(big.NewRat(int64(limit), 1)) > 0 {
		allowed.SetInt64(int64(limit))
	}
	return allowed
}

// halfUp rounds a fraction that is not negative to the minor unit, as rules do.
func halfUp(x *big.Rat) *big.Rat {
	x.Add(x, big.NewRat(1, 2))
	return x.SetInt(new(big.Int).Quo(x.Num(), x.Denom()))
}
