//go:build unit || !integration

package tidy

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// broken shows each rule one file that breaks it and one that does not: a rule that cannot find
// anything would look just like a clean repository.
var broken = []struct {
	why   string
	rule  func([]*file) []string
	path  string
	text  string
	wants string // part of the finding; empty for a file that is well
}{
	{"a noun imports a port", importFindings, recon + "/x.go", `package recon; import "matcher/internal/shared/ports"`, "may not import"},
	{"the engine imports the store", importFindings, engine + "/x.go", `package engine; import "matcher/internal/postgres"`, "may not import"},
	{"the engine imports the nouns", importFindings, engine + "/x.go", `package engine; import "matcher/internal/recon"`, ""},
	{"a format logs", importFindings, format + "/x.go", `package format; import "log/slog"`, "no driver"},
	{"a report imports a template", importFindings, "internal/report/x.go", `package report; import "html/template"`, "known only to tests"},
	{"ingestion imports matching", importFindings, "internal/ingestion/x.go", `package ingestion; import "matcher/internal/matching"`, "may not import"},
	{"ingestion imports the engine", importFindings, "internal/ingestion/x.go", `package ingestion; import "matcher/internal/engine"`, "may not import"},
	{"ingestion imports its format", importFindings, "internal/ingestion/x.go", `package ingestion; import "matcher/internal/format"`, ""},
	{"jobs import a service", importFindings, jobs + "/x.go", `package jobs; import "matcher/internal/matching"`, "may not import"},
	{"an adapter imports the store", importFindings, adapters + "/x.go", `package adapters; import "matcher/internal/postgres"`, "may not import"},
	{"auth knows pgx", importFindings, auth + "/x.go", `package auth; import "github.com/jackc/pgx/v5"`, "known only to"},
	{"auth knows Redis", importFindings, auth + "/x.go", `package auth; import "github.com/redis/go-redis/v9"`, "known only to"},
	{"a handler knows pgx", importFindings, httpapi + "/x.go", `package httpapi; import "github.com/jackc/pgx/v5"`, "known only to"},
	{"a service knows the broker", importFindings, "internal/matching/x.go", `package matching; import "github.com/rabbitmq/amqp091-go"`, "known only to"},
	{"a handler knows blobs", importFindings, httpapi + "/x.go", `package httpapi; import "gocloud.dev/blob"`, "known only to"},
	{"a handler knows the wiring", importFindings, httpapi + "/x.go", `package httpapi; import "matcher/internal/bootstrap"`, "may not import"},
	{"a command knows the wiring", importFindings, "cmd/matcher/x.go", `package main; import "matcher/internal/bootstrap"`, ""},
	{"production uses the test kit", importFindings, bootstrap + "/x.go", `package bootstrap; import "matcher/internal/testkit"`, "known only to"},

	{"an alias for a package of ours", aliasFindings, "x/x.go", `package x; import r "matcher/internal/recon"`, "our own"},
	{"an alias where the name is fixed", aliasFindings, "x/x.go", `package x; import tenant "matcher/internal/shared/infrastructure/tenant/adapters"`, ""},
	{"an alias for its own sake", aliasFindings, "x/x.go", `package x; import f "fmt"`, "none is needed"},
	{"an alias where two names meet", aliasFindings, "x/x.go", "package x; import (\"go.opentelemetry.io/otel/trace\"; sdktrace \"go.opentelemetry.io/otel/sdk/trace\")", ""},
	{"a dot import", aliasFindings, "x/x.go", `package x; import . "fmt"`, "dot"},
	{"a drawer package", packageNameFindings, "x/x.go", `package helpers`, "one idea"},

	{"a riddle in a comment", wordFindings, "x/x.go", "package x\n\n// f says whether it is.\nfunc f() {}\n", "without says"},
	{"a riddle in SQL", wordFindings, "migrations/000001_x.up.sql", "-- nobody reads it\n", "without nobody"},
	{"plain words", wordFindings, "x/x.go", "package x\n\n// f reports whether it is.\nfunc f() {}\n", ""},
	{"a long line", lineLengthFindings, "x/x.go", "package x\n\nvar a = " + strings.Repeat("1 + ", 40) + "1\n", "columns, over"},
	{"a long row of a table", lineLengthFindings, "x/x.go", "package x\n\nvar a = []struct{ n int }{\n\t{" + strings.Repeat("1 + ", 40) + "1},\n}\n", ""},
	{"a long function", functionLengthFindings, "x/x.go", "package x\nfunc f() {" + strings.Repeat("\n", maxFunctionLines) + "}", "over 70"},
	{"a test file without a tag", tagFindings, "x/x_test.go", "package x", "opens with none"},
	{"an integration test with the unit tag", tagFindings, "tests/integration/x_test.go", unitTag + "\n\npackage x", "opens with //go:build integration"},
	{"a fuzz target that would not run", tagFindings, "x/x_test.go", integrationTag + "\n\npackage x\nfunc FuzzX(f *testing.F) {}", "unit tests"},
	{"a unit test with servers", tagFindings, "x/x_test.go", unitTag + "\n\npackage x\nimport \"matcher/internal/testkit\"", "starts no server"},
	{"a file without a test", pairFindings, "internal/x/x.go", "package x\nfunc F() {}", "no x_test.go"},
	{"a file without a function", pairFindings, "internal/x/x.go", "package x\ntype T int", ""},

	{"a document names a test that is not there", documentFindings, "docs/x.md", "held by `TestNothingAtAll`", "no test is called"},
	{"a document names a file that is not there", documentFindings, "docs/x.md", "see `internal/nowhere/x.go`", "there is no"},
	{"the standard loses its rows", documentFindings, "docs/compliance/standard.md", "| 1 | row | `x` | |", "27 rows"},

	{"a service calls a sibling", outboundFindings, "internal/matching/x.go", `package matching; import "net/http"; var r, _ = http.NewRequest("", "", nil)`, "list the call"},
	{"an outbound row without a caller", outboundFindings, m2mPage, "## Every call that leaves Matcher\n\n| To |\n|---|\n| Redis |\n", "the row of Redis"},
	{"a page with another status", compliancePageFindings, m2mPage, "Status: COMPLIANT\n", "the first line"},
	{"a requirement without a test", compliancePageFindings, middlewarePage, "## Requirement by requirement\n| a | b |\n|---|---|\n| refuse | a claim |\n", "without a test"},
	{"a metric that is not marked", compliancePageFindings, m2mPage, "| `m2m_credential_fetch_errors` | counted |\n", "m2m_credential_fetch_errors is marked"},
	{"a handler names a status", outboundFindings, httpapi + "/x.go", `package httpapi; import "net/http"; const s = http.StatusOK`, ""},

	{"SQL in a handler", sqlFindings, httpapi + "/x.go", "package httpapi; const q = `\n\tSELECT id FROM contexts`", "SQL stands in"},
	{"SQL in the store", sqlFindings, postgres + "/x.go", "package postgres; const q = `SELECT id FROM contexts`", ""},
	{"prose with such words", sqlFindings, httpapi + "/x.go", `package httpapi; const q = "Select a context, update it with a name"`, ""},
	{"a clock in CASE", clockFindings, postgres + "/x.go", "package postgres; const q = `UPDATE t SET a = CASE b WHEN 1 THEN now() END`", "inside CASE"},
	{"a clock in COALESCE", clockFindings, postgres + "/x.go", "package postgres; const q = `UPDATE t SET a = coalesce(a, now())`", "inside COALESCE"},
	{"a clock in an upsert", clockFindings, postgres + "/x.go", "package postgres; const q = `INSERT INTO t (a) VALUES (1) ON CONFLICT (a) DO UPDATE SET b = now()`", "inside ON CONFLICT SET"},
	{"a clock in INSERT … SELECT", clockFindings, postgres + "/x.go", "package postgres; const q = `WITH x AS (SELECT 1) INSERT INTO t (a) SELECT greatest(now(), b) FROM x`", "inside INSERT … SELECT"},
	{"a clock beside another statement", clockFindings, postgres + "/x.go", "package postgres; const q = `WITH x AS (UPDATE t SET a = now()) INSERT INTO t (a) SELECT CASE WHEN b THEN 1 END FROM x`", ""},
	{"a clock in VALUES", clockFindings, postgres + "/x.go", "package postgres; const q = `INSERT INTO t (a) VALUES (now())`", ""},
	{"a clock in a text of parts", clockFindings, postgres + "/x.go", "package postgres; var q = `UPDATE t SET a = CASE WHEN ` + b + ` THEN now() END`", "inside CASE"},
	{"a star", selectStarFindings, postgres + "/x.go", `package postgres; const q = "SELECT t.* FROM t"`, "name the columns"},
	{"a count", selectStarFindings, postgres + "/x.go", `package postgres; const q = "SELECT count(*) FROM t"`, ""},
	{"a star in a migration", selectStarFindings, "migrations/000001_x.up.sql", "CREATE VIEW v AS SELECT * FROM t;", "name the columns"},
	{"a session's role", switchFindings, postgres + "/x.go", `package postgres; const q = "SET ROLE x"`, "leaks"},
	{"a role outside the door", switchFindings, jobs + "/x.go", `package jobs; const q = "SET LOCAL ROLE x"`, "inside the door"},

	{"a clock in a pure package", callFindings, engine + "/x.go", `package engine; import "time"; var t = time.Now()`, "given the time"},
	{"a clock in a service", callFindings, jobs + "/x.go", `package jobs; import "time"; var t = time.Now()`, ""},
	{"a sleeping test", callFindings, "x/x_test.go", `package x; import "time"; func f() { time.Sleep(1) }`, "wait for a signal"},
	{"the environment in a service", callFindings, jobs + "/x.go", `package jobs; import "os"; var e = os.Getenv("X")`, "bootstrap/config.go"},
	{"the environment in its place", callFindings, configFile, `package bootstrap; import "os"; var e = os.Getenv("X")`, ""},
	{"a print", callFindings, jobs + "/x.go", `package jobs; import "fmt"; func f() { fmt.Println() }`, "log it"},

	{"a header asked", tenantFindings, httpapi + "/x.go", `package httpapi; var t = r.Header.Get("X-Tenant-ID")`, "from the token"},
	{"a header indexed", tenantFindings, auth + "/x.go", `package auth; var t = r.Header["X-Tenant-Id"]`, "from the token"},
	{"a query asked", tenantFindings, httpapi + "/x.go", `package httpapi; var t = r.URL.Query().Get("tenantId")`, "from the token"},
	{"a path asked", tenantFindings, httpapi + "/x.go", `package httpapi; var t = r.PathValue("tenant_id")`, "from the token"},
	{"an input's tag", tenantFindings, httpapi + "/x.go", "package httpapi; type in struct { T string `query:\"tenant_id,omitempty\"` }", "from the token"},
	{"a claim", tenantFindings, auth + "/x.go", `package auth; var t = claims["tenantId"]`, ""},
	{"a message's header", tenantFindings, "internal/shared/adapters/rabbitmq/x.go", `package rabbitmq; var t = h.Get("X-Tenant-ID")`, ""},

	{"a transaction in a migration", migrationFindings, "migrations/000001_x.up.sql", "BEGIN;\nCREATE TABLE t ();", "holds the file"},
	{"a function", migrationFindings, "migrations/000001_x.down.sql", "CREATE FUNCTION f() RETURNS int AS $$ BEGIN RETURN 1; END $$ LANGUAGE plpgsql;", "no code in the database"},
	{"a trigger", migrationFindings, "migrations/000001_x.down.sql", "CREATE TRIGGER f AFTER DELETE ON t EXECUTE FUNCTION f();", "no code in the database"},
	{"a block", migrationFindings, "migrations/000001_x.down.sql", "DO $$ BEGIN END $$;", "no code in the database"},
	{"a serial", migrationFindings, "migrations/000001_x.down.sql", "CREATE TABLE t (id bigserial PRIMARY KEY);", "IDENTITY"},
	{"a narrow identity", migrationFindings, "migrations/000001_x.down.sql", "CREATE TABLE t (id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY);", "is bigint"},
	{"a wide identity", migrationFindings, "migrations/000001_x.down.sql", "CREATE TABLE t (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY);", ""},
	{"an identity that comes later", migrationFindings, "migrations/000001_x.down.sql", "ALTER TABLE t ALTER COLUMN n ADD GENERATED ALWAYS AS IDENTITY;", "part of CREATE TABLE"},
	{"a key that comes later", migrationFindings, "migrations/000001_x.down.sql", "ALTER TABLE t ADD CONSTRAINT t_n UNIQUE (n);", "part of CREATE TABLE"},
	{"a check that comes later", migrationFindings, "migrations/000001_x.down.sql", "ALTER TABLE t ADD CONSTRAINT t_n CHECK (n IN (1, 2));", ""},
	{"two changes in an ALTER", migrationFindings, "migrations/000001_x.down.sql", "ALTER TABLE t DROP COLUMN a, DROP COLUMN b;", "one subcommand"},
	{"a table without a key", migrationFindings, "migrations/000001_x.down.sql", "CREATE TABLE t (n bigint NOT NULL);", "t has no primary key"},
	{"a third index", migrationFindings, "migrations/000002_x.down.sql", "CREATE INDEX i ON transactions (date);", "third index"},
	{"a baseline with three", migrationFindings, baselineFile, "CREATE TABLE transactions (id bigint PRIMARY KEY, a bigint UNIQUE, b bigint UNIQUE);", "3 indexes"},
	{"a statement for the session", migrationFindings, "migrations/000001_x.down.sql", "SET LOCAL lock_timeout = '1s';", "stands alone"},
	{"a statement about the last one", migrationFindings, "migrations/000001_x.down.sql", "INSERT INTO t VALUES (lastval());", "stands alone"},
	{"a concurrent index", migrationFindings, "migrations/000001_x.down.sql", "CREATE INDEX CONCURRENTLY i ON t (a);", "every other tenant"},
	{"an enum", migrationFindings, "migrations/000001_x.down.sql", "CREATE TYPE e AS ENUM ('a');", "statement cache"},
	{"an extension", migrationFindings, "migrations/000001_x.down.sql", "CREATE EXTENSION pg_trgm;", "once, in ext"},
	{"a qualified table", migrationFindings, "migrations/000001_x.down.sql", "CREATE TABLE other.t ();", "no name is qualified"},
	{"a qualified index", migrationFindings, "migrations/000001_x.down.sql", "CREATE INDEX i ON other.t (a);", "no name is qualified"},
	{"an operator class of ext", migrationFindings, "migrations/000001_x.down.sql", "CREATE INDEX i ON t USING gin (a ext.gin_trgm_ops);", ""},
	{"words in a comment", migrationFindings, "migrations/000001_x.down.sql", "-- COMMIT; CREATE TYPE public.x\nDROP TABLE t;", ""},
	{"no way back", migrationFindings, "migrations/000001_x.up.sql", "CREATE TABLE t ();", "no way back"},
	{"the control plane may", migrationFindings, "migrations/control/000001_x.up.sql", "CREATE TABLE control.t ();", ""},

	{"a place of a machine", placeFindings, "README.md", "see /Use" + "rs/me/matcher", "one machine"},
	{"a folder of that name", placeFindings, "README.md", "see migrations/work/000001.sql", ""},
}

