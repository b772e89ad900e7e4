package postgres

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"matcher/internal/recon"
)

// statementsMax bounds the statements of a source whose balances are compared: thirty years of days. Older ones are
// only listed.
const statementsMax = 10_000

const accountStatements = `SELECT t.id, t.line, t.account, t.number, t.currency, t.from_day, t.to_day,
	t.opening AS opening_minor, t.closing AS closing_minor, t.entries, t.moved,
	coalesce(i.id::text, '') AS import_id -- not there yet where it is being stored
	FROM statements t LEFT JOIN imports i ON i.num = t.id >> 32 JOIN sources s ON s.num = t.source_num`

// storedStatement is a statement with its import.
type storedStatement struct {
	recon.AccountStatement

	FromDay, ToDay             recon.Day
	OpeningMinor, ClosingMinor pgtype.Int8
	ImportID                   string
}

func scanStatement(row pgx.CollectableRow) (storedStatement, error) {
	s, err := pgx.RowToStructByNameLax[storedStatement](row)
	s.From, s.To = s.FromDay, s.ToDay
	s.Opening, s.Closing = nullMinor(s.OpeningMinor), nullMinor(s.ClosingMinor)
	return s, err
}

func nullMinor(n pgtype.Int8) recon.NullMinor {
	return recon.NullMinor{Amount: recon.Minor(n.Int64), Set: n.Valid}
}

// AccountStatements lists what the statements of a source's files state, latest first.
func (tx *Tx) AccountStatements(
	ctx context.Context, sourceID string, page Page,
) ([]recon.AccountStatementView, string, error) {
	if _, err := tx.Source(ctx, sourceID); err != nil {
		return nil, "", err
	}
	found, next, err := list[storedStatement]{
		what: "statements", first: firstOfDescending, scan: scanStatement,
		key:  func(s storedStatement) int64 { return s.ID },
		sql:  accountStatements + ` WHERE s.id = @source AND t.id < @after ORDER BY t.id DESC LIMIT @limit`,
		args: pgx.NamedArgs{"source": sourceID},
	}.page(ctx, tx, page)
	views := make([]recon.AccountStatementView, len(found))
	for i := range found {
		views[i] = found[i].View(found[i].ImportID)
	}
	return views, next, err
}

// lastStatements are the last statements of a source, by account and currency and then as they came.
func (tx *Tx) lastStatements(ctx context.Context, sourceNum int32) ([]storedStatement, error) {
	found, err := pgx.CollectRows(tx.query(ctx, accountStatements+`
		WHERE t.source_num = $1 ORDER BY t.id DESC LIMIT $2`, sourceNum, statementsMax), scanStatement)
	if err != nil {
		return nil, fmt.Errorf("reading the statements of a source: %w", err)
	}
	slices.SortFunc(found, func(a, b storedStatement) int {
		return cmp.Or(cmp.Compare(a.Account, b.Account), cmp.Compare(a.Currency, b.Currency), cmp.Compare(a.ID, b.ID))
	})
	return found, nil
}

// accounts parts sorted statements by account and currency.
func accounts(found []storedStatement) (parts [][]storedStatement) {
	for len(found) > 0 {
		n := slices.IndexFunc(found, func(s storedStatement) bool {
			return s.Account != found[0].Account || s.Currency != found[0].Currency
		})
		if n < 0 {
			n = len(found)
		}
		parts, found = append(parts, found[:n]), found[n:]
	}
	return parts
}

func plainStatements(found []storedStatement) []recon.AccountStatement {
	plain := make([]recon.AccountStatement, len(found))
	for i := range found {
		plain[i] = found[i].AccountStatement
	}
	return plain
}

// SourceBalances compares the balances that a source's statements state with each other and with its rows.
func (tx *Tx) SourceBalances(ctx context.Context, sourceID string) (recon.SourceBalances, error) {
	out := recon.SourceBalances{SourceID: sourceID, Accounts: []recon.AccountBalance{}}
	source, err := tx.Source(ctx, sourceID)
	if err != nil {
		return out, err
	}
	found, err := tx.lastStatements(ctx, source.Num)
	if err != nil {
		return out, err
	}
	for _, part := range accounts(found) {
		span, err := tx.spanOf(ctx, source.Num, part, recon.NoDay)
		if err != nil {
			return out, err
		}
		if span != nil {
			out.Accounts = append(out.Accounts, span.view(part))
		}
	}
	return out, nil
}

