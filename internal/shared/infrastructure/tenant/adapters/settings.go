package adapters

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"matcher/internal/auth"
	"matcher/internal/recon"
)

// Settings stores runtime settings in the control schema, each change with its actor.
type Settings struct{ pool *pgxpool.Pool }

// StoredSetting is a key's row. A nil value takes the key back to what the environment sets.
type StoredSetting struct {
	Key       string
	Value     json.RawMessage
	Version   int
	ChangedAt time.Time
	ChangedBy string
}

// NewSetting is a key's value to be stored. Expected is the version that the caller read, 0 for any.
type NewSetting struct {
	Key      string
	Value    json.RawMessage // nil takes it back
	Shown    json.RawMessage // what the history shows: nil for a secret
	Expected int
}

// NewSettings reads and writes through pool, whose connections have taken the control role.
func NewSettings(pool *pgxpool.Pool) *Settings { return &Settings{pool: pool} }

// Revision returns the sum of versions: each only rises, and a commit becomes visible together with its sum, which is
// not true of a sequence's number.
func (s *Settings) Revision(ctx context.Context) (revision int64, err error) {
	err = s.pool.QueryRow(ctx, `SELECT coalesce(sum(version), 0)::bigint FROM control.settings`).Scan(&revision)
	return revision, settingsError(err)
}

// Now returns the time by the database's clock, at the moment when it answers.
func (s *Settings) Now(ctx context.Context) (now time.Time, err error) {
	err = s.pool.QueryRow(ctx, `SELECT clock_timestamp()`).Scan(&now)
	return now, settingsError(err)
}

// Load returns every setting that was ever changed.
func (s *Settings) Load(ctx context.Context) ([]StoredSetting, error) {
	rows, _ := s.pool.Query(ctx, `SELECT key, value, version, changed_at, changed_by FROM control.settings ORDER BY key`)
	stored, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (one StoredSetting, err error) {
		err = row.Scan(&one.Key, (*[]byte)(&one.Value), &one.Version, &one.ChangedAt, &one.ChangedBy)
		return one, err
	})
	return stored, settingsError(err)
}

// Put stores values, all or none, each with its line of history. Another version than the expected one is recon.Stale.
func (s *Settings) Put(ctx context.Context, changes ...NewSetting) error {
	return settingsError(pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		for _, change := range changes {
			if err := putSetting(ctx, tx, change); err != nil {
				return err
			}
		}
		return nil
	}))
}

func putSetting(ctx context.Context, tx pgx.Tx, change NewSetting) error {
	principal, _ := auth.PrincipalFrom(ctx)
	var version int64
	err := tx.QueryRow(ctx, `
		WITH stored AS (
			INSERT INTO control.settings AS s (key, value, version, changed_by)
			SELECT @key::text, @value::jsonb, 2, @actor::text
			-- Version 1 is the environment's: expecting another one finds nothing to replace.
			WHERE @expected::bigint <= 1 OR EXISTS (SELECT FROM control.settings WHERE key = @key)
			ON CONFLICT (key) DO UPDATE
			SET value = excluded.value, version = s.version + 1, changed_at = excluded.changed_at, changed_by = excluded.changed_by
			WHERE @expected = 0 OR s.version = @expected
			RETURNING version, changed_at
		)
		INSERT INTO control.settings_history (key, version, value, reset, changed_at, changed_by, request_id)
		SELECT @key, version, @shown::jsonb, @value IS NULL, changed_at, @actor, @request::text FROM stored
		RETURNING version`,
		pgx.NamedArgs{
			"key": change.Key, "value": []byte(change.Value), "shown": []byte(change.Shown), "expected": change.Expected,
			"actor": principal.Subject, "request": auth.RequestID(ctx),
		}).Scan(&version)
	if errors.Is(err, pgx.ErrNoRows) {
		return recon.Stale("setting")
	}
	return err
}

// SettingChange is one line of a setting's history.
type SettingChange struct {
	Version   int             `json:"version"`
	Value     json.RawMessage `json:"value" doc:"null for a secret and for a reset"`
	Reset     bool            `json:"reset" doc:"Whether the key went back to the environment's value"`
	ChangedAt time.Time       `json:"changedAt"`
	ChangedBy string          `json:"changedBy"`
	RequestID string          `json:"requestId,omitempty"`
}

// History returns up to limit changes of a key before a version, the latest first; before 0 starts at the latest.
func (s *Settings) History(ctx context.Context, key string, before, limit int) ([]SettingChange, error) {
	rows, _ := s.pool.Query(ctx, `
		SELECT version, value, reset, changed_at, changed_by, request_id FROM control.settings_history
		WHERE key = @key AND (@before::bigint = 0 OR version < @before)
		ORDER BY version DESC LIMIT @limit`, pgx.NamedArgs{"key": key, "before": before, "limit": limit})
	changes, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (c SettingChange, err error) {
		err = row.Scan(&c.Version, (*[]byte)(&c.Value), &c.Reset, &c.ChangedAt, &c.ChangedBy, &c.RequestID)
		return c, err
	})
	return changes, settingsError(err)
}

func settingsError(err error) error {
	if err == nil {
		return nil
	}
	return connectionError(fmt.Errorf("reading or writing settings: %w", err))
}
