package adapters

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"matcher/internal/auth"
	"matcher/internal/recon"
	"matcher/internal/shared/ports"
)

// DefaultGrace is how long a deleted tenant can be restored by default.
const DefaultGrace = 30 * 24 * time.Hour

// maxFault bounds what is kept of the reason of a quarantine.
const maxFault = 1000

// NewTenant is a tenant to be created. An empty ID means a new one.
type NewTenant struct {
	ID                string `json:"id,omitempty"`
	Slug              string `json:"slug"`
	Name              string `json:"name"`
	Cluster           string `json:"cluster,omitempty"`  // a server that the installation's settings name; "" is its own
	Database          string `json:"database,omitempty"` // on that server; "" is its usual one
	Connections       int    `json:"connections,omitempty"`
	RequestsPerSecond int    `json:"requestsPerSecond,omitempty"`
	Weight            int    `json:"weight,omitempty"`
}

// TenantChange is what may be changed of a tenant that exists; nil stays as it is.
type TenantChange struct {
	Name              *string `json:"name,omitempty"`
	Connections       *int    `json:"connections,omitempty"`
	RequestsPerSecond *int    `json:"requestsPerSecond,omitempty"`
	Weight            *int    `json:"weight,omitempty"`
}

// Create registers a tenant. Its schema is the provisioner's work, before or after: a registered tenant without one
// answers TENANT_PROVISIONING. Creating the same id or slug again is a conflict, TENANT_EXISTS or TENANT_SLUG_TAKEN.
// Versions continue after those of an erased tenant of the same id, so that no process takes its events for old.
func (r *Registry) Create(ctx context.Context, tenant NewTenant) (*ports.TenantConfig, error) {
	if tenant.ID == "" {
		tenant.ID = uuid.NewString()
	}
	tenant.Name = strings.TrimSpace(tenant.Name)
	if err := tenant.Check(); err != nil {
		return nil, err
	}
	plan := tenantPlan{tenant.Cluster, tenant.Database, tenant.Connections, tenant.RequestsPerSecond, tenant.Weight}
	return configOf(r.change(ctx, tenantUpdate{
		action: "tenant.create", detail: map[string]any{"slug": tenant.Slug, "config": plan}, sql: `
		INSERT INTO control.tenants (id, slug, name, config, version)
		SELECT @id, @slug, @name, @config, 1 + coalesce((SELECT max(version) FROM control.audit WHERE tenant_id = @id), 0)`,
		args: pgx.NamedArgs{"id": tenant.ID, "slug": tenant.Slug, "name": tenant.Name, "config": plan},
	}))
}

// Change replaces what change names, unless the tenant is deleted or its version is another than the given one (0:
// any).
func (r *Registry) Change(
	ctx context.Context, tenantID string, version int64, change TenantChange,
) (*TenantRecord, error) {
	if change.Name != nil {
		trimmed := strings.TrimSpace(*change.Name)
		change.Name = &trimmed
	}
	if err := change.check(); err != nil {
		return nil, err
	}
	limits := map[string]int{}
	for name, limit := range map[string]*int{
		"connections":       change.Connections,
		"requestsPerSecond": change.RequestsPerSecond,
		"weight":            change.Weight,
	} {
		if limit != nil {
			limits[name] = *limit
		}
	}
	return r.update(ctx, tenantUpdate{
		action: "tenant.update",
		detail: change,
		sql: `
		UPDATE control.tenants SET name = coalesce(@name, name), config = config || @limits, version = version + 1, updated_at = now()
		WHERE id = @id AND status <> 'DELETED' AND (@version = 0 OR version = @version)`,
		args: pgx.NamedArgs{"id": tenantID, "name": change.Name, "limits": limits, "version": version},
		refuse: func(current *TenantRecord) error {
			if current.Status == ports.TenantDeleted {
				return errTenantDeleted()
			}
			return recon.Stale("tenant")
		},
	})
}

func errTenantDeleted() error {
	return recon.Conflict(recon.CodeTenantDeleted, "the tenant is deleted: restore it first")
}

// SetStatus suspends, resumes or deletes a tenant in the registry and raises its version. It never touches data. Being
// in that status already is no error and no change.
func (r *Registry) SetStatus(
	ctx context.Context, tenantID string, status ports.TenantStatus,
) (*ports.TenantConfig, error) {
	actions := map[ports.TenantStatus]string{
		ports.TenantActive:    "tenant.resume",
		ports.TenantSuspended: "tenant.suspend",
	}
	switch {
	case status == ports.TenantDeleted:
		return configOf(r.Delete(ctx, tenantID, DefaultGrace))
	case actions[status] == "":
		return nil, recon.Unprocessable(recon.CodeValidationFailed, "this is no status of a tenant",
			recon.FieldError{Pointer: "/status", Message: "must be ACTIVE, SUSPENDED or DELETED"})
	}
	return configOf(r.update(ctx, tenantUpdate{
		action: actions[status],
		sql: `
		UPDATE control.tenants SET status = @status, version = version + 1, updated_at = now()
		WHERE id = @id AND status NOT IN (@status, 'DELETED')`,
		args: pgx.NamedArgs{"id": tenantID, "status": string(status)},
		refuse: func(current *TenantRecord) error {
			if current.Status == ports.TenantDeleted {
				return errTenantDeleted()
			}
			return nil
		},
	}))
}

