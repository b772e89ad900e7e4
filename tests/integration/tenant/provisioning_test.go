//go:build integration

package tenant

import (
	"bytes"
	"fmt"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	tenancy "matcher/internal/shared/infrastructure/tenant/adapters"
	"matcher/internal/testkit"
	"matcher/migrations"
)

// migrationSteps returns the releases that an installation went through: the files up to each version.
func migrationSteps(t *testing.T) (steps []fs.FS) {
	t.Helper()
	files := nextRelease(t)
	names, err := fs.Glob(files, "*.up.sql")
	require.NoError(t, err)
	slices.Sort(names)
	upTo := fstest.MapFS{}
	for _, name := range names {
		text, err := fs.ReadFile(files, name)
		require.NoError(t, err)
		upTo[name] = &fstest.MapFile{Data: text}
		steps = append(steps, maps.Clone(upTo))
	}
	return steps
}

func provisionerWith(t *testing.T, in *testkit.Installation, files fs.FS) *tenancy.PostgresTenantSchemaProvisioner {
	t.Helper()
	p, err := tenancy.NewPostgresTenantSchemaProvisioner(func() string { return in.OwnerDSN }, in.Database,
		func(o *tenancy.ProvisionerOptions) { o.Migrations = files })
	require.NoError(t, err)
	return p
}

// requireAbsentOrComplete looks at what a killed provisioning left, once its backend is gone.
func requireAbsentOrComplete(t *testing.T, in *testkit.Installation, owner *pgx.Conn, tenantID string) {
	t.Helper()
	require.Eventually(t, func() bool {
		var alive bool
		err := owner.QueryRow(t.Context(), `
			SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND granted
				AND ((classid::bigint << 32) | objid::bigint) = hashtextextended($1, 0))`, tenantID).Scan(&alive)
		return err == nil && !alive
	}, time.Minute, 5*time.Millisecond)
	var schema, role bool
	require.NoError(t, owner.QueryRow(t.Context(), `SELECT to_regnamespace(quote_ident($1)) IS NOT NULL, to_regrole($2) IS NOT NULL`,
		tenantID, tenancy.TenantRole(in.Database, tenantID)).Scan(&schema, &role))
	require.Equal(t, schema, role, "schema and role come together")
	if schema {
		require.Equal(t, tenantTables, testkit.TableNames(t, owner, tenantID))
	}
}

func TestT53_KilledAtEveryStatement_LeavesNothing_AndTheNextCallConverges(t *testing.T) {
	t.Parallel()
	in := testkit.NewInstallation(t)
	_, whole := in.NewTenant(t)
	want := testkit.Catalog(t, in.Owner(t), whole)
	file, err := fs.ReadFile(migrations.FS, "000001_baseline.up.sql")
	require.NoError(t, err)
	statements := strings.SplitAfter(string(file), ";\n")
	require.Greater(t, len(statements), len(tenantTables))

	for cut := range len(statements) + 1 {
		t.Run(fmt.Sprint("after statement ", cut), func(t *testing.T) {
			t.Parallel()
			tenantID := uuid.NewString()
			owner := in.Owner(t)
			suicidal := strings.Join(statements[:cut], "") + `;SELECT pg_terminate_backend(pg_backend_pid());` + strings.Join(statements[cut:], "")
			p := provisionerWith(t, in, fstest.MapFS{"000001_baseline.up.sql": {Data: []byte(suicidal)}})
			require.Error(t, p.ProvisionTenantSchema(t.Context(), tenantID))
			requireAbsentOrComplete(t, in, owner, tenantID)
			require.Empty(t, testkit.TableNames(t, owner, tenantID))
		})
	}
	t.Run("converges", func(t *testing.T) {
		tenantID := uuid.NewString()
		p := provisionerWith(t, in, fstest.MapFS{"000001_baseline.up.sql": {Data: []byte(string(file) + `SELECT pg_terminate_backend(pg_backend_pid())`)}})
		require.Error(t, p.ProvisionTenantSchema(t.Context(), tenantID))
		require.NoError(t, in.Provisioner.ProvisionTenantSchema(t.Context(), tenantID))
		require.Equal(t, want, testkit.Catalog(t, in.Owner(t), tenantID))
	})
}

func TestT53_ProcessKilledAtAnyInstant_LeavesTheSchemaAbsentOrComplete(t *testing.T) {
	t.Parallel()
	in := testkit.NewInstallation(t)
	_, whole := in.NewTenant(t)
	want := testkit.Catalog(t, in.Owner(t), whole)
	start := time.Now()
	require.NoError(t, in.Provisioner.ProvisionTenantSchema(t.Context(), uuid.NewString()))
	usual := time.Since(start)
	owner := in.Owner(t)
	for range 12 {
		tenantID := uuid.NewString()
		child := startChild(t, in.OwnerDSN, tenantID, 1)
		killAfter := time.NewTimer(rand.N(usual + usual/4))
		<-killAfter.C
		_ = child.cmd.Process.Kill() // it may be done
		<-child.ended
		requireAbsentOrComplete(t, in, owner, tenantID)
		require.NoError(t, in.Provisioner.ProvisionTenantSchema(t.Context(), tenantID))
		require.Equal(t, want, testkit.Catalog(t, owner, tenantID))
	}
}

