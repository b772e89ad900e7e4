package adapters

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"matcher/internal/auth"
	"matcher/internal/recon"
	"matcher/internal/shared/ports"
)

const (
	maxNameRunes = 200
	maxListLimit = 1000
)

// slugPattern is the registry's own CHECK: words of a-z and 0-9 joined by single hyphens, 63 characters at most.
var slugPattern = regexp.MustCompile(`^[a-z0-9](-?[a-z0-9]){0,62}$`)

// Registry is the built-in authority on tenants: tables of the control schema. Every change writes its audit row in the
// same statement.
type Registry struct{ pool *pgxpool.Pool }

var _ ports.ConfigurationPort = (*Registry)(nil)

// NewRegistry reads and writes control.tenants through pool, whose connections have taken the control role.
func NewRegistry(pool *pgxpool.Pool) *Registry { return &Registry{pool: pool} }

// TenantRecord is a tenant as its administrators see it.
type TenantRecord struct {
	ports.TenantConfig

	Fault     string     `json:"fault,omitempty" doc:"Why its schema could not be brought up to date; the tenant is quarantined"`
	DeletedAt *time.Time `json:"deletedAt,omitempty"`
	PurgeAt   *time.Time `json:"purgeAt,omitempty" doc:"Until then a deleted tenant can be restored; then its data is erased"`
	Purging   bool       `json:"purging,omitempty" doc:"Its data is being erased: there is no way back"`
}

// tenantPlan is what the config column holds.
type tenantPlan struct {
	Cluster           string `json:"cluster,omitempty"`
	Database          string `json:"database,omitempty"`
	Connections       int    `json:"connections,omitempty"`
	RequestsPerSecond int    `json:"requestsPerSecond,omitempty"`
	Weight            int    `json:"weight,omitempty"`
}

const tenantColumns = `id::text, slug, name, status, config, version, created_at, updated_at, fault, deleted_at, purge_at, purging`

// GetTenantConfig returns the tenant with that id, in any status; recon.NotFound if there is none.
func (r *Registry) GetTenantConfig(ctx context.Context, tenantID string) (*ports.TenantConfig, error) {
	if !auth.IsUUID(tenantID) {
		return nil, recon.NotFound("tenant")
	}
	return configOf(r.one(ctx, `SELECT `+tenantColumns+` FROM control.tenants WHERE id = $1`, tenantID))
}

func configOf(record *TenantRecord, err error) (*ports.TenantConfig, error) {
	if err != nil {
		return nil, err
	}
	return &record.TenantConfig, nil
}

// Show returns the tenant with that id or slug.
func (r *Registry) Show(ctx context.Context, idOrSlug string) (*ports.TenantConfig, error) {
	return configOf(r.Record(ctx, idOrSlug))
}

// Record returns the tenant with that id or slug.
func (r *Registry) Record(ctx context.Context, idOrSlug string) (*TenantRecord, error) {
	switch {
	case auth.IsUUID(idOrSlug):
		return r.one(ctx, `SELECT `+tenantColumns+` FROM control.tenants WHERE id = $1`, idOrSlug)
	case slugPattern.MatchString(idOrSlug):
		return r.one(ctx, `SELECT `+tenantColumns+` FROM control.tenants WHERE slug = $1`, idOrSlug)
	default:
		return nil, recon.NotFound("tenant")
	}
}

// Records returns up to limit tenants with a slug after the given one, in the order of their slugs, and of one status
// if one is given.
func (r *Registry) Records(
	ctx context.Context, status ports.TenantStatus, after string, limit int,
) ([]TenantRecord, error) {
	if limit <= 0 || limit > maxListLimit {
		limit = maxListLimit
	}
	return r.many(ctx, `
		SELECT `+tenantColumns+` FROM control.tenants
		WHERE slug > $1 AND ($2 = '' OR status = $2) ORDER BY slug LIMIT $3`, after, string(status), limit)
}