// Delete makes a tenant unknown to its users. Its data stays for the grace, in which Restore brings it back.
func (r *Registry) Delete(ctx context.Context, tenantID string, grace time.Duration) (*TenantRecord, error) {
	return r.update(ctx, tenantUpdate{
		action: "tenant.delete",
		detail: map[string]string{"grace": grace.String()},
		sql: `
		UPDATE control.tenants SET status = 'DELETED', restore_to = status, deleted_at = now(), purge_at = now() + @grace::interval,
			version = version + 1, updated_at = now()
		WHERE id = @id AND status <> 'DELETED'`,
		args: pgx.NamedArgs{"id": tenantID, "grace": grace},
	})
}

// Restore brings a deleted tenant back to what it was, unless its data is being erased already.
func (r *Registry) Restore(ctx context.Context, tenantID string) (*TenantRecord, error) {
	return r.update(ctx, tenantUpdate{
		action: "tenant.restore",
		sql: `
		UPDATE control.tenants SET status = restore_to, restore_to = NULL, deleted_at = NULL, purge_at = NULL,
			version = version + 1, updated_at = now()
		WHERE id = @id AND status = 'DELETED' AND NOT purging`,
		args: pgx.NamedArgs{"id": tenantID},
		refuse: func(current *TenantRecord) error {
			if current.Purging {
				return recon.Conflict(recon.CodeTenantPurging, "the tenant's data is being erased: it cannot come back")
			}
			return nil
		},
	})
}

// BeginPurge closes the way back for a deleted tenant whose grace is over.
func (r *Registry) BeginPurge(ctx context.Context, tenantID string) (*TenantRecord, error) {
	return r.update(ctx, tenantUpdate{
		action: "tenant.purge",
		sql: `
		UPDATE control.tenants SET purging = true, version = version + 1, updated_at = now()
		WHERE id = @id AND status = 'DELETED' AND purge_at <= now() AND NOT purging`,
		args: pgx.NamedArgs{"id": tenantID},
		refuse: func(current *TenantRecord) error {
			if !current.Purging {
				return recon.Conflict(recon.CodeTenantNotDue, "the tenant is not deleted, or can still be restored")
			}
			return nil
		},
	})
}

// FinishPurge takes the row away, and with it gives id and slug free. What was done to the tenant stays in the audit
// log.
func (r *Registry) FinishPurge(ctx context.Context, tenantID string) error {
	_, err := r.change(ctx, tenantUpdate{
		action: "tenant.purged", sql: `DELETE FROM control.tenants WHERE id = @id AND purging`, args: pgx.NamedArgs{"id": tenantID},
	})
	return err
}

// Quarantine keeps callers away from a tenant whose schema could not be brought up to date; "" lets them in again.
func (r *Registry) Quarantine(ctx context.Context, tenantID, fault string) (*TenantRecord, error) {
	action := "tenant.quarantine"
	if fault == "" {
		action = "tenant.release"
	}
	fault = strings.ToValidUTF8(fault[:min(len(fault), maxFault)], "")
	return r.update(ctx, tenantUpdate{
		action: action,
		detail: map[string]string{"fault": fault},
		sql: `
		UPDATE control.tenants SET fault = @fault, version = version + 1, updated_at = now()
		WHERE id = @id AND fault <> @fault`,
		args: pgx.NamedArgs{"id": tenantID, "fault": fault},
	})
}

// tenantUpdate is a statement on one row of control.tenants. refuse, which may be nil, is the error of a statement
// that finds nothing to change in the current record.
type tenantUpdate struct {
	action string
	detail any // for the audit row; nil is none
	sql    string
	args   pgx.NamedArgs // @id is the tenant
	refuse func(current *TenantRecord) error
}

// change runs the statement and writes its audit row, both or neither.
func (r *Registry) change(ctx context.Context, u tenantUpdate) (*TenantRecord, error) {
	if id, _ := u.args["id"].(string); !auth.IsUUID(id) {
		return nil, recon.NotFound("tenant")
	}
	if u.detail == nil {
		u.detail = struct{}{}
	}
	text, err := json.Marshal(u.detail)
	if err != nil {
		return nil, fmt.Errorf("encoding the audit row of %s: %w", u.action, err)
	}
	args := maps.Clone(u.args)
	args["audit_actor"], args["audit_action"] = actorOf(ctx), u.action
	args["audit_request"], args["audit_detail"] = auth.RequestID(ctx), text
	return r.one(ctx, `
		WITH changed AS (`+u.sql+`
			RETURNING id, slug, name, status, config, version, created_at, updated_at, fault, deleted_at, purge_at, purging
		), audited AS (
			INSERT INTO control.audit (actor, action, tenant_id, version, request_id, detail)
			SELECT @audit_actor, @audit_action, id, version, @audit_request, @audit_detail FROM changed
		)
		SELECT `+tenantColumns+` FROM changed`, args)
}