func TestT53_AFailedMigration_LeavesNothingAndNoGoroutine(t *testing.T) {
	in := testkit.NewInstallation(t)
	_, _ = in.NewTenant(t)
	files := fstest.MapFS{}
	for i := range 30 {
		files[fmt.Sprintf("%06d_x.up.sql", i+1)] = &fstest.MapFile{Data: []byte(fmt.Sprintf("CREATE TABLE t%d (x bigint);\n", i))}
	}
	files["000003_x.up.sql"] = &fstest.MapFile{Data: []byte("CREATE TABLE broken (x nonsense);\n")}
	p := provisionerWith(t, in, files)
	tenantID := uuid.NewString()
	before := goleak.IgnoreCurrent()
	require.ErrorContains(t, p.ProvisionTenantSchema(t.Context(), tenantID), "42704")
	goleak.VerifyNone(t, before)
	requireAbsentOrComplete(t, in, in.Owner(t), tenantID)
	require.Empty(t, testkit.TableNames(t, in.Owner(t), tenantID))
}

func TestT83_FiftyCallersInThreeProcesses_OneCompleteSchema(t *testing.T) {
	t.Parallel()
	in := testkit.NewInstallation(t)
	tenantID := in.RegisterTenant(t)
	const processes, callers = 3, 17
	var children []*child
	for range processes {
		children = append(children, startChild(t, in.OwnerDSN, tenantID, callers))
	}
	for _, c := range children {
		<-c.ended
		require.NoError(t, c.err, "%s", c.output.String())
	}
	owner := in.Owner(t)
	require.Equal(t, tenantTables, testkit.TableNames(t, owner, tenantID))
	var dirty bool
	var written int
	require.NoError(t, owner.QueryRow(t.Context(), `
		SELECT dirty, (SELECT count(*) FROM "`+tenantID+`".contexts) FROM "`+tenantID+`".schema_migrations`).Scan(&dirty, &written))
	require.False(t, dirty)
	require.Equal(t, processes*callers, written, "each caller wrote one row as soon as its call returned")
	in.RequireSound(t, tenantID)
}

const (
	childDSN     = "MATCHER_TEST_CHILD_DSN"
	childTenant  = "MATCHER_TEST_CHILD_TENANT"
	childCallers = "MATCHER_TEST_CHILD_CALLERS"
)

type child struct {
	cmd    *exec.Cmd
	output bytes.Buffer
	ended  chan struct{}
	err    error // after ended
}

// startChild runs TestChild in a process of its own and returns when it is about to provision.
func startChild(t *testing.T, ownerDSN, tenantID string, callers int) *child {
	t.Helper()
	ready, childEnd, err := os.Pipe()
	require.NoError(t, err)
	c := &child{ended: make(chan struct{})}
	c.cmd = exec.Command(os.Args[0], "-test.run=^TestChild$", "-test.count=1")
	c.cmd.Env = append(os.Environ(), childDSN+"="+ownerDSN, childTenant+"="+tenantID, childCallers+"="+strconv.Itoa(callers))
	c.cmd.Stdout, c.cmd.Stderr = &c.output, &c.output
	c.cmd.ExtraFiles = []*os.File{childEnd}
	require.NoError(t, c.cmd.Start())
	require.NoError(t, childEnd.Close())
	go func() { c.err = c.cmd.Wait(); close(c.ended) }()
	t.Cleanup(func() { _ = c.cmd.Process.Kill(); <-c.ended })
	_, _ = ready.Read(make([]byte, 1)) // a byte when ready, the end when it died
	_ = ready.Close()
	return c
}

// TestChild is the other process of the tests above. With several callers each writes a row when its call returns.
func TestChild(t *testing.T) {
	dsn := os.Getenv(childDSN)
	if dsn == "" {
		t.Skip("only as another test's child")
	}
	tenantID := os.Getenv(childTenant)
	callers, err := strconv.Atoi(os.Getenv(childCallers))
	require.NoError(t, err)
	in := testkit.OpenInstallation(t, dsn)
	ctx := testkit.TenantContext(t.Context(), tenantID)
	_, err = os.NewFile(3, "ready").Write([]byte{1})
	require.NoError(t, err)
	var all sync.WaitGroup
	for i := range callers {
		all.Go(func() {
			if err := in.Provisioner.ProvisionTenantSchema(ctx, tenantID); err != nil {
				t.Error(err)
				return
			}
			if callers == 1 {
				return
			}
			if _, err := createContext(ctx, in.DB, fmt.Sprint(os.Getpid(), " ", i)); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
}
