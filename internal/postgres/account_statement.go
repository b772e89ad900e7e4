package postgres

import (
	"cmp"
	"context"
	"fmt"
	"slices"

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
		balance, stated, err := tx.accountBalance(ctx, part)
		if err != nil {
			return out, err
		}
		if stated {
			out.Accounts = append(out.Accounts, balance)
		}
	}
	return out, nil
}

// accountBalance follows one account; stated is false where no statement of it has a balance to begin with.
func (tx *Tx) accountBalance(
	ctx context.Context, found []storedStatement,
) (out recon.AccountBalance, stated bool, err error) {
	chain := recon.ChainStatements(plainStatements(found))
	if len(chain) == 0 || !chain[0].Opening.Set {
		return out, false, nil
	}
	imports, nums := map[int64]string{}, []int64{}
	for _, s := range found {
		imports[s.ID] = s.ImportID
		nums = append(nums, s.ID>>32)
	}
	first, last := chain[0], chain[0]
	views := make([]recon.ChainedStatementView, len(chain))
	for i := range chain {
		if chain[i].Link != recon.LinkRepeated {
			last = chain[i]
		}
		_, text := chain[i].Finding()
		views[i] = recon.ChainedStatementView{
			AccountStatementView: chain[i].View(imports[chain[i].ID]), Link: chain[i].Link, Finding: text,
		}
	}
	sums, err := one[struct{ Rows, Unexplained string }](tx.query(ctx, `
		SELECT coalesce(sum(amount), 0)::text AS rows, ($3::numeric - $4 - coalesce(sum(amount), 0))::text AS unexplained
		FROM transactions WHERE id >> 32 = ANY ($1) AND currency = $2 AND booking_status = 'BOOKED'`,
		nums, first.Currency, int64(last.Closing.Amount), int64(first.Opening.Amount)), "sum")
	return recon.AccountBalance{
		Account: first.Account, Currency: first.Currency, From: first.From, To: last.To, Statements: views,
		Opening: first.View("").Opening, Closing: last.View("").Closing,
		Rows: decimalText(sums.Rows, first.Currency), Unexplained: decimalText(sums.Unexplained, first.Currency),
	}, true, err
}

// LastAccount is the account of a source's last statement, "" where there is none.
func (tx *Tx) LastAccount(ctx context.Context, sourceNum int32) (string, error) {
	return value[string](tx.query(ctx, `SELECT coalesce((
		SELECT account FROM statements WHERE source_num = $1 AND account <> '' ORDER BY id DESC LIMIT 1), '')`, sourceNum))
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
