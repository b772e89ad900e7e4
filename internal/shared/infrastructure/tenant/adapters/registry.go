package adapters

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/google/uuid"
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

// Registry is the built-in authority on tenants, a table of the control schema.
type Registry struct{ pool *pgxpool.Pool }

var _ ports.ConfigurationPort = (*Registry)(nil)

// NewRegistry reads and writes control.tenants through pool, whose connections have taken the control role.
func NewRegistry(pool *pgxpool.Pool) *Registry { return &Registry{pool: pool} }

// NewTenant is a tenant to be created. An empty ID means a new one.
type NewTenant struct {
	ID                string
	Slug              string
	Name              string
	Connections       int
	RequestsPerSecond int
}

// tenantLimits is what the config column holds.
type tenantLimits struct {
	Database          string `json:"database,omitempty"`
	Connections       int    `json:"connections,omitempty"`
	RequestsPerSecond int    `json:"requestsPerSecond,omitempty"`
}

const tenantColumns = `id::text, slug, name, status, config, version, created_at, updated_at`

// GetTenantConfig is the tenant with that id, whatever its status; recon.NotFound when there is none.
func (r *Registry) GetTenantConfig(ctx context.Context, tenantID string) (*ports.TenantConfig, error) {
	if !auth.IsUUID(tenantID) {
		return nil, recon.NotFound("tenant")
	}
	return r.one(ctx, `SELECT `+tenantColumns+` FROM control.tenants WHERE id = $1`, tenantID)
}

// Show is the tenant with that id or slug.
func (r *Registry) Show(ctx context.Context, idOrSlug string) (*ports.TenantConfig, error) {
	if auth.IsUUID(idOrSlug) {
		return r.GetTenantConfig(ctx, idOrSlug)
	}
	if !slugPattern.MatchString(idOrSlug) {
		return nil, recon.NotFound("tenant")
	}
	return r.one(ctx, `SELECT `+tenantColumns+` FROM control.tenants WHERE slug = $1`, idOrSlug)
}

// List is up to limit tenants with a slug after the given one, in the order of their slugs.
func (r *Registry) List(ctx context.Context, after string, limit int) ([]ports.TenantConfig, error) {
	if limit <= 0 || limit > maxListLimit {
		limit = maxListLimit
	}
	rows, err := r.pool.Query(ctx, `SELECT `+tenantColumns+` FROM control.tenants WHERE slug > $1 ORDER BY slug LIMIT $2`, after, limit)
	if err != nil {
		return nil, fmt.Errorf("listing tenants: %w", err)
	}
	tenants, err := pgx.CollectRows(rows, scanTenant)
	if err != nil {
		return nil, fmt.Errorf("listing tenants: %w", err)
	}
	return tenants, nil
}

// Create registers a tenant. Its schema is the provisioner's work, before or after: a registered tenant without one
// answers TENANT_PROVISIONING. Creating the same id with the same slug again is a conflict TENANT_EXISTS.
func (r *Registry) Create(ctx context.Context, tenant NewTenant) (*ports.TenantConfig, error) {
	if tenant.ID == "" {
		tenant.ID = uuid.NewString()
	}
	tenant.Name = strings.TrimSpace(tenant.Name)
	if err := tenant.validate(); err != nil {
		return nil, err
	}
	limits, err := json.Marshal(tenantLimits{Connections: tenant.Connections, RequestsPerSecond: tenant.RequestsPerSecond})
	if err != nil {
		return nil, fmt.Errorf("encoding the tenant's limits: %w", err)
	}
	return r.one(ctx, `
		INSERT INTO control.tenants (id, slug, name, config) VALUES ($1, $2, $3, $4)
		RETURNING `+tenantColumns, tenant.ID, tenant.Slug, tenant.Name, limits)
}

