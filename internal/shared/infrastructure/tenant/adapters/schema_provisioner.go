// Package adapters connects the tenancy ports to PostgreSQL: the registry of tenants, the provisioning of their schemas
// and the connections they work on.
package adapters

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"matcher/internal/auth"
	"matcher/internal/recon"
	"matcher/internal/shared/ports"
	"matcher/migrations"
)

// Names of the application's own roles.
const (
	RoleApp     = "matcher_app"     // logs in; has no right of its own and inherits none
	RoleWork    = "matcher_work"    // jobs and outbox markers
	RoleControl = "matcher_control" // the registry of tenants
)

// provisionTimeout bounds one provisioning, waiting for another caller's included: a hundred times what one takes.
const provisionTimeout = 30 * time.Second

// PostgresTenantSchemaProvisioner makes a tenant's schema, its tables and its role in one transaction, so a process
// killed at any moment leaves the schema absent or complete.
type PostgresTenantSchemaProvisioner struct {
	dsn      func() string
	database string
	files    fs.FS
	tables   []string
	roles    bool
	tracer   trace.Tracer
	dropped  func(context.Context, pgx.Tx) // tests look at each transaction of a removal
}

var _ ports.TenantSchemaProvisioner = (*PostgresTenantSchemaProvisioner)(nil)

// ProvisionerOptions are a provisioner's defaults, for a ProvisionerOption to change.
type ProvisionerOptions struct {
	Migrations fs.FS                // the embedded ones
	Tracers    trace.TracerProvider // the process's
	// WithoutRoles is for installations that may not create roles: the schemas are then the only wall.
	WithoutRoles bool
}

// ProvisionerOption changes a provisioner's options.
type ProvisionerOption = func(*ProvisionerOptions)

const tracerName = "matcher/internal/shared/infrastructure/tenant"

// NewPostgresTenantSchemaProvisioner provisions in one database of the primary. dsn is asked on every call, so that a
// rotated password is picked up; it belongs to the owner role, never to the application's.
func NewPostgresTenantSchemaProvisioner(dsn func() string, database string,
	options ...ProvisionerOption,
) (*PostgresTenantSchemaProvisioner, error) {
	if dsn == nil {
		return nil, errors.New("the provisioner needs the primary's DSN")
	}
	if database == "" {
		return nil, errors.New("the provisioner needs a database name")
	}
	o := ProvisionerOptions{Migrations: migrations.FS, Tracers: otel.GetTracerProvider()}
	for _, option := range options {
		option(&o)
	}
	p := &PostgresTenantSchemaProvisioner{
		dsn: dsn, database: database, files: o.Migrations, roles: !o.WithoutRoles, tracer: o.Tracers.Tracer(tracerName),
	}
	if _, err := p.connConfig(); err != nil {
		return nil, err
	}
	tables, err := expectedTables(p.files)
	if err != nil {
		return nil, err
	}
	p.tables = tables
	return p, nil
}

// connConfig never repeats the DSN in an error: it holds a password.
func (p *PostgresTenantSchemaProvisioner) connConfig() (*pgx.ConnConfig, error) {
	dsn := p.dsn()
	if dsn == "" {
		return nil, errors.New("the provisioner's DSN is empty")
	}
	config, err := pgx.ParseConfig(dsn)
	if err != nil {
		return nil, errors.New("the provisioner's DSN cannot be read")
	}
	config.Database = p.database
	return config, nil
}

// TenantRole names a tenant's role. Roles are shared by all databases of a cluster, so the database is part of it.
func TenantRole(database, tenantID string) string {
	sum := sha256.Sum256([]byte(database + "\x00" + tenantID))
	return "t_" + hex.EncodeToString(sum[:8])
}

// ProvisionTenantSchema makes or upgrades the tenant's schema. It is idempotent, and of several callers at once each
// returns when the schema is complete.
func (p *PostgresTenantSchemaProvisioner) ProvisionTenantSchema(ctx context.Context, tenantID string) error {
	ctx, span := p.tracer.Start(ctx, "infrastructure.tenant.provision_schema")
	defer span.End()
	err := p.provision(ctx, tenantID, span)
	if err != nil {
		// Never the error's text: it may quote a connection string. The SQLSTATE and the log have the rest.
		span.SetStatus(codes.Error, "provisioning the tenant's schema failed")
		span.SetAttributes(attribute.String("db.response.status_code", sqlState(err)))
	}
	return err
}

