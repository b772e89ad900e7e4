//go:build integration

package tenant

import (
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"matcher/internal/recon"
	tenancy "matcher/internal/shared/infrastructure/tenant/adapters"
	"matcher/internal/testkit"
)

var tenantTables = []string{
	"active_items", "adjustments", "audit_log", "back_test_entries", "back_tests", "batches", "calendars", "changes",
	"context_members", "contexts", "events", "exception_history", "exception_policies", "exceptions", "expectations", "fee_rules", "fee_schedules",
	"fetched_files", "fetches", "field_maps", "fx_rates", "group_decisions", "head", "idempotency_keys",
	"ignored_items", "import_findings", "import_rejects", "imports", "match_groups", "open_items", "outbox_parked",
	"outbox_position", "rejected_sets", "resolutions", "retention", "rule_versions", "rules", "run_inputs", "runs",
	"schedules", "schema_migrations", "score_decisions", "sources", "statements", "transactions", "withdrawn_rows",
}

func TestProvisionTenantSchema_CreatesSchemaAndTables(t *testing.T) {
	t.Parallel()
	in := testkit.Tenants(t)
	tenantID := uuid.NewString()
	require.NoError(t, in.Provisioner.ProvisionTenantSchema(t.Context(), tenantID))

	owner := in.Owner(t)
	require.Equal(t, tenantTables, testkit.TableNames(t, owner, tenantID))
	var version int64
	var dirty bool
	require.NoError(t, owner.QueryRow(t.Context(),
		`SELECT version, dirty FROM "`+tenantID+`".schema_migrations`).Scan(&version, &dirty))
	require.Positive(t, version)
	require.False(t, dirty)

	t.Run("public holds nothing", func(t *testing.T) {
		require.Empty(t, testkit.TableNames(t, owner, "public"))
	})
	t.Run("the tenant has a role that cannot log in", func(t *testing.T) {
		var login bool
		require.NoError(t, owner.QueryRow(t.Context(), `SELECT rolcanlogin FROM pg_roles WHERE rolname = $1`,
			tenancy.TenantRole(in.Database, tenantID)).Scan(&login))
		require.False(t, login)
	})
}

func TestProvisionTenantSchema_Idempotent(t *testing.T) {
	t.Parallel()
	in := testkit.NewInstallation(t)
	tenantID := in.RegisterTenant(t)
	require.NoError(t, in.Provisioner.ProvisionTenantSchema(t.Context(), tenantID))
	owner := in.Owner(t)
	before := testkit.Catalog(t, owner, tenantID)
	changes := catalogWrites(t, owner)

	require.NoError(t, in.Provisioner.ProvisionTenantSchema(t.Context(), tenantID))
	require.Equal(t, before, testkit.Catalog(t, owner, tenantID))
	require.Equal(t, changes, catalogWrites(t, owner), "provisioning again rewrote grants")

	t.Run("it heals a role that lost its rights", func(t *testing.T) {
		role := tenancy.TenantRole(in.Database, tenantID)
		_, err := owner.Exec(t.Context(), `REVOKE SELECT ON "`+tenantID+`".contexts FROM `+role+`;
			REVOKE USAGE ON SEQUENCE "`+tenantID+`".imports_num_seq FROM `+role+`; REVOKE `+role+` FROM matcher_app`)
		require.NoError(t, err)
		require.NoError(t, in.Provisioner.ProvisionTenantSchema(t.Context(), tenantID))
		require.Equal(t, before, testkit.Catalog(t, owner, tenantID))
	})
	t.Run("it takes rights away that the role should not have", func(t *testing.T) {
		_, err := owner.Exec(t.Context(), `GRANT DELETE ON "`+tenantID+`".audit_log TO `+tenancy.TenantRole(in.Database, tenantID))
		require.NoError(t, err)
		require.NoError(t, in.Provisioner.ProvisionTenantSchema(t.Context(), tenantID))
		require.Equal(t, before, testkit.Catalog(t, owner, tenantID))
	})
	t.Run("it refuses a schema that lacks a table its version promises", func(t *testing.T) {
		_, err := owner.Exec(t.Context(), `DROP TABLE "`+tenantID+`".rejected_sets`)
		require.NoError(t, err)
		require.ErrorContains(t, in.Provisioner.ProvisionTenantSchema(t.Context(), tenantID), "rejected_sets")
	})
}

