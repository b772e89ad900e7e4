package postgres

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"matcher/internal/auth"
	"matcher/internal/recon"
)

// limiter holds decisions of people on a context's money to its policy. It counts what was decided before in the
// month, and what it has let pass in this transaction.
type limiter struct {
	tx         *Tx
	contextNum int32
	policy     recon.ExceptionPolicy
	passed     map[spent]int64
}

// spent is what sums are kept by; party is "" for all parties.
type spent struct {
	line            int
	currency, party string
}

// decided is money that a person ends by decision.
type decided struct {
	reason, currency, party string
	amount                  int64
}

func (tx *Tx) newLimiter(ctx context.Context, contextNum int32) (*limiter, error) {
	policy, err := tx.policyOf(ctx, contextNum)
	return &limiter{tx: tx, contextNum: contextNum, policy: policy.ExceptionPolicy, passed: map[spent]int64{}}, err
}

// take lets a decision pass, or refuses it. It reports whether another person has to decide too. Of the lines that
// name the caller's roles the most generous decides; a reason that lines name for other roles only is refused.
func (l *limiter) take(ctx context.Context, d decided) (second bool, err error) {
	principal, _ := auth.PrincipalFrom(ctx)
	named, fits := false, -1
	var refusal error
	for i := range l.policy.Limits {
		line := &l.policy.Limits[i]
		if !slices.Contains(line.Of(), d.reason) {
			continue
		}
		named = true
		if len(line.Roles) > 0 && !slices.ContainsFunc(line.Roles, func(role string) bool {
			return auth.Allows(principal.Roles, auth.Role(role))
		}) {
			continue
		}
		above, err := l.weigh(ctx, i, d)
		if recon.KindOf(err) == recon.KindForbidden {
			refusal = err
			continue
		}
		if err != nil {
			return false, err
		}
		if fits < 0 || second && !above {
			fits, second = i, above
		}
	}
	switch {
	case fits >= 0:
		return second, l.count(ctx, d)
	case refusal != nil:
		return false, refusal
	case named:
		return false, recon.Forbidden(recon.CodeLimitExceeded,
			"no limit lets your roles end money as %s: ask a person whose role has one", d.reason)
	}
	return false, nil
}

// weigh holds a decision to one line, and reports whether it needs another person.
func (l *limiter) weigh(ctx context.Context, i int, d decided) (above bool, err error) {
	line := &l.policy.Limits[i]
	month, err := l.before(ctx, spent{i, d.currency, ""})
	if err != nil {
		return false, err
	}
	party, err := l.before(ctx, spent{i, d.currency, d.party})
	if err != nil {
		return false, err
	}
	amount := int64(recon.Minor(d.amount).Abs())
	if amount == 0 {
		limit, has := line.TwoPeopleAbove.In(d.currency)
		return has && party > int64(limit), nil
	}
	for _, bound := range []struct {
		limit  recon.Limits
		before int64
		of     string
	}{{line.Max, party, "one party"}, {line.PerMonth, month, "the context"}} {
		if limit, has := bound.limit.In(d.currency); has && bound.before+amount > int64(limit) {
			return false, recon.Forbidden(recon.CodeLimitExceeded,
				"your limit is %s %s a month of %s, %s are decided already, and this is %s: ask a person with a higher limit",
				decimal(int64(limit), d.currency), d.currency, bound.of, decimal(bound.before, d.currency),
				decimal(amount, d.currency))
		}
	}
	limit, has := line.TwoPeopleAbove.In(d.currency)
	return has && party+amount > int64(limit), nil
}

// count adds what was let pass to every line that is about its reason.
func (l *limiter) count(ctx context.Context, d decided) error {
	for i := range l.policy.Limits {
		if !slices.Contains(l.policy.Limits[i].Of(), d.reason) {
			continue
		}
		for _, party := range []string{"", d.party} {
			key := spent{i, d.currency, party}
			if _, err := l.before(ctx, key); err != nil {
				return err
			}
			l.passed[key] += int64(recon.Minor(d.amount).Abs())
		}
	}
	return nil
}