// SetStatus suspends, resumes or deletes a tenant in the registry and raises its version. It never touches data. A
// deleted tenant stays deleted.
func (r *Registry) SetStatus(ctx context.Context, tenantID string, status ports.TenantStatus) (*ports.TenantConfig, error) {
	if status != ports.TenantActive && status != ports.TenantSuspended && status != ports.TenantDeleted {
		return nil, recon.Unprocessable("TENANT_INVALID", "this is no status of a tenant",
			recon.FieldError{Pointer: "/status", Message: "must be ACTIVE, SUSPENDED or DELETED"})
	}
	current, err := r.GetTenantConfig(ctx, tenantID)
	if err != nil || current.Status == status {
		return current, err
	}
	changed, err := r.one(ctx, `
		UPDATE control.tenants SET status = $2, version = version + 1, updated_at = now()
		WHERE id = $1 AND status <> 'DELETED'
		RETURNING `+tenantColumns, tenantID, string(status))
	if recon.KindOf(err) == recon.KindNotFound {
		return nil, recon.Conflict("TENANT_DELETED", "a deleted tenant cannot change its status")
	}
	return changed, err
}

func (t NewTenant) validate() error {
	var faults []recon.FieldError
	fault := func(pointer, message string) {
		faults = append(faults, recon.FieldError{Pointer: pointer, Message: message})
	}
	if !auth.IsUUID(t.ID) {
		fault("/id", "must be a lower-case UUID")
	}
	if !slugPattern.MatchString(t.Slug) || auth.IsUUID(t.Slug) {
		fault("/slug", "must be 1 to 63 of a-z, 0-9 and single hyphens between them, and no UUID")
	}
	if !usableName(t.Name) {
		fault("/name", "must be 1 to 200 printable characters")
	}
	if t.Connections < 0 {
		fault("/connections", "must not be negative")
	}
	if t.RequestsPerSecond < 0 {
		fault("/requestsPerSecond", "must not be negative")
	}
	if len(faults) > 0 {
		return recon.Unprocessable("TENANT_INVALID", "the tenant cannot be created like this", faults...)
	}
	return nil
}

func usableName(name string) bool {
	runes := utf8.RuneCountInString(name)
	return utf8.ValidString(name) && runes >= 1 && runes <= maxNameRunes && !strings.ContainsFunc(name, unicode.IsControl)
}

func (r *Registry) one(ctx context.Context, sql string, args ...any) (*ports.TenantConfig, error) {
	rows, err := r.pool.Query(ctx, sql, args...)
	if err != nil {
		return nil, registryError(err)
	}
	tenant, err := pgx.CollectExactlyOneRow(rows, scanTenant)
	if err != nil {
		return nil, registryError(err)
	}
	return &tenant, nil
}

func scanTenant(row pgx.CollectableRow) (ports.TenantConfig, error) {
	var tenant ports.TenantConfig
	var config []byte
	err := row.Scan(&tenant.TenantID, &tenant.Slug, &tenant.Name, &tenant.Status, &config, &tenant.Version, &tenant.CreatedAt, &tenant.UpdatedAt)
	if err != nil {
		return tenant, err
	}
	var limits tenantLimits
	if err := json.Unmarshal(config, &limits); err != nil {
		return tenant, fmt.Errorf("decoding the tenant's limits: %w", err)
	}
	tenant.Database, tenant.Connections, tenant.RequestsPerSecond = limits.Database, limits.Connections, limits.RequestsPerSecond
	return tenant, nil
}

// registryError speaks of slugs and ids only to whoever may administer tenants: nothing else calls Create.
func registryError(err error) error {
	var pgErr *pgconn.PgError
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return recon.NotFound("tenant")
	case !errors.As(err, &pgErr):
		return connectionError(fmt.Errorf("asking the registry of tenants: %w", err))
	case pgErr.ConstraintName == "tenants_pkey":
		return recon.Conflict("TENANT_EXISTS", "a tenant with this id exists already")
	case pgErr.ConstraintName == "tenants_slug_unique":
		return recon.Conflict("TENANT_SLUG_TAKEN", "another tenant has this slug")
	default:
		return fmt.Errorf("asking the registry of tenants: %w", err)
	}
}

// retryAfterOutage is what a caller is asked to wait while the database cannot be reached.
const retryAfterOutage = 2 * time.Second