func TestProvisionTenantSchema_InvalidTenantID_ReturnsError(t *testing.T) {
	t.Parallel()
	in := testkit.NewInstallation(t)
	owner := in.Owner(t)
	before := testkit.SchemaNames(t, owner)
	for name, tenantID := range map[string]string{
		"empty":            "",
		"a word":           "public",
		"upper case":       "1111111A-1111-1111-1111-111111111111",
		"a quote":          `11111111-1111-1111-1111-11111111111"`,
		"a statement":      `x"; DROP SCHEMA control CASCADE; --`,
		"a trailing space": "11111111-1111-1111-1111-111111111111 ",
		"braces":           "{11111111-1111-1111-1111-111111111111}",
		"no hyphens":       "11111111111111111111111111111111",
		"NUL":              "11111111-1111-1111-1111-11111111111\x00",
		"too long":         "11111111-1111-1111-1111-1111111111111111111111111111111111111111111111",
	} {
		t.Run(name, func(t *testing.T) {
			err := in.Provisioner.ProvisionTenantSchema(t.Context(), tenantID)
			require.Equal(t, recon.KindInvalid, recon.KindOf(err))
		})
	}
	require.Equal(t, before, testkit.SchemaNames(t, owner))
}

func TestProvisionTenantSchema_Span(t *testing.T) {
	t.Parallel()
	dsn := testkit.Database(t)
	in := testkit.InstallInto(t, dsn)
	exporter := tracetest.NewInMemoryExporter()
	tracing := func(o *tenancy.ProvisionerOptions) { o.Tracers = trace.NewTracerProvider(trace.WithSyncer(exporter)) }
	tenantID := uuid.NewString()
	const secret = "hunter2-in-the-dsn"

	t.Run("a success", func(t *testing.T) {
		exporter.Reset()
		p, err := tenancy.NewPostgresTenantSchemaProvisioner(func() string { return dsn }, in.Database, tracing)
		require.NoError(t, err)
		require.NoError(t, p.ProvisionTenantSchema(t.Context(), tenantID))
		span := oneSpan(t, exporter)
		require.Equal(t, "infrastructure.tenant.provision_schema", span.Name)
		require.Equal(t, codes.Unset, span.Status.Code)
		require.Contains(t, testkit.SpanText(span), tenantID)
	})
	t.Run("a failure has the error status and tells no secret", func(t *testing.T) {
		exporter.Reset()
		unreachable := "postgres://owner:" + secret + "@127.0.0.1:1/" + in.Database + "?connect_timeout=1"
		p, err := tenancy.NewPostgresTenantSchemaProvisioner(func() string { return unreachable }, in.Database, tracing)
		require.NoError(t, err)
		err = p.ProvisionTenantSchema(t.Context(), tenantID)
		require.Error(t, err)
		require.NotContains(t, err.Error(), secret)
		span := oneSpan(t, exporter)
		require.Equal(t, codes.Error, span.Status.Code)
		require.NotContains(t, testkit.SpanText(span), secret)
	})
	t.Run("an invalid id is an error too and is not repeated", func(t *testing.T) {
		exporter.Reset()
		require.Error(t, in.Provisioner.ProvisionTenantSchema(t.Context(), "x"))
		p, err := tenancy.NewPostgresTenantSchemaProvisioner(func() string { return dsn }, in.Database, tracing)
		require.NoError(t, err)
		require.Error(t, p.ProvisionTenantSchema(t.Context(), secret))
		span := oneSpan(t, exporter)
		require.Equal(t, codes.Error, span.Status.Code)
		require.NotContains(t, testkit.SpanText(span), secret)
	})
}

func oneSpan(t *testing.T, exporter *tracetest.InMemoryExporter) tracetest.SpanStub {
	t.Helper()
	spans := exporter.GetSpans()
	require.Len(t, spans, 1)
	return spans[0]
}
