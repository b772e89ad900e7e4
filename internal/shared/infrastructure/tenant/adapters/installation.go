package adapters

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivermigrate"

	"matcher/internal/auth"
	"matcher/migrations"
)

// installTimeout bounds an installation, waiting for another process's included.
const installTimeout = 2 * time.Minute

// Installation is how Install differs from its defaults.
type Installation struct {
	// WithoutRoles is for a server on which the owner may not create roles: the schemas are then the only wall between
	// tenants, and the application logs in as the owner.
	WithoutRoles bool
	// Logins are the roles, of any name, that the application logs in as; those that the server has join matcher_app.
	Logins []string
}

// Install creates what tenants share in the database that ownerDSN names: the application's roles, the schemas
// control, work and ext with their tables, the job queue's tables, and the grants. It upgrades an older installation,
// changes nothing on a current one, and may run in several processes at once. The owner needs CREATEROLE and the
// right to create schemas; it need not be a superuser.
func Install(ctx context.Context, ownerDSN string, i Installation) error {
	ctx, cancel := context.WithTimeout(ctx, installTimeout)
	defer cancel()
	config, err := pgx.ParseConfig(ownerDSN)
	if err != nil {
		return errors.New("the owner's DSN cannot be read") // the cause may quote a password
	}
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return fmt.Errorf("connecting as the owner: %w", err)
	}
	defer closeConn(ctx, conn)
	return i.run(ctx, conn)
}

// run uses several short transactions: a process killed between two leaves an older installation, which the next run
// completes. Roles belong to the whole cluster, so an installer of another database may create them first.
func (i Installation) run(ctx context.Context, conn *pgx.Conn) error {
	base := []step{
		{"creating the roles", i.createRoles},
		{"creating the schemas", statement(`CREATE SCHEMA IF NOT EXISTS control; CREATE SCHEMA IF NOT EXISTS work; CREATE SCHEMA IF NOT EXISTS ext`)},
		{"migrating control", migrateSchema("control", migrations.Control)},
		{"migrating work", migrateSchema("work", migrations.Work)},
	}
	if err := locked(ctx, conn, base...); err != nil {
		return err
	}
	// One file a transaction: PostgreSQL does not use an enum's value in the transaction that added it.
	for more := true; more; {
		migrateQueue := func(ctx context.Context, tx pgx.Tx) (err error) {
			more, err = migrateQueueStep(ctx, tx)
			return err
		}
		if err := locked(ctx, conn, step{"migrating the job queue", migrateQueue}); err != nil {
			return err
		}
	}
	return locked(ctx, conn, step{"granting rights", i.grant})
}

type step struct {
	doing string
	do    func(context.Context, pgx.Tx) error
}

// locked runs steps in one transaction that holds back other installers of this database.
func locked(ctx context.Context, conn *pgx.Conn, steps ...step) error {
	return pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		if err := statement(`SELECT pg_advisory_xact_lock(hashtextextended('matcher.install', 0))`)(ctx, tx); err != nil {
			return fmt.Errorf("waiting for another installer: %w", err)
		}
		for _, step := range steps {
			if err := step.do(ctx, tx); err != nil {
				return fmt.Errorf("%s: %w", step.doing, err)
			}
		}
		return nil
	})
}

func statement(sql string) func(context.Context, pgx.Tx) error {
	return func(ctx context.Context, tx pgx.Tx) error {
		_, err := tx.Conn().PgConn().Exec(ctx, sql).ReadAll()
		return err
	}
}

func migrateSchema(schema string, files fs.FS) func(context.Context, pgx.Tx) error {
	return func(ctx context.Context, tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `SET LOCAL search_path TO `+schema); err != nil {
			return err
		}
		return MigrateUp(ctx, tx, files, schema)
	}
}