// before is what counts for a line in this month so far.
func (l *limiter) before(ctx context.Context, key spent) (int64, error) {
	if sum, read := l.passed[key]; read {
		return sum, nil
	}
	reasons := l.policy.Limits[key.line].Of()
	now, err := l.tx.Now(ctx)
	if err != nil {
		return 0, err
	}
	sum, err := value[int64](l.tx.query(ctx, `
		SELECT coalesce(sum(amount), 0)::bigint FROM (
			SELECT abs(amount) AS amount FROM adjustments
			WHERE context_num = @context AND currency = @currency AND party IS NOT NULL AND (@party = '' OR party = @party)
			AND created_at >= @month AND posting_status <> 'REVERSED' AND reason = ANY (@reasons::text[])
			UNION ALL
			SELECT abs(amount) FROM ignored_items
			WHERE context_num = @context AND currency = @currency AND (@party = '' OR party = @party)
			AND created_at >= @month AND @ignored::text = ANY (@reasons::text[])
		) decided`, pgx.NamedArgs{
		"context": l.contextNum, "currency": key.currency, "party": key.party, "reasons": reasons,
		"ignored": recon.DecisionIgnored, "month": recon.DayOf(now.UTC()).Month().Time(),
	}))
	if err != nil {
		return 0, fmt.Errorf("summing what was decided this month: %w", err)
	}
	l.passed[key] = sum
	return sum, nil
}

// party is whose money some rows are: what the policy's field has in the first row that has it, or a name of their own.
func (l *limiter) party(ctx context.Context, rows []int64, own string) (party string, err error) {
	if l.policy.Party == "" {
		return own, nil
	}
	err = l.tx.rowsOfAnySource(ctx, rows, RowReader{
		Fields: optionalFields([]string{l.policy.Party}), Add: func(t *recon.Transaction, _ int64, _ string) error {
			if party == "" {
				party = t.Field(l.policy.Party)
			}
			return nil
		},
	})
	if party == "" {
		party = own
	}
	return party, err
}

// limiters are those of contexts, by id, for the length of one command.
type limiters map[string]*limiter

// of returns the limiter of a context.
func (l limiters) of(ctx context.Context, tx *Tx, c recon.Context) (*limiter, error) {
	var err error
	if l[c.ID] == nil {
		l[c.ID], err = tx.newLimiter(ctx, c.Num)
	}
	return l[c.ID], err
}

// groupPart is a part of a group's difference, which may be nothing, and its reason.
type groupPart struct {
	reason recon.AdjustmentReason
	amount int64
}

// takeGroup holds a part of a group's difference to the caller's limits.
func (tx *Tx) takeGroup(
	ctx context.Context, limits limiters, g *decidedGroup, part groupPart,
) (second bool, err error) {
	limit, err := limits.of(ctx, tx, g.context)
	if err != nil || len(limit.policy.Limits) == 0 {
		return false, err
	}
	own := groupParty(g.Key)
	if g.Key == 0 { // it is not stored yet, and no other group can hold this row
		own = rowParty(g.members()[0])
	}
	if g.party, err = limit.party(ctx, g.members(), own); err != nil {
		return false, err
	}
	return limit.take(ctx, decided{part.reason.String(), g.Currency, g.party, part.amount})
}

// withinLimits returns why the caller may not confirm what a group differs by. Above the line of two people another one
// has matched or adjusted it before.
func (tx *Tx) withinLimits(ctx context.Context, limits limiters, g *decidedGroup, d recon.Decision) error {
	if g.Difference == 0 {
		return nil
	}
	second, err := tx.takeGroup(ctx, limits, g, groupPart{cmp.Or(d.Reason, g.DifferenceReason), g.rest()})
	switch {
	case err != nil || !second:
		return err
	case slices.Contains(g.Hands, tx.actor):
		return recon.Forbidden(recon.CodeSecondPerson,
			"above this amount two people decide, and you matched or adjusted the group: another person confirms it")
	case len(g.Hands) == 0:
		return recon.Forbidden(recon.CodeSecondPerson,
			"above this amount two people decide: adjust the difference, and another person confirms the group")
	}
	return nil
}
