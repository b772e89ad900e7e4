//go:build unit || !integration

package adapters

import (
	"regexp"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"matcher/internal/auth"
	"matcher/internal/recon"
)

func dsn(text string) func() string { return func() string { return text } }

func TestNewPostgresTenantSchemaProvisioner(t *testing.T) {
	const good = "postgres://owner@localhost/matcher"
	t.Run("valid", func(t *testing.T) {
		p, err := NewPostgresTenantSchemaProvisioner(dsn(good), "matcher")
		require.NoError(t, err)
		require.NotNil(t, p)
	})
	t.Run("nil DSN", func(t *testing.T) {
		_, err := NewPostgresTenantSchemaProvisioner(nil, "matcher")
		require.Error(t, err)
	})
	t.Run("empty DSN", func(t *testing.T) {
		_, err := NewPostgresTenantSchemaProvisioner(dsn(""), "matcher")
		require.Error(t, err)
	})
	t.Run("empty database name", func(t *testing.T) {
		_, err := NewPostgresTenantSchemaProvisioner(dsn(good), "")
		require.Error(t, err)
	})
	t.Run("a DSN that cannot be read is refused without being repeated", func(t *testing.T) {
		_, err := NewPostgresTenantSchemaProvisioner(dsn("postgres://owner:hunter2@[::1/matcher"), "matcher")
		require.Error(t, err)
		require.NotContains(t, err.Error(), "hunter2")
	})
	t.Run("no migrations", func(t *testing.T) {
		_, err := NewPostgresTenantSchemaProvisioner(dsn(good), "matcher", func(o *ProvisionerOptions) { o.Migrations = fstest.MapFS{} })
		require.Error(t, err)
	})
}

func TestProvisionTenantSchema_RefusesABadIDBeforeItDials(t *testing.T) {
	p, err := NewPostgresTenantSchemaProvisioner(dsn("postgres://owner@localhost/matcher"), "matcher")
	require.NoError(t, err)
	p.dsn = func() string { t.Error("it dialled"); return "" }
	for _, tenantID := range []string{"", "public", strings.Repeat("1", 36)} {
		require.Equal(t, recon.KindInvalid, recon.KindOf(p.ProvisionTenantSchema(t.Context(), tenantID)))
	}
}

func TestTenantRole(t *testing.T) {
	const tenant = "11111111-1111-1111-1111-111111111111"
	require.Regexp(t, `^t_[0-9a-f]{16}$`, TenantRole("matcher", tenant))
	require.NotEqual(t, TenantRole("matcher", tenant), TenantRole("other", tenant), "roles are shared by a cluster's databases")
	require.NotEqual(t, TenantRole("a", "b"), TenantRole("ab", ""))
}

func FuzzNewPostgresTenantSchemaProvisioner(f *testing.F) {
	for _, text := range []string{"", "postgres://u:p@h/d", "host=h password=p", "postgres://%zz", "postgres://u:p@h:99999/d?sslmode=x"} {
		f.Add(text, "matcher")
	}
	f.Fuzz(func(t *testing.T, text, database string) {
		p, err := NewPostgresTenantSchemaProvisioner(dsn(text), database)
		if (err == nil) == (p == nil) {
			t.Fatal("either a provisioner or an error")
		}
		if err == nil && (text == "" || database == "") {
			t.Fatal("empty settings were accepted")
		}
	})
}

// FuzzTenantID holds that no id reaches SQL which is not its own quoted, canonical form.
func FuzzTenantID(f *testing.F) {
	for _, id := range []string{"", "11111111-1111-1111-1111-111111111111", `"; DROP SCHEMA control; --`, "11111111-1111-1111-1111-11111111111\x00"} {
		f.Add(id)
	}
	canonical := regexp.MustCompile(`\A[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\z`)
	f.Fuzz(func(t *testing.T, id string) {
		dialled := false
		p, err := NewPostgresTenantSchemaProvisioner(dsn("postgres://owner@localhost/matcher"), "matcher")
		require.NoError(t, err)
		p.dsn = func() string { dialled = true; return "" } // an empty DSN ends it there
		require.Error(t, p.ProvisionTenantSchema(t.Context(), id))
		require.Equal(t, canonical.MatchString(id), dialled)
		if dialled {
			require.Equal(t, `"`+id+`"`, auth.QuoteIdentifier(id))
			require.Contains(t, grantStatements(id, TenantRole("matcher", id), nil), `ON SCHEMA "`+id+`" `)
		}
	})
}
