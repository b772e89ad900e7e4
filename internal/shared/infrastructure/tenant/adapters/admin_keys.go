package adapters

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"matcher/internal/auth"
	"matcher/internal/recon"
)

// AdminKeys keeps the keys that open an installation's control plane, by their hashes, and which tokens were revoked.
type AdminKeys struct{ pool *pgxpool.Pool }

// AdminKey is a stored key without the key.
type AdminKey struct {
	ID         string     `json:"id"`
	Name       string     `json:"name"`
	Scopes     []string   `json:"scopes" nullable:"false"`
	CreatedAt  time.Time  `json:"createdAt"`
	CreatedBy  string     `json:"createdBy"`
	ExpiresAt  *time.Time `json:"expiresAt,omitempty"`
	LastUsedAt *time.Time `json:"lastUsedAt,omitempty" doc:"To the minute"`
	RevokedAt  *time.Time `json:"revokedAt,omitempty"`
	RevokedBy  *string    `json:"revokedBy,omitempty"`
}

// NewAdminKeys reads and writes through pool, whose connections have taken the control role.
func NewAdminKeys(pool *pgxpool.Pool) *AdminKeys { return &AdminKeys{pool: pool} }

const adminKeyColumns = `id::text, name, scopes, created_at, created_by, expires_at, last_used_at, revoked_at, revoked_by`

// Create makes a key and returns it: nothing can show it again.
func (k *AdminKeys) Create(ctx context.Context, name string, scopes []string, expires *time.Time) (
	key string, made AdminKey, err error,
) {
	principal, _ := auth.PrincipalFrom(ctx)
	key = "mk_" + rand.Text() + rand.Text() // 26 characters of 5 bits each
	hash := sha256.Sum256([]byte(key))
	rows, err := k.pool.Query(ctx, `
		INSERT INTO control.admin_keys (id, name, hash, scopes, created_at, created_by, expires_at)
		VALUES (@id, @name, @hash, @scopes, now(), @actor, @expires)
		RETURNING `+adminKeyColumns,
		pgx.NamedArgs{
			"id": uuid.Must(uuid.NewV7()), "name": name, "hash": hash[:], "scopes": scopes,
			"actor": principal.Subject, "expires": expires,
		})
	if err == nil {
		made, err = pgx.CollectExactlyOneRow(rows, pgx.RowToStructByPos[AdminKey])
	}
	var pgErr *pgconn.PgError
	if errors.As(err, &pgErr) && pgErr.ConstraintName == "admin_keys_name_unique" {
		return "", made, recon.Conflict(recon.CodeNameTaken, "another key has this name")
	}
	return key, made, keysError(err)
}

// List returns every key that was ever made, the latest first.
func (k *AdminKeys) List(ctx context.Context) ([]AdminKey, error) {
	rows, err := k.pool.Query(ctx, `SELECT `+adminKeyColumns+` FROM control.admin_keys ORDER BY id DESC LIMIT 1000`)
	if err != nil {
		return nil, keysError(err)
	}
	keys, err := pgx.CollectRows(rows, pgx.RowToStructByPos[AdminKey])
	return keys, keysError(err)
}

// Revoke ends a key at once; a revoked one stays as it is.
func (k *AdminKeys) Revoke(ctx context.Context, id string) error {
	principal, _ := auth.PrincipalFrom(ctx)
	var known bool
	err := k.pool.QueryRow(ctx, `
		WITH revoked AS (
			UPDATE control.admin_keys SET revoked_at = now(), revoked_by = @actor WHERE id::text = @id AND revoked_at IS NULL
		)
		SELECT EXISTS (SELECT FROM control.admin_keys WHERE id::text = @id)`,
		pgx.NamedArgs{"id": id, "actor": principal.Subject}).Scan(&known)
	if err == nil && !known {
		return recon.NotFound("key")
	}
	return keysError(err)
}

// Holder returns whose key has that hash, and notes that it was used; false when no key that is good has it.
func (k *AdminKeys) Holder(ctx context.Context, hash []byte) (holder auth.Principal, known bool, err error) {
	var name string
	err = k.pool.QueryRow(ctx, `
		WITH used AS (
			UPDATE control.admin_keys SET last_used_at = now()
			WHERE hash = @hash AND revoked_at IS NULL AND (last_used_at IS NULL OR last_used_at < now() - interval '1 minute')
		)
		SELECT name, scopes FROM control.admin_keys
		WHERE hash = @hash AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now())`,
		pgx.NamedArgs{"hash": hash}).Scan(&name, &holder.Scopes)
	if errors.Is(err, pgx.ErrNoRows) {
		return holder, false, nil
	}
	holder.Subject, holder.Roles = "key:"+name, []auth.Role{auth.RolePlatformAdmin}
	return holder, err == nil, keysError(err)
}

// RevokeToken refuses the token of a jti on every instance within a minute, for as long as a token may live.
func (k *AdminKeys) RevokeToken(ctx context.Context, jti string, life time.Duration) error {
	principal, _ := auth.PrincipalFrom(ctx)
	_, err := k.pool.Exec(ctx, `
		WITH forgotten AS (DELETE FROM control.revoked_tokens WHERE forget_at < now())
		INSERT INTO control.revoked_tokens (jti, revoked_at, revoked_by, forget_at) VALUES (@jti, now(), @actor, now() + 2 * @life::interval)
		ON CONFLICT (jti) DO NOTHING`,
		pgx.NamedArgs{"jti": jti, "actor": principal.Subject, "life": life})
	return keysError(err)
}

// Revoked reports whether the token of a jti was revoked.
func (k *AdminKeys) Revoked(ctx context.Context, jti string) (revoked bool, err error) {
	err = k.pool.QueryRow(ctx, `SELECT EXISTS (SELECT FROM control.revoked_tokens WHERE jti = $1)`, jti).Scan(&revoked)
	return revoked, keysError(err)
}

func keysError(err error) error {
	if err == nil {
		return nil
	}
	return connectionError(fmt.Errorf("reading or writing keys: %w", err))
}
