//go:build unit || !integration

package systemplane

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// memory is a store in memory: the second implementation of Store.
type memory struct {
	mu      sync.Mutex
	rows    map[string]Stored
	changes []Change
	down    error
	asked   int
}

func (m *memory) Revision(context.Context) (revision int64, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.asked++
	for _, row := range m.rows {
		revision += int64(row.Version)
	}
	return revision, m.down
}

func (m *memory) Load(context.Context) (rows []Stored, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, row := range m.rows {
		rows = append(rows, row)
	}
	return rows, m.down
}

func (m *memory) Put(_ context.Context, change Change) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.rows == nil {
		m.rows = map[string]Stored{}
	}
	m.changes = append(m.changes, change)
	version := max(m.rows[change.Key].Version, firstVersion) + 1
	m.rows[change.Key] = Stored{Key: change.Key, Value: change.Value, Version: version, ChangedBy: "somebody"}
	return nil
}

func (m *memory) questions() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.asked
}

func (m *memory) fail(err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.down = err
}

func defaults() map[string]any {
	boot := map[string]any{}
	for _, key := range Keys {
		boot[key.Name] = key.Default
	}
	return boot
}

func planeOf(t *testing.T, store Store, boot map[string]any) (*Plane, *strings.Builder) {
	t.Helper()
	var log strings.Builder
	p, err := New(store, boot, slog.New(slog.NewTextHandler(&log, nil)))
	require.NoError(t, err)
	return p, &log
}

func TestNew_WantsAValueOfEachKey(t *testing.T) {
	boot := defaults()
	boot[BodyBytes] = 7 // an int, not an int64
	_, err := New(&memory{}, boot, slog.New(slog.DiscardHandler))
	require.ErrorContains(t, err, BodyBytes)
}

func TestPut(t *testing.T) {
	store := &memory{}
	p, _ := planeOf(t, store, defaults())
	heard := int64(0)
	p.OnChange(func(s *Snapshot) { heard = s.Int(BodyBytes) }, BodyBytes)
	view, err := p.Put(t.Context(), BodyBytes, json.RawMessage(`4096`), 1)
	require.NoError(t, err)
	require.Equal(t, 2, view.Version)
	require.Equal(t, FromStore, view.Source)
	require.Equal(t, int64(4096), p.Current().Int(BodyBytes))
	require.Equal(t, int64(4096), heard)
	require.Equal(t, int64(2), p.Current().Revision)

	t.Run("a change of another key is no news", func(t *testing.T) {
		heard = 0
		_, err := p.Put(t.Context(), TenantRate, json.RawMessage(`7`), 0)
		require.NoError(t, err)
		require.Zero(t, heard)
	})
	t.Run("null takes the key back to the environment", func(t *testing.T) {
		view, err := p.Put(t.Context(), BodyBytes, json.RawMessage(`null`), 0)
		require.NoError(t, err)
		require.Equal(t, FromDefault, view.Source)
		require.Equal(t, 3, view.Version)
		require.Equal(t, int64(1<<20), p.Current().Int(BodyBytes))
	})
	t.Run("what cannot be is refused and not stored", func(t *testing.T) {
		stored := len(store.changes)
		_, err := p.Put(t.Context(), "limits.nothing", json.RawMessage(`1`), 0)
		require.ErrorIs(t, err, ErrUnknownKey)
		_, err = p.Put(t.Context(), DefaultTenantID, json.RawMessage(`"x"`), 0)
		require.ErrorIs(t, err, ErrBootOnly)
		var bad *BadValueError
		_, err = p.Put(t.Context(), BodyBytes, json.RawMessage(`-1`), 0)
		require.ErrorAs(t, err, &bad)
		_, err = p.Put(t.Context(), ManagerURL, json.RawMessage(`"https://a.example"`), 0)
		require.ErrorAs(t, err, &bad, "there was no tenant manager when the process started")
		require.Len(t, store.changes, stored)
	})
}

func TestPut_ASecretIsUsedAndNeverShown(t *testing.T) {
	store := &memory{}
	p, log := planeOf(t, store, defaults())
	view, err := p.Put(t.Context(), ManagerAPIKey, json.RawMessage(`"hunter2"`), 0)
	require.NoError(t, err)
	require.Equal(t, "hunter2", p.Current().Text(ManagerAPIKey))
	require.Nil(t, view.Value)
	require.True(t, view.IsSet)
	require.Nil(t, store.changes[0].Shown, "the history does not hold it either")
	shown, err := json.Marshal(p.Views())
	require.NoError(t, err)
	require.NotContains(t, string(shown)+log.String(), "hunter2")
}