func actorOf(ctx context.Context) string {
	if principal, ok := auth.PrincipalFrom(ctx); ok && principal.Subject != "" {
		return principal.Subject
	}
	return "system"
}

// update returns the changed record, or, if the statement finds nothing to change, the current one or refuse's error.
func (r *Registry) update(ctx context.Context, u tenantUpdate) (*TenantRecord, error) {
	changed, err := r.change(ctx, u)
	id, _ := u.args["id"].(string)
	if recon.KindOf(err) != recon.KindNotFound || !auth.IsUUID(id) {
		return changed, err
	}
	current, err := r.Record(ctx, id)
	if err == nil && u.refuse != nil {
		err = u.refuse(current)
	}
	if err != nil {
		return nil, err
	}
	return current, nil
}

// Hold makes sure that one process at a time works on what purpose names of a tenant. The hold ends with release, or
// with the process; false means that another process has it.
func (r *Registry) Hold(ctx context.Context, purpose, tenantID string) (release func(), held bool, err error) {
	conn, err := r.pool.Acquire(ctx)
	if err != nil {
		return nil, false, registryError(err)
	}
	key := "matcher." + purpose + ":" + tenantID
	if err := conn.QueryRow(ctx, `SELECT pg_try_advisory_lock(hashtextextended($1, 0))`, key).Scan(&held); err != nil || !held {
		conn.Release()
		return nil, false, err
	}
	return func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		if _, err := conn.Exec(ctx, `SELECT pg_advisory_unlock(hashtextextended($1, 0))`, key); err != nil {
			_ = conn.Conn().Close(ctx) // the lock ends with the connection
		}
		conn.Release()
	}, true, nil
}

// databasePattern leaves out what would need quoting somewhere and what is longer than a name may be.
var databasePattern = regexp.MustCompile(`^[a-z_][a-z0-9_]{0,62}$`)

var reservedDatabases = []string{"postgres", "template0", "template1"}

// Check reports what is wrong with the tenant, field by field.
func (t NewTenant) Check() error {
	faults := limitFaults(&t.Connections, &t.RequestsPerSecond, &t.Weight)
	fault := func(pointer, message string) {
		faults = append(faults, recon.FieldError{Pointer: pointer, Message: message})
	}
	if t.ID != "" && !auth.IsUUID(t.ID) {
		fault("/id", "must be a lower-case UUID")
	}
	if !slugPattern.MatchString(t.Slug) || auth.IsUUID(t.Slug) {
		fault("/slug", "must be 1 to 63 of a-z, 0-9 and single hyphens between them, and no UUID")
	}
	if !usableName(strings.TrimSpace(t.Name)) {
		fault("/name", "must be 1 to 200 printable characters")
	}
	if t.Database != "" &&
		(!databasePattern.MatchString(t.Database) || slices.Contains(reservedDatabases, t.Database)) {
		fault("/database", "must be 1 to 63 of a-z, 0-9 and _, not starting with a digit, and none of PostgreSQL's own")
	}
	return tenantFaults("the tenant cannot be created like this", faults)
}

func (c TenantChange) check() error {
	faults := limitFaults(c.Connections, c.RequestsPerSecond, c.Weight)
	if c.Name != nil && !usableName(*c.Name) {
		faults = append(faults, recon.FieldError{Pointer: "/name", Message: "must be 1 to 200 printable characters"})
	}
	return tenantFaults("the tenant cannot be changed like this", faults)
}

func tenantFaults(message string, faults []recon.FieldError) error {
	if len(faults) == 0 {
		return nil
	}
	return recon.Unprocessable(recon.CodeValidationFailed, message, faults...)
}

func limitFaults(connections, requestsPerSecond, weight *int) (faults []recon.FieldError) {
	if connections != nil && (*connections < 0 || *connections > maxRemoteConnections) {
		faults = append(faults, recon.FieldError{Pointer: "/connections", Message: "must be 0 (the default) to 10000"})
	}
	if requestsPerSecond != nil && (*requestsPerSecond < 0 || *requestsPerSecond > maxRemoteRequests) {
		faults = append(faults,
			recon.FieldError{Pointer: "/requestsPerSecond", Message: "must be 0 (the default) to 1000000"})
	}
	if weight != nil && (*weight < 0 || *weight > maxWeight) {
		faults = append(faults, recon.FieldError{Pointer: "/weight", Message: "must be 0 (the default, 1) to 100"})
	}
	return faults
}

func usableName(name string) bool {
	runes := utf8.RuneCountInString(name)
	return utf8.ValidString(name) && runes >= 1 && runes <= maxNameRunes &&
		!strings.ContainsFunc(name, unicode.IsControl)
}