// migrateQueueStep applies the next of the job library's own files and reports whether there was one.
func migrateQueueStep(ctx context.Context, tx pgx.Tx) (applied bool, err error) {
	migrator, err := rivermigrate.New(riverpgxv5.New(nil),
		&rivermigrate.Config{Schema: "work", Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return false, err
	}
	one := &rivermigrate.MigrateOpts{MaxSteps: 1}
	result, err := migrator.MigrateTx(ctx, tx, rivermigrate.DirectionUp, one) //nolint:staticcheck // one step
	if err != nil {
		return false, err
	}
	return len(result.Versions) > 0, nil
}

// createRole keeps an existing role, which the installer of another database may have created a moment ago: writing a
// shared row that another installer writes too would fail.
const createSharedRole = `
	DO $$
	BEGIN
		IF to_regrole('%[1]s') IS NULL THEN
			CREATE ROLE %[1]s %[2]s;
		END IF;
	EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
	END $$;
`

const joinRole = `
	DO $$
	BEGIN
		IF NOT EXISTS (SELECT FROM pg_auth_members WHERE roleid = to_regrole('%[1]s') AND member = to_regrole('matcher_app')) THEN
			GRANT %[1]s TO matcher_app;
		END IF;
	EXCEPTION WHEN unique_violation THEN NULL;
	END $$;
`

// joinApp lets a login of another name (matcher.login, since a DO block takes no parameters) take the roles that
// matcher_app may take; it inherits none of them. A superuser may take every role already. An owner that logs in too
// administers matcher_app without being able to take it.
const joinApp = `
	DO $$
	DECLARE login CONSTANT name := current_setting('matcher.login');
	BEGIN
		IF EXISTS (SELECT FROM pg_roles WHERE rolname = login AND NOT rolsuper) AND NOT EXISTS (
			SELECT FROM pg_auth_members
			WHERE roleid = to_regrole('matcher_app') AND member = to_regrole(quote_ident(login)) AND NOT admin_option
		) THEN
			EXECUTE format('GRANT matcher_app TO %I', login);
		END IF;
	EXCEPTION WHEN unique_violation THEN NULL;
	END $$;
`

// inheritNothing corrects a matcher_app that an administrator created with the defaults.
const inheritNothing = `
	DO $$
	BEGIN
		IF (SELECT rolinherit FROM pg_roles WHERE rolname = 'matcher_app') THEN
			ALTER ROLE matcher_app NOINHERIT;
		END IF;
	END $$;
`

func (i Installation) createRoles(ctx context.Context, tx pgx.Tx) error {
	if i.WithoutRoles {
		return nil
	}
	var sql strings.Builder
	fmt.Fprintf(&sql, createSharedRole, RoleApp, "LOGIN NOINHERIT")
	sql.WriteString(inheritNothing)
	for _, role := range []string{RoleWork, RoleControl} {
		fmt.Fprintf(&sql, createSharedRole, role, "NOLOGIN")
		fmt.Fprintf(&sql, joinRole, role)
	}
	if err := statement(sql.String())(ctx, tx); err != nil {
		return err
	}
	for _, login := range i.Logins {
		if login == RoleApp {
			continue
		}
		if _, err := tx.Exec(ctx, `SELECT set_config('matcher.login', $1, true)`, login); err != nil {
			return err
		}
		if err := statement(joinApp)(ctx, tx); err != nil {
			return err
		}
	}
	return nil
}

// grant gives the worker role the queue and the control role the registry. A tenant's role gets its rights from the
// provisioner. No role may create in public, where a stray table could be taken for a tenant's.
func (i Installation) grant(ctx context.Context, tx pgx.Tx) error {
	const shared = `
		REVOKE CREATE ON SCHEMA public FROM PUBLIC;
		GRANT USAGE ON SCHEMA ext TO PUBLIC;`
	const roles = `
		GRANT USAGE ON SCHEMA work TO matcher_work;
		GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA work TO matcher_work;
		GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA work TO matcher_work;
		REVOKE ALL ON work.schema_migrations FROM matcher_work;
		GRANT USAGE ON SCHEMA control TO matcher_control;
		GRANT SELECT, INSERT, UPDATE ON control.tenants, control.settings TO matcher_control;
		GRANT DELETE ON control.tenants TO matcher_control;
		GRANT SELECT, INSERT, UPDATE ON control.admin_keys TO matcher_control;
		GRANT SELECT, INSERT, DELETE ON control.revoked_tokens TO matcher_control;
		GRANT SELECT, INSERT ON control.settings_history, control.audit TO matcher_control;`
	if i.WithoutRoles {
		return statement(shared)(ctx, tx)
	}
	return statement(shared+roles)(ctx, tx)
}

// CreateDatabase creates a database if it is missing: the embedded installation's, or a tenant's own. template0 is
// never in use, as template1 may be.
func CreateDatabase(ctx context.Context, ownerDSN, name string) error {
	conn, err := pgx.Connect(ctx, ownerDSN)
	if err != nil {
		return fmt.Errorf("connecting to create a database: %w", err)
	}
	defer closeConn(ctx, conn)
	var exists bool
	err = conn.QueryRow(ctx, `SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)`, name).Scan(&exists)
	if err != nil || exists {
		return err
	}
	_, err = conn.Exec(ctx, `CREATE DATABASE `+auth.QuoteIdentifier(name)+` TEMPLATE template0`)
	var pgErr *pgconn.PgError
	if errors.As(err, &pgErr) && (pgErr.Code == "42P04" || pgErr.Code == "23505") { // another process was faster
		return nil
	}
	if err != nil {
		return fmt.Errorf("creating a database: %w", err)
	}
	return nil
}