func TestRefresh_ABadStoredValueLeavesTheLastGoodOne(t *testing.T) {
	store := &memory{}
	p, log := planeOf(t, store, defaults())
	_, err := p.Put(t.Context(), BodyBytes, json.RawMessage(`4096`), 0)
	require.NoError(t, err)
	store.rows[BodyBytes] = Stored{Key: BodyBytes, Value: json.RawMessage(`"many"`), Version: 9}
	store.rows["limits.of_a_later_release"] = Stored{Key: "limits.of_a_later_release", Value: json.RawMessage(`1`), Version: 2}
	require.NoError(t, p.Refresh(t.Context()))
	require.Equal(t, int64(4096), p.Current().Int(BodyBytes))
	view, _ := p.View(BodyBytes)
	require.NotEmpty(t, view.Fault)
	require.Equal(t, 1, p.Current().Faults())
	_, err = p.Put(t.Context(), TenantRate, json.RawMessage(`5`), 0)
	require.NoError(t, err)
	require.Equal(t, int64(4096), p.Current().Int(BodyBytes), "the last good value outlives further changes")
	require.Equal(t, 1, strings.Count(log.String(), "cannot be used"), "said once a version")
}

func TestRun_FollowsTheStoreAndOutlivesItsOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &memory{}
		here, log := planeOf(t, store, defaults())
		there, _ := planeOf(t, store, defaults())
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		go here.Run(ctx)

		_, err := there.Put(t.Context(), SubjectRate, json.RawMessage(`11`), 0)
		require.NoError(t, err)
		time.Sleep(2 * time.Second) //nolint:forbidigo // virtual time: the promise is two seconds
		require.Equal(t, int64(11), here.Current().Int(SubjectRate))

		store.fail(errors.New("the database is away"))
		asked := store.questions()
		time.Sleep(time.Minute) //nolint:forbidigo // virtual
		require.Equal(t, int64(11), here.Current().Int(SubjectRate), "the last good values stay")
		require.Less(t, store.questions()-asked, 20, "a database that is away is not hammered")
		store.fail(nil)
		_, err = there.Put(t.Context(), SubjectRate, json.RawMessage(`12`), 0)
		require.NoError(t, err)
		time.Sleep(pollMost + time.Second) //nolint:forbidigo // virtual
		require.Equal(t, int64(12), here.Current().Int(SubjectRate))
		cancel()
		synctest.Wait()
		require.Equal(t, 1, strings.Count(log.String(), "cannot be read"))
		require.Equal(t, 1, strings.Count(log.String(), "can be read again"))
	})
}

func TestRun_AConsumerThatPanicsStopsNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &memory{}
		p, _ := planeOf(t, store, defaults())
		p.OnChange(func(*Snapshot) { panic("no") }, TenantRate)
		ctx, cancel := context.WithCancel(t.Context())
		go p.Run(ctx)
		require.NoError(t, store.Put(ctx, Change{Key: TenantRate, Value: json.RawMessage(`3`)}))
		time.Sleep(2 * time.Second) //nolint:forbidigo // virtual
		require.NoError(t, store.Put(ctx, Change{Key: SubjectRate, Value: json.RawMessage(`4`)}))
		time.Sleep(2 * pollMost) //nolint:forbidigo // virtual
		require.Equal(t, int64(4), p.Current().Int(SubjectRate))
		cancel()
		synctest.Wait()
	})
}

func TestPut_TheTenantManagerMayMoveButNotComeOrGo(t *testing.T) {
	boot := defaults()
	boot[ManagerURL], boot[ManagerAPIKey] = "https://a.example", "key"
	p, _ := planeOf(t, &memory{}, boot)
	_, err := p.Put(t.Context(), ManagerURL, json.RawMessage(`"https://b.example"`), 0)
	require.NoError(t, err)
	var bad *BadValueError
	_, err = p.Put(t.Context(), ManagerURL, json.RawMessage(`""`), 0)
	require.ErrorAs(t, err, &bad)
	_, err = p.Put(t.Context(), ManagerAPIKey, json.RawMessage(`""`), 0)
	require.ErrorAs(t, err, &bad, "a tenant manager needs its key")
}