// accountSpan is what the statements of an account state of a time. Sums are of booked rows, in minor units.
type accountSpan struct {
	chain       []recon.ChainedStatement
	first, last recon.ChainedStatement
	rows        string // that came with the statements
	unexplained string // of closing − opening
	brought     string // closing − unexplained − all rows of the source until then
}

// spanOf follows one account of a source up to a day, NoDay to its end; nil where nothing is stated to begin with.
func (tx *Tx) spanOf(
	ctx context.Context, sourceNum int32, found []storedStatement, until recon.Day,
) (*accountSpan, error) {
	var plain []recon.AccountStatement
	var nums []int64
	for i := range found {
		if s := found[i].AccountStatement; !until.Set() || s.To.Set() && s.To <= until {
			plain, nums = append(plain, s), append(nums, ImportNum(s.ID))
		}
	}
	span := &accountSpan{chain: recon.ChainStatements(plain)}
	if len(span.chain) == 0 || !span.chain[0].Opening.Set {
		return nil, nil //nolint:nilnil // nothing is stated
	}
	span.first = span.chain[0]
	for _, s := range span.chain {
		if s.Link != recon.LinkRepeated {
			span.last = s
		}
	}
	if until.Set() {
		until = span.last.To
	}
	err := tx.tx.QueryRow(ctx, `
		WITH booked AS (
			SELECT coalesce(sum(amount) FILTER (WHERE id >> 32 = ANY (@imports)), 0) AS came, coalesce(sum(amount), 0) AS every
			FROM transactions WHERE source_num = @source AND currency = @currency AND booking_status = 'BOOKED'
				AND (@until::date IS NULL OR date <= @until)
		), sums AS ( -- the parts of an entry came with another file than the entry
			SELECT every, came + coalesce(sum(t.amount) FILTER (WHERE b.booked_by = ANY (@imports)), 0)
				- coalesce(sum(t.amount) FILTER (WHERE t.id >> 32 = ANY (@imports)), 0) AS rows
			FROM booked LEFT JOIN batches b ON b.source_num = @source AND b.currency = @currency AND b.booked_by IS NOT NULL
			LEFT JOIN transactions t ON t.id BETWEEN b.first_id AND b.last_id AND (@until::date IS NULL OR t.date <= @until)
			GROUP BY every, came
		)
		SELECT rows::text, (@closing::numeric - @opening - rows)::text, (@opening::numeric + rows - every)::text
		FROM sums`, pgx.NamedArgs{
		"source": sourceNum, "imports": nums, "currency": span.first.Currency, "until": until,
		"closing": int64(span.last.Closing.Amount), "opening": int64(span.first.Opening.Amount),
	}).Scan(&span.rows, &span.unexplained, &span.brought)
	if err != nil {
		return nil, fmt.Errorf("adding up the rows of statements: %w", err)
	}
	return span, nil
}

// view is the span as people read it. found has the imports of its statements.
func (s *accountSpan) view(found []storedStatement) recon.AccountBalance {
	imports := map[int64]string{}
	for i := range found {
		imports[found[i].ID] = found[i].ImportID
	}
	views := make([]recon.ChainedStatementView, len(s.chain))
	for i := range s.chain {
		_, text := s.chain[i].Finding()
		views[i] = recon.ChainedStatementView{
			AccountStatementView: s.chain[i].View(imports[s.chain[i].ID]), Link: s.chain[i].Link, Finding: text,
		}
	}
	return recon.AccountBalance{
		Account: s.first.Account, Currency: s.first.Currency, From: s.first.From, To: s.last.To, Statements: views,
		Opening: s.first.View("").Opening, Closing: s.last.View("").Closing,
		Rows: decimalText(s.rows, s.first.Currency), Unexplained: decimalText(s.unexplained, s.first.Currency),
	}
}

// statedBalance is a stated balance with what it adds to the sum of its source's rows.
type statedBalance struct {
	recon.StatedBalance

	currency, brought, unexplained string
}

// lines are those of the bridge that let its side begin with what the rows do not hold.
func (s *statedBalance) lines() (lines []statementRow) {
	for _, part := range []struct{ label, amount string }{
		{"balances brought in", s.brought}, {"balances that no row explains", s.unexplained},
	} {
		if part.amount == "0" {
			continue
		}
		balance := statementRow{Label: "balance", Currency: s.currency, Side: s.Side, Amount: part.amount}
		item := balance
		if item.Label = part.label; s.Side == recon.Right {
			item.Amount = negated(part.amount)
		}
		lines = append(lines, balance, item)
	}
	return lines
}