func (p *PostgresTenantSchemaProvisioner) provision(ctx context.Context, tenantID string, span trace.Span) error {
	if !auth.IsUUID(tenantID) {
		return recon.Invalid(recon.CodeInvalidValue, "a tenant id is a lower-case UUID")
	}
	span.SetAttributes(attribute.String("tenant.id", tenantID), attribute.String("db.namespace", p.database))
	ctx, cancel := context.WithTimeout(ctx, provisionTimeout)
	defer cancel()
	config, err := p.connConfig()
	if err != nil {
		return err
	}
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return fmt.Errorf("connecting to provision: %w", err)
	}
	defer closeConn(ctx, conn)
	return pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error { return p.provisionIn(ctx, tx, tenantID) })
}

func closeConn(ctx context.Context, conn *pgx.Conn) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	_ = conn.Close(ctx)
}

func (p *PostgresTenantSchemaProvisioner) provisionIn(ctx context.Context, tx pgx.Tx, tenantID string) error {
	if _, err := tx.Exec(ctx, `SELECT pg_advisory_xact_lock(hashtextextended($1, 0))`, tenantID); err != nil {
		return fmt.Errorf("locking the tenant: %w", err)
	}
	schema := auth.QuoteIdentifier(tenantID)
	if _, err := tx.Exec(ctx, `CREATE SCHEMA IF NOT EXISTS `+schema); err != nil {
		return fmt.Errorf("creating the schema: %w", err)
	}
	if _, err := tx.Exec(ctx, `SET LOCAL search_path TO `+schema); err != nil {
		return fmt.Errorf("setting the search path: %w", err)
	}
	var current string
	if err := tx.QueryRow(ctx, `SELECT coalesce(current_schema(), '')`).Scan(&current); err != nil {
		return fmt.Errorf("reading the current schema: %w", err)
	}
	if current != tenantID {
		return fmt.Errorf("the current schema is %q and not the tenant's", current)
	}
	if err := MigrateUp(ctx, tx, p.files, "."); err != nil {
		return err
	}
	return p.grantAndCheck(ctx, tx, tenantID)
}

// grantAndCheck writes grants only where one is missing, so that provisioning again changes no row of the catalog.
func (p *PostgresTenantSchemaProvisioner) grantAndCheck(ctx context.Context, tx pgx.Tx, tenantID string) error {
	if err := p.checkTables(ctx, tx, tenantID); err != nil || !p.roles {
		return err
	}
	role := TenantRole(p.database, tenantID)
	complete, err := grantsComplete(ctx, tx, tenantID, role)
	if err != nil || complete {
		return err
	}
	if err := createRole(ctx, tx, role); err != nil {
		return err
	}
	if err := grantSchema(ctx, tx, tenantID, role); err != nil {
		return err
	}
	complete, err = grantsComplete(ctx, tx, tenantID, role)
	if err == nil && !complete {
		err = errors.New("the tenant's role has not exactly the rights it should have")
	}
	return err
}

// checkTables refuses a schema that lacks a table its version promises.
func (p *PostgresTenantSchemaProvisioner) checkTables(ctx context.Context, tx pgx.Tx, tenantID string) error {
	rows, _ := tx.Query(ctx, `
		SELECT name FROM unnest($2::text[]) AS name
		EXCEPT
		SELECT relname FROM (`+schemaRelations+`) AS relations WHERE relkind IN ('r', 'p')
		ORDER BY 1`, tenantID, p.tables)
	missing, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return fmt.Errorf("reading the table set: %w", err)
	}
	if len(missing) > 0 {
		return fmt.Errorf("the schema is at its newest version but lacks the tables %v", missing)
	}
	return nil
}

func sqlState(err error) string {
	var pgErr *pgconn.PgError
	if errors.As(err, &pgErr) {
		return pgErr.Code
	}
	return ""
}