// DuePurges returns some of the deleted tenants whose grace period is over, the oldest first.
func (r *Registry) DuePurges(ctx context.Context) ([]TenantRecord, error) {
	return r.many(ctx, `
		SELECT `+tenantColumns+` FROM control.tenants
		WHERE status = 'DELETED' AND purge_at <= now() ORDER BY purge_at LIMIT $1`, maxListLimit)
}

// TenantAuditEntry is one thing that was done to a tenant.
type TenantAuditEntry struct {
	ID        int64           `json:"id"`
	At        time.Time       `json:"at"`
	Actor     string          `json:"actor"`
	Action    string          `json:"action"`
	TenantID  string          `json:"tenantId"`
	Version   int64           `json:"version"`
	RequestID string          `json:"requestId,omitempty"`
	Detail    json.RawMessage `json:"detail"`
}

// Audit returns up to limit entries before the given one (0: the latest), the latest first; of one tenant if one is
// named.
func (r *Registry) Audit(ctx context.Context, tenantID string, before int64, limit int) ([]TenantAuditEntry, error) {
	if tenantID != "" && !auth.IsUUID(tenantID) {
		return nil, recon.NotFound("tenant")
	}
	rows, _ := r.pool.Query(ctx, `
		SELECT id, at, actor, action, tenant_id::text, version, request_id, detail FROM control.audit
		WHERE ($1 = '' OR tenant_id = nullif($1, '')::uuid) AND ($2::bigint = 0 OR id < $2) ORDER BY id DESC LIMIT $3`, tenantID, before, limit)
	entries, err := pgx.CollectRows(rows, pgx.RowToStructByPos[TenantAuditEntry])
	if err != nil {
		return nil, registryError(err)
	}
	return entries, nil
}

func (r *Registry) one(ctx context.Context, sql string, args ...any) (*TenantRecord, error) {
	rows, _ := r.pool.Query(ctx, sql, args...) // its error comes with the rows
	tenant, err := pgx.CollectExactlyOneRow(rows, scanTenant)
	if err != nil {
		return nil, registryError(err)
	}
	return &tenant, nil
}

func (r *Registry) many(ctx context.Context, sql string, args ...any) ([]TenantRecord, error) {
	rows, _ := r.pool.Query(ctx, sql, args...)
	tenants, err := pgx.CollectRows(rows, scanTenant)
	if err != nil {
		return nil, registryError(err)
	}
	return tenants, nil
}

func scanTenant(row pgx.CollectableRow) (TenantRecord, error) {
	var t TenantRecord
	var config []byte
	err := row.Scan(&t.TenantID, &t.Slug, &t.Name, &t.Status, &config, &t.Version, &t.CreatedAt, &t.UpdatedAt,
		&t.Fault, &t.DeletedAt, &t.PurgeAt, &t.Purging)
	if err != nil {
		return t, err
	}
	var plan tenantPlan
	if err := json.Unmarshal(config, &plan); err != nil {
		return t, fmt.Errorf("decoding the tenant's limits: %w", err)
	}
	t.Cluster, t.Database = plan.Cluster, plan.Database
	t.Connections, t.RequestsPerSecond, t.Weight = plan.Connections, plan.RequestsPerSecond, plan.Weight
	t.Quarantined = t.Fault != ""
	return t, nil
}

// registryError names slugs and ids only to administrators of tenants: nothing else calls Create.
func registryError(err error) error {
	var pgErr *pgconn.PgError
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return recon.NotFound("tenant")
	case !errors.As(err, &pgErr):
		return connectionError(fmt.Errorf("asking the registry of tenants: %w", err))
	case pgErr.ConstraintName == "tenants_pkey":
		return recon.Conflict(recon.CodeTenantExists,
			"a tenant with this id exists already (it may be deleted and not erased yet)")
	case pgErr.ConstraintName == "tenants_slug_unique":
		return recon.Conflict(recon.CodeNameTaken,
			"another tenant has this slug (it may be deleted and not erased yet)")
	default:
		return fmt.Errorf("asking the registry of tenants: %w", err)
	}
}

// retryAfterOutage is the Retry-After while the database cannot be reached.
const retryAfterOutage = 2 * time.Second
