//go:build integration

package ingestion_test

import (
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"matcher/internal/ingestion"
	"matcher/internal/postgres"
	"matcher/internal/recon"
)

// headerAt is a map of the columns of header, which are named in a line of the file.
func headerAt(line int) recon.FieldMap {
	fields := map[string]recon.MapField{recon.FieldExternalID: recon.Column("id")}
	for _, name := range []string{
		recon.FieldAmount, recon.FieldDate, recon.FieldCurrency, recon.FieldReference, recon.FieldDescription,
	} {
		fields[name] = recon.Column(name)
	}
	return recon.FieldMap{Header: line, Fields: fields, Decimal: "."}
}

// hold locks the rows of a table of the tenant until the caller commits. blocked waits until another one wants them.
func (b *bundle) hold(t *testing.T, table string) (held pgx.Tx, blocked func()) {
	t.Helper()
	held, err := b.Owner(t).Begin(t.Context())
	require.NoError(t, err)
	var pid int
	require.NoError(t, held.QueryRow(t.Context(),
		`SELECT pg_backend_pid() FROM "`+b.tenantID+`".`+table+` FOR NO KEY UPDATE`).Scan(&pid))
	watch := b.Owner(t)
	return held, func() {
		t.Helper()
		require.Eventually(t, func() bool {
			var waiting bool
			err := watch.QueryRow(t.Context(),
				`SELECT EXISTS (SELECT FROM pg_stat_activity WHERE $1 = ANY (pg_blocking_pids(pid)))`, pid).Scan(&waiting)
			return err == nil && waiting
		}, time.Minute, 5*time.Millisecond)
	}
}

func (b *bundle) again(t *testing.T, s *ingestion.Service, importID string, again ingestion.Again) error {
	t.Helper()
	parsed, err := s.ParseAgain(b.ctx, importID, again)
	if err != nil {
		return err
	}
	defer parsed.Close()
	return b.DB.Tx(b.ctx, func(tx *postgres.Tx) error {
		_, err := parsed.StoreAgain(b.ctx, tx, "x")
		return err
	})
}

func TestReprocess(t *testing.T) {
	t.Parallel()

	t.Run("by another first line, no row takes over what was decided about another one", func(t *testing.T) {
		t.Parallel()
		s, b := setup(t)
		keeping(t, s)
		b.maps(t, headerAt(1))
		line := ",2026-03-05,5.00,EUR,R,x\n"
		imported := b.load(t, s, header+"A"+line+header+"B"+line+"C"+line+strings.Replace("D"+line, "5.00", "6.00", 1))
		ignored := func() (ids []string) {
			for _, row := range b.transactions(t, recon.TransactionFilter{State: recon.StateIgnored}) {
				ids = append(ids, row.ExternalID)
			}
			return ids
		}
		for _, row := range b.transactions(t, recon.TransactionFilter{}) {
			require.NoError(t, b.DB.Tx(b.ctx, func(tx *postgres.Tx) error {
				_, err := tx.Ignore(b.ctx, row.ID, "known")
				return err
			}))
		}
		require.Equal(t, []string{"A", "B", "C", "D"}, ignored())
		require.NoError(t, b.again(t, s, imported.ID, ingestion.Again{}))
		require.Equal(t, []string{"A", "B", "C", "D"}, ignored())
		below := headerAt(3)
		require.NoError(t, b.again(t, s, imported.ID, ingestion.Again{FieldMap: &below}))
		require.Len(t, b.transactions(t, recon.TransactionFilter{}), 3)
		require.Empty(t, ignored())
	})

	t.Run("waits for a run that saves, and neither ends the other", func(t *testing.T) {
		t.Parallel()
		s, b := setup(t)
		keeping(t, s)
		imported := b.load(t, s, header+lines(0, 10))
		run, blocked := b.hold(t, "contexts")
		done := make(chan error, 1)
		go func() { done <- b.again(t, s, imported.ID, ingestion.Again{}) }()
		blocked()
		_, err := run.Exec(t.Context(), `UPDATE "`+b.tenantID+`".imports SET rows_changed = 0`)
		require.NoError(t, err)
		require.NoError(t, run.Commit(t.Context()))
		require.NoError(t, <-done)
	})
}
