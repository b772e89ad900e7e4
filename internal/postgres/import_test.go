//go:build integration

package postgres_test

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"matcher/internal/postgres"
	"matcher/internal/recon"
	"matcher/internal/testkit"
)

// ledger is a tenant with a context and a source on each side, filled without a file.
type ledger struct {
	*testkit.Installation
	ctx         context.Context
	tenantID    string
	context     recon.Context
	left, right recon.Source
}

func newLedger(t *testing.T) *ledger {
	t.Helper()
	l := &ledger{Installation: testkit.Tenants(t)}
	l.ctx, l.tenantID = l.NewTenant(t)
	l.tx(t, func(tx *postgres.Tx) (err error) {
		if l.context, err = tx.CreateContext(l.ctx, recon.Context{Name: "cash"}); err != nil {
			return err
		}
		if l.left, err = tx.CreateSource(l.ctx, recon.Source{ContextID: l.context.ID, Name: "books", Side: recon.Left, TimeZone: "UTC"}); err != nil {
			return err
		}
		l.right, err = tx.CreateSource(l.ctx, recon.Source{ContextID: l.context.ID, Name: "bank", Side: recon.Right, TimeZone: "UTC"})
		return err
	})
	t.Cleanup(func() { l.RequireSound(t, l.tenantID) })
	return l
}

func (l *ledger) tx(t *testing.T, fn func(tx *postgres.Tx) error) {
	t.Helper()
	require.NoError(t, l.DB.Tx(l.ctx, fn))
}

// row is a transaction with an id; its digest stands for its content.
func row(id string, amount recon.Minor, day recon.Day) recon.Transaction {
	t := recon.Transaction{ExternalID: id, Amount: amount, Currency: "EUR", Date: recon.Epoch + day, BookingStatus: recon.Booked}
	copy(t.Digest[8:], id)
	t.Digest[0] = byte(amount) // its money
	return t
}

func identity(id string) (out [16]byte) {
	copy(out[:], id)
	return out
}

// store imports rows whose identities are their ids.
func (l *ledger) store(t *testing.T, source recon.Source, rows ...recon.Transaction) recon.Import {
	t.Helper()
	var stored recon.Import
	l.tx(t, func(tx *postgres.Tx) error {
		num, err := tx.NextImportNum(l.ctx)
		require.NoError(t, err)
		var to bytes.Buffer
		buffer := bufio.NewWriter(&to)
		encoder := postgres.NewRowsEncoder(buffer, source.Num, num)
		for i := range rows {
			rows[i].Row = i + 1
			require.NoError(t, encoder.Append(&rows[i], identity(rows[i].ExternalID)))
		}
		require.NoError(t, encoder.Close())
		if _, err := tx.LockSource(l.ctx, source.ID); err != nil {
			return err
		}
		stored, err = tx.StoreImport(l.ctx, postgres.ImportLoad{
			Import: recon.Import{
				ID: uuid.NewString(), Num: num, SourceID: source.ID, FileName: "rows", Format: "csv",
				SHA256: strings.Repeat("ab", 32), RowsRead: int64(len(rows)),
			},
			Reading: []byte(`{}`), Source: source, Stored: int64(len(rows)), Sums: encoder.Sums(),
			Rows: func() (io.Reader, error) { return bytes.NewReader(to.Bytes()), nil },
			Line: func(row int64) int64 { return row + 1 },
		})
		return err
	})
	return stored
}

func TestStoreImport(t *testing.T) {
	t.Parallel()
	l := newLedger(t)
	full := row("A", 1050, 20_000)
	full.Gross, full.Fee = recon.NullMinor{Amount: 1100, Set: true}, recon.NullMinor{Amount: 50, Set: true}
	full.Original = &recon.Money{Amount: 1200, Currency: "JPY"}
	full.Reference, full.Kind, full.ValueDate = "ref", "SALE", recon.Epoch+20_001
	full.Metadata = []recon.Attribute{{Name: "who", Value: `"quoted"`}}
	first := l.store(t, l.left, full, row("B", -25, 20_000))
	require.Equal(t, map[string]string{"EUR": "10.25"}, first.Sums)

	t.Run("every field comes back", func(t *testing.T) {
		l.tx(t, func(tx *postgres.Tx) error {
			items, _, err := tx.Transactions(l.ctx, l.context.ID, recon.TransactionFilter{ExternalID: "A"}, postgres.Page{})
			require.NoError(t, err)
			got := items[0]
			require.Equal(t, []string{"10.50", "11.00", "0.50", "", "1200", "JPY", "ref", "SALE", `"quoted"`},
				[]string{got.Amount, got.Gross, got.Fee, got.Net, got.OriginalAmount, got.OriginalCurrency, got.Reference, got.Kind, got.Metadata["who"]})
			require.Equal(t, (recon.Epoch + 20_001), got.ValueDate)
			one, err := tx.Transaction(l.ctx, got.ID)
			require.Equal(t, got, one)
			return err
		})
	})

	t.Run("known rows are duplicates, or conflicts where their content differs", func(t *testing.T) {
		second := l.store(t, l.left, row("C", 1, 20_000), row("B", -26, 20_000), full)
		require.Equal(t, []int64{1, 1, 1}, []int64{second.RowsInserted, second.RowsDuplicate, second.RowsRejected})
		l.tx(t, func(tx *postgres.Tx) error {
			wrong, _, err := tx.Rejects(l.ctx, second.ID, recon.RowsRejected, postgres.Page{})
			require.Len(t, wrong, 1)
			require.Equal(t, 3, wrong[0].Line)
			return err
		})
	})

	t.Run("imports are listed newest first, by pages", func(t *testing.T) {
		l.tx(t, func(tx *postgres.Tx) error {
			page, next, err := tx.Imports(l.ctx, l.left.ID, "", postgres.Page{Limit: 1})
			require.NoError(t, err)
			require.Len(t, page, 1)
			rest, end, err := tx.Imports(l.ctx, l.left.ID, "", postgres.Page{Limit: 1, After: next})
			require.Equal(t, []recon.Import{first}, rest)
			require.Empty(t, end)
			return err
		})
	})

	t.Run("an unknown id is not found, whatever it looks like", func(t *testing.T) {
		for _, id := range []string{"", "x", uuid.NewString(), "'; DROP TABLE imports"} {
			l.tx(t, func(tx *postgres.Tx) error {
				_, err := tx.Import(l.ctx, id)
				require.Equal(t, recon.KindNotFound, recon.KindOf(err))
				_, err = tx.VoidImport(l.ctx, id)
				require.Equal(t, recon.KindNotFound, recon.KindOf(err))
				_, _, err = tx.Rejects(l.ctx, id, recon.RowsRejected, postgres.Page{})
				require.Equal(t, recon.KindNotFound, recon.KindOf(err))
				return nil
			})
		}
	})
}