func TestRulesFindWhatTheyForbid(t *testing.T) {
	for _, c := range broken {
		t.Run(c.why, func(t *testing.T) {
			f, err := parse(c.path, c.text)
			require.NoError(t, err)
			findings := c.rule([]*file{f})
			if c.wants == "" {
				require.Empty(t, findings)
				return
			}
			require.NotEmpty(t, findings)
			require.Contains(t, strings.Join(findings, "\n"), c.wants)
		})
	}
}

func TestRulesOverTwoFiles(t *testing.T) {
	parsed := func(name, text string) *file {
		f, err := parse(name, text)
		require.NoError(t, err)
		return f
	}
	t.Run("two packages of a name", func(t *testing.T) {
		files := []*file{parsed("a/x.go", "package x"), parsed("b/x.go", "package x")}
		require.Len(t, packageNameFindings(files), 1)
	})
	t.Run("a test of the name that uses nothing of the file", func(t *testing.T) {
		subject := parsed("internal/x/match_output.go", "package x\nfunc Render() {}")
		idle := parsed("internal/x/match_test.go", unitTag+"\n\npackage x\nfunc TestX() {}")
		busy := parsed("internal/x/match_test.go", unitTag+"\n\npackage x\nfunc TestX() { Render() }")
		require.Len(t, pairFindings([]*file{subject, idle}), 1)
		require.Empty(t, pairFindings([]*file{subject, busy}))
	})
	t.Run("a folder over its budget, tests not counted", func(t *testing.T) {
		files := []*file{parsed("x/a.go", "package x\n\n"), parsed("x/b.go", "package x\n"), parsed("x/b_test.go", "package x\n\n")}
		require.Empty(t, budgetFindings(files, map[string]int{"x": 3}))
		require.Len(t, budgetFindings(files, map[string]int{"x": 2}), 1)
	})
	t.Run("a long file, and an exception that outlived its reason", func(t *testing.T) {
		long := parsed("x/long.go", "package x"+strings.Repeat("\n", maxFileLines+1))
		short := parsed("x/short.go", "package x\n")
		require.Len(t, fileLengthFindings([]*file{long, short}, map[string]string{"x/short.go": "why"}), 2)
	})
}

