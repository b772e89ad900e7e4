package testkit

import (
	"context"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"matcher/internal/auth"
	"matcher/internal/postgres"
	tenancy "matcher/internal/shared/infrastructure/tenant/adapters"
)

// Installation is an installed database with the door to it.
type Installation struct {
	DB          *postgres.DB
	Registry    *tenancy.Registry
	Provisioner *tenancy.PostgresTenantSchemaProvisioner
	Connections *tenancy.TenantConnectionManager
	OwnerDSN    string
	AppDSN      string
	Database    string
}

// Subject is who acts in the contexts that NewTenant returns.
const Subject = "tester"

var sharedInstallation struct {
	sync.Mutex
	*Installation
}

// Tenants is the installation that the tests of this process share: a tenant each keeps them apart, as it does
// customers. A test that breaks what tenants share takes NewInstallation.
func Tenants(t testing.TB) *Installation {
	t.Helper()
	sharedInstallation.Lock()
	defer sharedInstallation.Unlock()
	if sharedInstallation.Installation == nil {
		server := serverURL(t)
		name := "matcher_test_" + randomHex()
		administer(t, server, `CREATE DATABASE "`+name+`" TEMPLATE template0`)
		sharedInstallation.Installation = install(t, withDatabase(server, name))
	}
	return sharedInstallation.Installation
}

// NewInstallation is a test's own, gone with it. change edits the connection settings.
func NewInstallation(t testing.TB, change ...func(*tenancy.ConnectionSettings)) *Installation {
	t.Helper()
	return InstallInto(t, Database(t), change...)
}

// InstallInto installs a database of the test's own.
func InstallInto(t testing.TB, ownerDSN string, change ...func(*tenancy.ConnectionSettings)) *Installation {
	t.Helper()
	i := install(t, ownerDSN, change...)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), adminTimeout)
		defer cancel()
		_ = i.Connections.Close(ctx)
	})
	return i
}

func install(t testing.TB, ownerDSN string, change ...func(*tenancy.ConnectionSettings)) *Installation {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), adminTimeout)
	defer cancel()
	if err := tenancy.Install(ctx, ownerDSN, tenancy.Installation{}); err != nil {
		t.Fatalf("installing: %v", err)
	}
	return OpenInstallation(t, ownerDSN, change...)
}

// OpenInstallation opens, without installing it, a database that another process or test has installed.
func OpenInstallation(t testing.TB, ownerDSN string, change ...func(*tenancy.ConnectionSettings)) *Installation {
	t.Helper()
	config, err := pgx.ParseConfig(ownerDSN)
	if err != nil {
		t.Fatal(err)
	}
	i := &Installation{OwnerDSN: ownerDSN, AppDSN: withUser(t, ownerDSN, tenancy.RoleApp), Database: config.Database}
	settings := tenancy.ConnectionSettings{DSN: i.AppDSN, Database: i.Database}
	for _, edit := range change {
		edit(&settings)
	}
	i.Registry = tenancy.NewRegistry(rolePool(t, settings))
	i.Provisioner, err = tenancy.NewPostgresTenantSchemaProvisioner(func() string { return ownerDSN }, i.Database,
		func(o *tenancy.ProvisionerOptions) { o.WithoutRoles = settings.WithoutRoles })
	if err != nil {
		t.Fatal(err)
	}
	if i.Connections, err = tenancy.NewTenantConnectionManager(settings, i.Registry); err != nil {
		t.Fatal(err)
	}
	i.DB = postgres.New(i.Connections, nil)
	return i
}

func rolePool(t testing.TB, settings tenancy.ConnectionSettings) *pgxpool.Pool {
	t.Helper()
	pool, err := tenancy.OpenRolePool(context.Background(), settings, "", tenancy.RoleControl)
	if err != nil {
		t.Fatal(err)
	}
	return pool
}

// NewTenant registers and provisions a tenant with an id and slug of its own, and gives a context of it.
func (i *Installation) NewTenant(t testing.TB) (ctx context.Context, tenantID string) {
	t.Helper()
	tenantID = i.RegisterTenant(t)
	if err := i.Provisioner.ProvisionTenantSchema(t.Context(), tenantID); err != nil {
		t.Fatalf("provisioning a tenant: %v", err)
	}
	return TenantContext(t.Context(), tenantID), tenantID
}

// RegisterTenant makes a tenant that has no schema yet.
func (i *Installation) RegisterTenant(t testing.TB) (tenantID string) {
	t.Helper()
	tenantID = uuid.NewString()
	_, err := i.Registry.Create(t.Context(), tenancy.NewTenant{ID: tenantID, Slug: "t" + tenantID[:8] + tenantID[24:], Name: "Test " + tenantID[:8]})
	if err != nil {
		t.Fatalf("registering a tenant: %v", err)
	}
	return tenantID
}

// TenantContext is ctx as Subject of the tenant, with every role there is inside one.
func TenantContext(ctx context.Context, tenantID string) context.Context {
	principal := auth.Principal{Subject: Subject, TenantID: tenantID, Roles: []auth.Role{auth.RoleAdmin}}
	return auth.WithTenant(auth.WithPrincipal(ctx, principal), tenantID)
}

// Owner is a superuser's connection to the installation's database, which sees through every wall.
func (i *Installation) Owner(t testing.TB) *pgx.Conn {
	t.Helper()
	return Dial(t, i.OwnerDSN)
}

// App is a bare connection of the application's login role.
func (i *Installation) App(t testing.TB) *pgx.Conn {
	t.Helper()
	return Dial(t, i.AppDSN)
}

// Dial is a connection that ends with the test.
func Dial(t testing.TB, dsn string) *pgx.Conn {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), adminTimeout)
	defer cancel()
	conn, err := pgx.Connect(ctx, dsn)
	if err != nil {
		t.Fatalf("connecting to the tests' PostgreSQL: %v", err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		_ = conn.Close(ctx)
	})
	return conn
}

func withDatabase(server *url.URL, name string) string {
	u := *server
	u.Path = "/" + name
	return u.String()
}

// withUser needs a server that asks the new user for no password, as the tests' own does.
func withUser(t testing.TB, dsn, user string) string {
	t.Helper()
	u, err := url.Parse(dsn)
	if err != nil {
		t.Fatal(err)
	}
	query := u.Query()
	query.Del("user")
	u.RawQuery = query.Encode()
	if u.Host != "" {
		u.User = url.User(user)
		return u.String()
	}
	query.Set("user", user)
	u.RawQuery = query.Encode()
	return u.String()
}

// OwnerUser is the login of the owner's connections.
func (i *Installation) OwnerUser(t testing.TB) string {
	t.Helper()
	config, err := pgx.ParseConfig(i.OwnerDSN)
	if err != nil {
		t.Fatal(err)
	}
	return config.User
}
