//go:build integration

package ingestion_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"matcher/internal/postgres"
	"matcher/internal/recon"
)

// expecting is a source whose file is due at 07:00 of each day but Saturday and Sunday.
type expecting struct{ *watched }

func expect(t *testing.T) expecting {
	t.Helper()
	w := expecting{watch(t, "")}
	require.NoError(t, w.DB.Tx(w.ctx, func(tx *postgres.Tx) error {
		_, err := tx.PutExpectation(w.ctx, w.source.ID, 0, recon.Expectation{By: "07:00"})
		return err
	}))
	w.plan(t, w.now, w.now.Add(-time.Hour)) // Monday
	return w
}

// plan lets the next file be due at 07:00 of a day.
func (w expecting) plan(t *testing.T, day, since time.Time) {
	t.Helper()
	w.exec(t, `UPDATE expectations SET next_at = $1, since = $2`, day.Truncate(24*time.Hour).Add(7*time.Hour), since)
}

func (w expecting) exec(t *testing.T, sql string, args ...any) {
	t.Helper()
	owner := w.Owner(t)
	_, err := owner.Exec(t.Context(), `SET search_path TO "`+w.tenantID+`"`)
	require.NoError(t, err)
	_, err = owner.Exec(t.Context(), sql, args...)
	require.NoError(t, err)
}

// comes is a file that came at a time.
func (w expecting) comes(t *testing.T, at time.Time) {
	t.Helper()
	i := w.load(t, w.Imports, header+lines(int(at.Unix()%100_000), int(at.Unix()%100_000)+2))
	w.exec(t, `UPDATE imports SET created_at = $1 WHERE id = $2`, at, i.ID)
}

func (w expecting) expectation(t *testing.T) (e recon.StoredExpectation) {
	t.Helper()
	w.read(t, func(tx *postgres.Tx) (err error) {
		e, err = tx.Expectation(w.ctx, w.source.ID)
		return err
	})
	return e
}

// fires lets the next time come.
func (w expecting) fires(t *testing.T) recon.StoredExpectation {
	t.Helper()
	w.now = *w.expectation(t).NextAt
	require.NoError(t, w.Expect(w.ctx, recon.Job{Kind: recon.JobExpect, Subject: w.source.ID, At: w.now}))
	return w.expectation(t)
}

func (w expecting) alarms(t *testing.T) (due []time.Time) {
	t.Helper()
	for _, event := range w.events(t) {
		if event.Key == recon.EventFileMissing {
			var payload struct {
				Due      time.Time `json:"due"`
				SourceID string    `json:"sourceId"`
			}
			require.NoError(t, json.Unmarshal(event.Payload, &payload))
			require.Equal(t, w.source.ID, payload.SourceID)
			due = append(due, payload.Due)
		}
	}
	return due
}

func (w expecting) missing(t *testing.T) int {
	t.Helper()
	var items []recon.StoredExpectation
	w.read(t, func(tx *postgres.Tx) (err error) {
		items, _, err = tx.Expectations(w.ctx, true, postgres.Page{Limit: 10})
		return err
	})
	return len(items)
}

func TestExpectation(t *testing.T) {
	t.Parallel()
	hour := func(day, hour int) time.Time { return time.Date(2026, 3, day, hour, 0, 0, 0, time.UTC) } // the 2nd is a Monday

	t.Run("a file that comes in time is no event, and the next is due on the next business day", func(t *testing.T) {
		t.Parallel()
		w := expect(t)
		w.comes(t, hour(2, 6))
		e := w.fires(t)
		require.Nil(t, e.Missing)
		require.Equal(t, hour(3, 7), *e.NextAt)
		require.Empty(t, w.alarms(t))
		w.plan(t, hour(6, 7), hour(5, 7)) // Friday
		w.comes(t, hour(5, 20))
		require.Equal(t, hour(9, 7), *w.fires(t).NextAt)
		require.Empty(t, w.alarms(t))
	})
	t.Run("one that does not come is an event of each time and in the list, until it comes", func(t *testing.T) {
		t.Parallel()
		w := expect(t)
		require.Equal(t, hour(2, 7), *w.fires(t).Missing)
		require.Equal(t, hour(2, 7), *w.fires(t).Missing)
		require.Equal(t, []time.Time{hour(2, 7), hour(3, 7)}, w.alarms(t))
		require.Equal(t, 1, w.missing(t))
		w.comes(t, hour(3, 12))
		require.Zero(t, w.missing(t))
		require.Nil(t, w.expectation(t).Missing)
	})
	t.Run("one that comes late on its day is not the next day's", func(t *testing.T) {
		t.Parallel()
		w := expect(t)
		w.fires(t)
		w.comes(t, hour(2, 9))
		require.Equal(t, hour(3, 7), *w.fires(t).Missing)
		w.comes(t, hour(4, 6))
		require.Nil(t, w.fires(t).Missing, "the day after has its own")
		require.Len(t, w.alarms(t), 2)
	})
	t.Run("a voided import is no file", func(t *testing.T) {
		t.Parallel()
		w := expect(t)
		w.comes(t, hour(2, 6))
		_, err := w.Imports.Void(w.ctx, w.imports(t)[0].ID)
		require.NoError(t, err)
		require.Equal(t, hour(2, 7), *w.fires(t).Missing)
	})
	t.Run("a job of another time does nothing, and an early one waits", func(t *testing.T) {
		t.Parallel()
		w := expect(t)
		job := recon.Job{Kind: recon.JobExpect, Subject: w.source.ID, At: hour(2, 7)}
		w.now = hour(2, 6)
		require.Equal(t, recon.KindUnavailable, recon.KindOf(w.Expect(w.ctx, job)))
		w.fires(t)
		require.NoError(t, w.Expect(w.ctx, job))
		require.Len(t, w.alarms(t), 1)
	})
}
