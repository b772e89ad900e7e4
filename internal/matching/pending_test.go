//go:build integration

package matching_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/ingestion"
	"matcher/internal/postgres"
	"matcher/internal/recon"
)

func (b *bundle) loadStatus(t *testing.T, source string, rows ...string) recon.Import {
	t.Helper()
	text := "id,date,amount,reference,description,status\n" + strings.Join(rows, "\n") + "\n"
	i, err := b.imports.Import(b.ctx, source, ingestion.File{Name: "bank.csv", Body: strings.NewReader(text)})
	require.NoError(t, err)
	return i
}

func figures(i recon.Import) []int64 {
	return []int64{i.RowsRead, i.RowsInserted, i.RowsDuplicate, i.RowsRejected}
}

func (b *bundle) imported(t *testing.T, id string) (i recon.Import) {
	t.Helper()
	b.tx(t, func(tx *postgres.Tx) (err error) {
		i, err = tx.Import(b.ctx, id)
		return err
	})
	return i
}

const (
	pending = "B1,2026-03-01,10.00,A,card,pending"
	booked  = "B1,2026-03-02,10.50,A,card,booked"
	other   = "B2,2026-03-01,7.00,B,card,booked"
)

func TestTheBookedRowReplacesItsPendingOne(t *testing.T) {
	t.Parallel()
	// askPending makes the context match pending rows: by a predicate that would take all, and the key that asks for them.
	askPending := func(t *testing.T, b *bundle, autoAt int) {
		b.tx(t, func(tx *postgres.Tx) error {
			_, err := tx.CreateRule(b.ctx, b.contextID, recon.Rule{
				Name: "card", Type: recon.RuleDateLag, Priority: 10, Keys: []recon.RuleKey{
					{Left: "reference", Right: "reference"}, {Left: "bookingStatus", Right: "bookingStatus", Required: new(false), Extract: "^(PENDING|BOOKED)"},
				}, Confirm: recon.RuleConfirm{AutoAt: new(autoAt)},
			})
			return err
		})
	}
	open := func(t *testing.T, b *bundle) int {
		return b.count(t, `SELECT count(*) FROM transactions WHERE external_id = 'B1'`)
	}

	t.Run("and the figures of both imports tie", func(t *testing.T) {
		t.Parallel()
		_, b := setup(t)
		first := b.loadStatus(t, b.right, pending, other)
		second := b.loadStatus(t, b.right, booked, "B3,2026-03-02,1.00,C,card,booked")
		require.Equal(t, []int64{2, 2, 0, 0}, figures(first))
		require.Equal(t, []int64{2, 2, 0, 0}, figures(second))
		require.Contains(t, second.Detection, "1 pending rows were booked or withdrawn")
		again := b.imported(t, first.ID)
		require.Equal(t, []int64{2, 1, 1, 0}, figures(again), "delivered again, by the booked row")
		require.Equal(t, map[string]string{"EUR": "7.00"}, again.Sums)
		require.Equal(t, 1, open(t, b))
		require.Equal(t, 1, b.count(t, `SELECT count(*) FROM transactions WHERE external_id = 'B1' AND booking_status = 'BOOKED' AND amount = 1050`))
		require.Equal(t, 1, b.count(t, `SELECT count(*) FROM audit_log WHERE action = 'import.replace'`))
		require.Equal(t, 1, b.count(t, `SELECT count(*) FROM events WHERE key = 'ingestion.replaced'`))

		late := b.loadStatus(t, b.right, pending)
		require.Equal(t, []int64{1, 0, 1, 0}, figures(late), "a pending row that comes after its booked one is told again")
		wrong := b.loadStatus(t, b.right, "B1,2026-03-02,11.00,A,card,booked")
		require.Equal(t, []int64{1, 0, 0, 1}, figures(wrong), "two booked rows of one id are for a person")
	})

	t.Run("within one file too", func(t *testing.T) {
		t.Parallel()
		_, b := setup(t)
		got := b.loadStatus(t, b.right, pending, other, booked)
		require.Equal(t, []int64{3, 2, 1, 0}, figures(got))
		require.Equal(t, map[string]string{"EUR": "17.50"}, got.Sums)
	})

	t.Run("a proposal for the pending row is dissolved, and its other rows are open again", func(t *testing.T) {
		t.Parallel()
		s, b := setup(t)
		askPending(t, b, 100)
		b.loadStatus(t, b.left, "L1,2026-03-03,10.00,A,card,pending")
		b.loadStatus(t, b.right, pending)
		b.run(t, s, recon.RunCommit)
		require.Len(t, b.groups(t, recon.GroupFilter{Status: recon.GroupProposed}), 1)
		require.Equal(t, []int64{1, 1, 0, 0}, figures(b.loadStatus(t, b.right, booked)))
		require.Empty(t, b.groups(t, recon.GroupFilter{Status: recon.GroupProposed}))
		require.Zero(t, b.count(t, `SELECT count(*) FROM active_items`))
		b.RequireSound(t, b.tenantID)
	})

	t.Run("a confirmed group keeps the pending row, and the booked one waits for a person", func(t *testing.T) {
		t.Parallel()
		s, b := setup(t)
		askPending(t, b, 0)
		b.loadStatus(t, b.left, "L1,2026-03-01,10.00,A,card,pending")
		b.loadStatus(t, b.right, pending)
		b.run(t, s, recon.RunCommit)
		confirmed := b.groups(t, recon.GroupFilter{Status: recon.GroupConfirmed})
		require.Len(t, confirmed, 1)
		refused := b.loadStatus(t, b.right, booked)
		require.Equal(t, []int64{1, 0, 0, 1}, figures(refused))
		require.Equal(t, 1, b.count(t, `SELECT count(*) FROM import_rejects WHERE code = 'PENDING_MATCHED'`))
		b.tx(t, func(tx *postgres.Tx) error {
			_, err := tx.DecideGroup(b.ctx, confirmed[0].ID, recon.Decision{Action: recon.ActionUnmatch, Note: "booked otherwise"})
			return err
		})
		require.Equal(t, []int64{1, 1, 0, 0}, figures(b.loadStatus(t, b.right, booked)))
		require.Equal(t, 1, open(t, b))
	})

	t.Run("the result is that of a source that never told of the pending row", func(t *testing.T) {
		t.Parallel()
		s, b := setup(t)
		b.load(t, b.left, []string{"L1,2026-03-02,10.50,A,card", "L2,2026-03-01,7.00,B,card"})
		b.loadStatus(t, b.right, pending, other)
		b.loadStatus(t, b.right, booked)
		got := b.run(t, s, recon.RunDry)
		b.contextID, b.left, b.right = b.newContext(t, "told once")
		b.load(t, b.left, []string{"L1,2026-03-02,10.50,A,card", "L2,2026-03-01,7.00,B,card"})
		rows := []string{booked, other}
		slices.Reverse(rows)
		b.loadStatus(t, b.right, rows...)
		want := b.run(t, s, recon.RunDry)
		require.Equal(t, want.ResultHash, got.ResultHash)
		require.Equal(t, want.InputHash, got.InputHash)
	})
}