// negated changes the sign of a whole number.
func negated(amount string) string {
	if positive, was := strings.CutPrefix(amount, "-"); was {
		return positive
	}
	return "-" + amount
}

// statedBalances are the closing balances of a context's accounts on a day, of each source and currency the latest one.
func (tx *Tx) statedBalances(ctx context.Context, contextID string, day recon.Day) ([]statedBalance, error) {
	stated, err := all[recon.Source](tx.query(ctx, `
		SELECT s.id, s.num, s.side FROM sources s
		WHERE s.context_id = $1 AND EXISTS (SELECT FROM statements t WHERE t.source_num = s.num) ORDER BY s.num`, contextID))
	if err != nil {
		return nil, fmt.Errorf("looking for statements: %w", err)
	}
	var out []statedBalance
	for _, source := range stated {
		found, err := tx.lastStatements(ctx, source.Num)
		if err != nil {
			return nil, err
		}
		latest := map[string]statedBalance{}
		for _, part := range accounts(found) {
			span, err := tx.spanOf(ctx, source.Num, part, day)
			if err != nil {
				return nil, err
			}
			if span == nil || span.last.To < latest[span.first.Currency].To {
				continue
			}
			i := slices.IndexFunc(part, func(s storedStatement) bool { return s.ID == span.last.ID })
			latest[span.first.Currency] = statedBalance{recon.StatedBalance{
				Side: source.Side, SourceID: source.ID, ImportID: part[i].ImportID, Account: span.last.Account,
				Number: span.last.Number, To: span.last.To, Closing: span.last.View("").Closing,
			}, span.first.Currency, span.brought, span.unexplained}
		}
		for _, currency := range slices.Sorted(maps.Keys(latest)) {
			out = append(out, latest[currency])
		}
	}
	return out, nil
}

// LastAccount is the account of a source's last statement, "" where there is none.
func (tx *Tx) LastAccount(ctx context.Context, sourceNum int32) (string, error) {
	return value[string](tx.query(ctx, `SELECT coalesce((
		SELECT account FROM statements WHERE source_num = $1 AND account <> '' ORDER BY id DESC LIMIT 1), '')`, sourceNum))
}

// CoveredThrough is the last day that a statement of a source closes, recon.NoDay where there is none.
func (tx *Tx) CoveredThrough(ctx context.Context, sourceNum int32) (recon.Day, error) {
	return value[recon.Day](tx.query(ctx, `
		SELECT max(to_day) FROM statements WHERE source_num = $1 AND closing IS NOT NULL`, sourceNum))
}

// goesOn reports whether the statements of a file begin where those of its account end, so that none of its rows was
// there before.
func (tx *Tx) goesOn(ctx context.Context, load ImportLoad) (bool, error) {
	if len(load.Statements) == 0 {
		return false, nil
	}
	found, err := tx.lastStatements(ctx, load.Source.Num)
	return recon.GoesOn(plainStatements(found), load.Statements), err
}

// storeStatements keeps the statements of a file, and adds to its findings how they follow those that were there.
func (tx *Tx) storeStatements(ctx context.Context, load *ImportLoad) error {
	if len(load.Statements) == 0 {
		return nil
	}
	stream := newCopyStream(slices.Values(load.Statements), func(r copyRow, s recon.AccountStatement) copyRow {
		r = r.fields(12).int8(s.ID).int4(load.Source.Num).int8(s.Line).text(s.Account).text(s.Number).text(s.Currency)
		return r.day(s.From).day(s.To).minor(s.Opening).minor(s.Closing).int8(s.Entries).int8(int64(s.Moved))
	})
	_, err := tx.copyIn(ctx, `COPY statements (id, source_num, line, account, number, currency, from_day, to_day, opening,
		closing, entries, moved) FROM STDIN (FORMAT binary)`, stream)
	if err != nil {
		return err
	}
	found, err := tx.lastStatements(ctx, load.Source.Num)
	if err != nil {
		return err
	}
	for _, part := range accounts(found) {
		for _, s := range recon.ChainStatements(plainStatements(part)) {
			ours := s.ID>>32 == load.Import.Num
			if kind, text := s.Finding(); text != "" && (ours || s.Before.ID>>32 == load.Import.Num) {
				line := s.Line
				if !ours {
					line = s.Before.Line
				}
				load.Findings = append(load.Findings, recon.Finding{Kind: kind, Line: line, Text: text})
			}
		}
	}
	return nil
}
