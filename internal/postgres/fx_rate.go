package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"matcher/internal/recon"
)

// PutFXRates stores rates; one that is there for the same pair, type and day is replaced. It returns how many are new
// or other than before.
func (tx *Tx) PutFXRates(ctx context.Context, rates []recon.FXRate) (changed int, err error) {
	n := len(rates)
	from, to, kinds, sources := make([]string, n), make([]string, n), make([]string, n), make([]string, n)
	dates, values := make([]recon.Day, n), make([]string, n)
	for i, r := range rates {
		from[i], to[i], kinds[i], sources[i] = r.From, r.To, r.Type, r.Source
		dates[i], values[i] = r.Date, string(r.Rate)
	}
	now, err := tx.Now(ctx)
	if err != nil {
		return 0, err
	}
	tag, err := tx.tx.Exec(ctx, `
		INSERT INTO fx_rates AS f (from_currency, to_currency, rate_type, date, rate, source, updated_at, updated_by)
		SELECT a, b, kind, date, rate::numeric, source, @now::timestamptz, @actor
		FROM unnest(@from::text[], @to::text[], @kinds::text[], @dates::date[], @rates::text[], @sources::text[])
			AS u (a, b, kind, date, rate, source)
		ORDER BY a, b, kind, date
		ON CONFLICT (from_currency, to_currency, rate_type, date)
		DO UPDATE SET rate = EXCLUDED.rate, source = EXCLUDED.source, updated_at = EXCLUDED.updated_at,
			updated_by = EXCLUDED.updated_by
		WHERE (f.rate, f.source) IS DISTINCT FROM (EXCLUDED.rate, EXCLUDED.source)`, pgx.NamedArgs{
		"from": from, "to": to, "kinds": kinds, "dates": dates, "rates": values, "sources": sources, "now": now, "actor": tx.actor,
	})
	if err != nil {
		return 0, fmt.Errorf("storing rates: %w", err)
	}
	tx.Audit("fx_rate.put", "fx rate", "", map[string]any{"rates": rates, "changed": tag.RowsAffected()})
	return int(tag.RowsAffected()), nil
}

// FXRates lists rates by pair, type and day.
func (tx *Tx) FXRates(ctx context.Context, f recon.FXRateFilter, page Page) ([]recon.FXRate, string, error) {
	var from, to, kind string
	var day pgtype.Date
	var date string
	more, err := page.afterKeys(&from, &to, &kind, &date)
	if err == nil && more {
		err = day.Scan(date)
	}
	if err != nil {
		return nil, "", badCursor()
	}
	rates, err := all[recon.FXRate](tx.query(ctx, `
		SELECT from_currency AS "from", to_currency AS "to", rate_type AS type, date, rate::text, source FROM fx_rates
		WHERE (@from = '' OR from_currency = @from) AND (@to = '' OR to_currency = @to) AND (@kind = '' OR rate_type = @kind)
		AND (@since::date IS NULL OR date >= @since) AND (@until::date IS NULL OR date <= @until)
		AND (NOT @more OR (from_currency, to_currency, rate_type, date) > (@afterFrom, @afterTo, @afterKind, @afterDate::date))
		ORDER BY from_currency, to_currency, rate_type, date LIMIT @limit`, pgx.NamedArgs{
		"from": f.From, "to": f.To, "kind": f.Type, "since": f.Since, "until": f.Until, "more": more,
		"afterFrom": from, "afterTo": to, "afterKind": kind, "afterDate": day, "limit": page.Size() + 1,
	}))
	if err != nil {
		return nil, "", fmt.Errorf("listing rates: %w", err)
	}
	rates, next := pageOf(rates, page,
		func(r recon.FXRate) []any { return []any{r.From, r.To, r.Type, r.Date.String()} })
	return rates, next, nil
}

// ratesFor are the rates that rules may look up: of the types that they name, to or from the currencies that they
// convert into.
func (tx *Tx) ratesFor(ctx context.Context, rules []recon.Rule) ([]recon.FXRate, error) {
	var currencies, kinds []string
	for i := range rules {
		if c := rules[i].WithDefaults().Currency; c.Mode == recon.CurrencyConvert && rules[i].Active() {
			currencies, kinds = append(currencies, c.To), append(kinds, c.RateType)
		}
	}
	if len(currencies) == 0 {
		return nil, nil
	}
	rates, err := all[recon.FXRate](tx.query(ctx, `
		SELECT from_currency AS "from", to_currency AS "to", rate_type AS type, date, rate::text, source FROM fx_rates f
		WHERE EXISTS (
			SELECT 1 FROM unnest(@currencies::text[], @kinds::text[]) AS u (currency, kind)
			WHERE (u.currency = '' OR u.currency IN (f.from_currency, f.to_currency)) AND (u.kind = '' OR u.kind = f.rate_type))
		ORDER BY from_currency, to_currency, rate_type, date LIMIT @limit`,
		pgx.NamedArgs{"currencies": currencies, "kinds": kinds, "limit": recon.RatesMax + 1}))
	if err == nil && len(rates) > recon.RatesMax {
		err = recon.Unprocessable(recon.CodeTooManyRates,
			"the rules may look up more rates than one run can hold: give them a rateType")
	}
	return rates, err
}