func TestRowsThatComeAgain(t *testing.T) {
	t.Parallel()
	t.Run("a booked row of another id replaces the pending one that it names, and an older file brings nothing back", func(t *testing.T) {
		t.Parallel()
		_, b := setup(t)
		load := func(rows ...string) recon.Import {
			text := "id,pending_id,date,amount,reference,status\n" + strings.Join(rows, "\n") + "\n"
			i, err := b.imports.Import(b.ctx, b.right, ingestion.File{Name: "card.csv", Body: strings.NewReader(text)})
			require.NoError(t, err)
			return i
		}
		const x1, x2, y1 = "x1,,2026-03-01,10.00,A,pending", "x2,,2026-03-01,5.00,B,pending", "y1,x1,2026-03-02,12.00,A,booked"
		whole := load(x1, y1, x2)
		require.Equal(t, []int64{3, 2, 1, 0}, figures(whole))
		require.Equal(t, map[string]string{"EUR": "17.00"}, whole.Sums)
		require.Equal(t, []int64{2, 1, 1, 0}, figures(load("y2,x2,2026-03-02,6.00,B,booked", y1)), "x2 is of the file before")
		require.Equal(t, []int64{2, 0, 2, 0}, figures(load(x1, x2)))
		require.Equal(t, []int64{1, 0, 1, 0}, figures(load("x2,,2026-03-01,5.00,B2,pending")))
		require.Equal(t, 1, b.count(t, `SELECT count(*) FROM import_rejects WHERE kind = 'REPEATED' AND code = 'ROW_REPLACED' AND value = 'x1'`))
		require.Equal(t, 1800, b.count(t, `SELECT sum(amount)::int FROM transactions`))
		b.RequireSound(t, b.tenantID)
	})

	t.Run("what failed withdraws its pending row, and a booked row never in silence", func(t *testing.T) {
		t.Parallel()
		_, b := setup(t)
		b.loadStatus(t, b.right, pending, other)
		withdrawn := b.loadStatus(t, b.right, "B1,2026-03-02,10.00,A,card,declined", "B4,2026-03-02,1.00,D,card,booked", "B5,2026-03-02,1.00,E,card,pending")
		require.Equal(t, []int64{3, 2, 0, 0}, figures(withdrawn))
		require.Zero(t, b.count(t, `SELECT count(*) FROM transactions WHERE external_id = 'B1'`))
		require.Equal(t, []int64{1, 0, 1, 0}, figures(b.loadStatus(t, b.right, pending)), "an older file")
		refused := b.loadStatus(t, b.right, "B2,2026-03-04,7.00,B,card,declined", "B6,2026-03-04,1.00,F,card,booked")
		require.Equal(t, []int64{2, 1, 0, 1, 0}, append(figures(refused), refused.RowsSetAside))
		require.Equal(t, 1, b.count(t, `SELECT count(*) FROM import_rejects WHERE code = 'BOOKED_AND_VOID' AND line = 2`))
		require.Equal(t, 1, b.count(t, `SELECT count(*) FROM transactions WHERE external_id = 'B2'`))
		b.RequireSound(t, b.tenantID)
	})

	t.Run("another text is the same row, and its newer version is kept with the import", func(t *testing.T) {
		t.Parallel()
		_, b := setup(t)
		b.loadStatus(t, b.right, other, "B7,2026-03-01,3.00,G,card,booked")
		again := b.loadStatus(t, b.right, "B2,2026-03-01,7.00,B,card payment at the bakery,settled", "B7,2026-03-01,3.00,G,card,booked", "B8,2026-03-01,1.00,H,card,booked")
		require.Equal(t, []int64{3, 1, 2, 0, 1}, append(figures(again), again.RowsChanged))
		require.Equal(t, 1, b.count(t, `SELECT count(*) FROM import_rejects WHERE kind = 'REPEATED' AND line = 2 AND reason LIKE '%description: card payment at the bakery%'`))
		require.Equal(t, 1, b.count(t, `SELECT count(*) FROM transactions WHERE external_id = 'B2' AND description = 'card'`))
		b.RequireSound(t, b.tenantID)
	})
}