const sampleConfig = "package bootstrap\n" +
	"type Config struct { Postgres PostgresConfig `envPrefix:\"POSTGRES_\"`; Tenancy TenancyConfig; Plain string }\n" +
	"type PostgresConfig struct { Host string `env:\"HOST\"` }\n" +
	"type TenancyConfig struct { Channel string `env:\"CHANNEL,unset\" envDefault:\"c\"` }"

func TestEnvironmentRules(t *testing.T) {
	f, err := parse(configFile, sampleConfig)
	require.NoError(t, err)
	settings := settingsOf(f)
	require.Equal(t, map[string]string{"POSTGRES_HOST": "", "CHANNEL": "c"}, settings)

	t.Run("an example that lists them as they are", func(t *testing.T) {
		require.Empty(t, exampleFindings(exampleOf("# POSTGRES_HOST=db\nCHANNEL=c\n"), settings))
	})
	t.Run("one missing, one unknown, one that changes a default", func(t *testing.T) {
		require.Len(t, exampleFindings(exampleOf("CHANNEL=d\nOTHER=1\n"), settings), 3)
	})
	t.Run("a container that passes too little and too much", func(t *testing.T) {
		passed, err := composeOf("services: {matcher: {environment: {OTHER: 1}}}")
		require.NoError(t, err)
		require.Len(t, composeFindings(passed, settings), len(tenancy)+1)
	})
}

func TestMakeRules(t *testing.T) {
	targets := targetsOf("test: ## Runs\nhidden:\n")
	require.Equal(t, map[string]bool{"test": true}, targets)
	f, err := parse("README.md", "$ make test\nRun `make missing`, and make do.\n")
	require.NoError(t, err)
	require.Len(t, makeFindings([]*file{f}, targets), 1)
}
