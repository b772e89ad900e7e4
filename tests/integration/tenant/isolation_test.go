//go:build integration

package tenant

import (
	"context"
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/postgres"
	"matcher/internal/recon"
	"matcher/internal/testkit"
)

func createContext(ctx context.Context, db *postgres.DB, name string) (created recon.Context, err error) {
	err = db.Tx(ctx, func(tx *postgres.Tx) error {
		created, err = tx.CreateContext(ctx, recon.Context{Name: name})
		return err
	})
	return created, err
}

func contextNames(t *testing.T, ctx context.Context, db *postgres.DB) []string {
	t.Helper()
	names := []string{}
	require.NoError(t, db.Read(ctx, func(tx *postgres.Tx) error {
		contexts, _, err := tx.Contexts(ctx, postgres.ContextFilter{}, postgres.Page{})
		for _, c := range contexts {
			names = append(names, c.Name)
		}
		return err
	}))
	return names
}

func TestCrossTenantIsolation_H03(t *testing.T) {
	t.Parallel()
	in := testkit.NewInstallation(t)
	a, tenantA := in.NewTenant(t)
	b, tenantB := in.NewTenant(t)
	ofA, err := createContext(a, in.DB, "of A")
	require.NoError(t, err)
	ofB, err := createContext(b, in.DB, "of B")
	require.NoError(t, err)

	t.Run("each lists its own", func(t *testing.T) {
		require.Equal(t, []string{"of A"}, contextNames(t, a, in.DB))
		require.Equal(t, []string{"of B"}, contextNames(t, b, in.DB))
	})
	t.Run("the other's id is unknown, to read and to change", func(t *testing.T) {
		err := in.DB.Read(a, func(tx *postgres.Tx) error {
			_, err := tx.Context(a, ofB.ID)
			return err
		})
		require.Equal(t, recon.KindNotFound, recon.KindOf(err))
		err = in.DB.Tx(b, func(tx *postgres.Tx) error {
			_, err := tx.UpdateContext(b, ofA.ID, 0, func(c *recon.Context) (string, error) { c.Name = "stolen"; return "context.update", nil })
			return err
		})
		require.Equal(t, recon.KindNotFound, recon.KindOf(err))
		require.Equal(t, []string{"of A"}, contextNames(t, a, in.DB))
	})
	t.Run("both may use one name", func(t *testing.T) {
		_, err := createContext(b, in.DB, "of A")
		require.NoError(t, err)
	})
	t.Run("audit rows and events stay apart", func(t *testing.T) {
		owner := in.Owner(t)
		var foreign int
		require.NoError(t, owner.QueryRow(t.Context(), `
			SELECT (SELECT count(*) FROM "`+tenantA+`".audit_log WHERE entity_id = $1)
				+ (SELECT count(*) FROM "`+tenantB+`".audit_log WHERE entity_id = $2)`, ofB.ID, ofA.ID).Scan(&foreign))
		require.Zero(t, foreign)
		in.RequireSound(t, tenantA)
		in.RequireSound(t, tenantB)
	})
	t.Run("a missing schema shows nobody's rows, public's neither", func(t *testing.T) {
		owner := in.Owner(t)
		_, err := owner.Exec(t.Context(), `
			CREATE TABLE public.contexts (LIKE "`+tenantB+`".contexts INCLUDING ALL);
			INSERT INTO public.contexts OVERRIDING SYSTEM VALUE TABLE "`+tenantB+`".contexts;
			GRANT ALL ON public.contexts TO PUBLIC;
			DROP SCHEMA "`+tenantA+`" CASCADE`)
		require.NoError(t, err)
		before := testkit.Digest(t, owner)
		for _, reach := range []func() error{
			func() error { _, err := createContext(a, in.DB, "of A"); return err },
			func() error {
				return in.DB.Read(a, func(tx *postgres.Tx) error {
					_, _, err := tx.Contexts(a, postgres.ContextFilter{}, postgres.Page{})
					return err
				})
			},
		} {
			require.Equal(t, "TENANT_PROVISIONING", recon.CodeOf(reach()))
		}
		require.Equal(t, before, testkit.Digest(t, owner))
	})
}

func TestT84_Provisioning_ChangesNothingOutsideItsSchema(t *testing.T) {
	t.Parallel()
	in := testkit.NewInstallation(t)
	owner := in.Owner(t)
	other, otherID := in.NewTenant(t)
	_, err := createContext(other, in.DB, "there before")
	require.NoError(t, err)
	_, err = owner.Exec(t.Context(), `CREATE TABLE public.stray AS SELECT 1 AS x`)
	require.NoError(t, err)
	fresh := in.RegisterTenant(t) // its registry row is its own

	everything := func() string {
		catalogs := map[string][]string{}
		for _, schema := range []string{"public", "control", "work", "ext", otherID} {
			catalogs[schema] = testkit.Catalog(t, owner, schema)
		}
		text, err := json.Marshal(map[string]any{
			"rows": testkit.Digest(t, owner, fresh), "catalogs": catalogs,
			"extensions": testkit.Extensions(t, owner), "roles": testkit.RolesOutside(t, owner, in.Database, fresh),
		})
		require.NoError(t, err)
		return string(text)
	}
	before := everything()
	require.NoError(t, in.Provisioner.ProvisionTenantSchema(t.Context(), fresh))
	require.Equal(t, before, everything())

	t.Run("the digest sees a change outside", func(t *testing.T) {
		_, err := owner.Exec(t.Context(), `INSERT INTO public.stray VALUES (2)`)
		require.NoError(t, err)
		require.NotEqual(t, before, everything())
	})
}

func TestT85_FreshBaselineEqualsUpgradeStepByStep(t *testing.T) {
	t.Parallel()
	in := testkit.NewInstallation(t)
	owner := in.Owner(t)
	fresh, stepped := in.RegisterTenant(t), in.RegisterTenant(t)
	require.NoError(t, provisionerWith(t, in, nextRelease(t)).ProvisionTenantSchema(t.Context(), fresh))
	want := testkit.Catalog(t, owner, fresh)
	for _, files := range migrationSteps(t) {
		require.NoError(t, provisionerWith(t, in, files).ProvisionTenantSchema(t.Context(), stepped))
	}
	require.Equal(t, want, testkit.Catalog(t, owner, stepped))

	for what, change := range map[string]string{
		"a column":     `ALTER TABLE contexts ADD extra text`,
		"a type":       `ALTER TABLE head ALTER audit_seq TYPE numeric`,
		"a default":    `ALTER TABLE contexts ALTER description SET DEFAULT 'x'`,
		"a constraint": `ALTER TABLE contexts ADD CHECK (version > 0)`,
		"an index":     `CREATE INDEX ON contexts (created_at)`,
		"a comment":    `COMMENT ON TABLE contexts IS 'x'`,
		"a grant":      `GRANT TRUNCATE ON contexts TO matcher_work`,
		"a missing":    `DROP TABLE rejected_sets`,
	} {
		t.Run("the comparison sees "+what, func(t *testing.T) {
			tx, err := owner.Begin(t.Context())
			require.NoError(t, err)
			defer tx.Rollback(t.Context())
			_, err = tx.Exec(t.Context(), `SET LOCAL search_path TO "`+stepped+`"`)
			require.NoError(t, err)
			_, err = tx.Exec(t.Context(), change)
			require.NoError(t, err)
			require.NotEqual(t, want, testkit.Catalog(t, owner, stepped))
		})
	}
}
