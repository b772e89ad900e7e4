//go:build unit || !integration

package tidy

import (
	"go/ast"
	"go/token"
	"path"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

func TestSQLStandsWhereItMay(t *testing.T) { report(t, sqlFindings(repository(t))) }
func TestNoSelectStar(t *testing.T)        { report(t, selectStarFindings(repository(t))) }
func TestScopeSwitches(t *testing.T)       { report(t, switchFindings(repository(t))) }
func TestTenantMigrations(t *testing.T)    { report(t, migrationFindings(repository(t))) }

// sqlFiles are the only places of SQL text outside tests.
var sqlFiles = []string{
	postgres, testkit, "migrations", "tests",
	// What is known of tenants, and every change of it with its audit row; the drop of a tenant's schema in chunks.
	adapters + "/registry.go",
	adapters + "/registry_change.go",
	adapters + "/schema_remover.go",
	adapters + "/settings.go", // the control schema's other table
	// The provisioner: its flow, the rights it grants, the driver that golang-migrate runs on.
	adapters + "/schema_provisioner.go",
	adapters + "/schema_grants.go",
	adapters + "/schema_pending.go",
	adapters + "/migrator.go",
	adapters + "/installation.go", adapters + "/admin_keys.go",
}

// switchFiles may name a role or a search path: the door and the provisioner.
var switchFiles = sqlFiles

var (
	sqlText = regexp.MustCompile(`^\s*(--.*\n\s*)*(SELECT\s|WITH\s+\w+\s+AS\s|INSERT\s+INTO\s|UPDATE\s+\S+\s+(AS\s+\w+\s+)?SET\s|DELETE\s+FROM\s|MERGE\s+INTO\s|TRUNCATE\s|COPY\s+\S+|GRANT\s|REVOKE\s|BEGIN;|COMMIT;|SET\s+(LOCAL|SESSION|ROLE)\b|(CREATE|ALTER|DROP)\s+(OR\s+REPLACE\s+)?(TEMP(ORARY)?\s+|UNLOGGED\s+|UNIQUE\s+)?(TABLE|SCHEMA|ROLE|USER|DATABASE|INDEX|EXTENSION|VIEW|FUNCTION|SEQUENCE|TYPE)\s)`)
	// The scope of a session outlives its transaction: only LOCAL is ever set.
	sessionSwitch = regexp.MustCompile(`\bSET\s+(SESSION\s+)?(ROLE|search_path|SEARCH_PATH|SESSION\s+AUTHORIZATION)\b`)
	scopeSwitch   = regexp.MustCompile(`\bSET\s+(LOCAL\s+|SESSION\s+)?(ROLE|search_path|SEARCH_PATH|SESSION\s+AUTHORIZATION)\b|set_config\(\s*'(search_path|role)'`)
	selectStar    = regexp.MustCompile(`(?i)\bSELECT\s+((DISTINCT|ALL)\s+)?([a-z_]+\.)?\*|,\s*[a-z_]+\.\*\s+FROM\b|\bRETURNING\s+\*`)
)

func sqlFindings(files []*file) (findings []string) {
	eachLiteral(files, func(f *file, pos token.Pos, text string) {
		if !f.isTest() && !f.in(sqlFiles...) && sqlText.MatchString(text) {
			findings = append(findings, f.at(pos, "SQL stands in "+strings.Join(sqlFiles, ", ")+" only"))
		}
	})
	return findings
}

// selectStarFindings: a star breaks every cached plan while a migration adds a column. A test may
// digest whole rows: it wants to notice a column.
func selectStarFindings(files []*file) (findings []string) {
	eachLiteral(files, func(f *file, pos token.Pos, text string) {
		if !f.isTest() && !f.in(testkit, "tests") && selectStar.MatchString(text) {
			findings = append(findings, f.at(pos, "name the columns"))
		}
	})
	for _, f := range files {
		if path.Ext(f.path) == ".sql" && selectStar.MatchString(statements(f.text)) {
			findings = append(findings, f.path+": name the columns")
		}
	}
	return findings
}

func switchFindings(files []*file) (findings []string) {
	eachLiteral(files, func(f *file, pos token.Pos, text string) {
		switch {
		case f.isTest():
		case sessionSwitch.MatchString(text):
			findings = append(findings, f.at(pos, "a session's role or path leaks to the next transaction: SET LOCAL"))
		case scopeSwitch.MatchString(text) && !f.in(switchFiles...):
			findings = append(findings, f.at(pos, "role and search path change inside the door only"))
		}
	})
	return findings
}

func eachLiteral(files []*file, visit func(f *file, pos token.Pos, text string)) {
	for _, f := range goFiles(files) {
		ast.Inspect(f.syntax, func(n ast.Node) bool {
			if _, tag := n.(*ast.ImportSpec); tag {
				return false
			}
			if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
				if text, err := strconv.Unquote(lit.Value); err == nil {
					visit(f, lit.Pos(), text)
				}
			}
			return true
		})
	}
}

// refused lists what a tenant migration may not contain. It runs inside the provisioner's transaction, in the tenant's
// schema, a thousand times over; and each of its statements must be able to run alone.
var refused = []struct {
	text *regexp.Regexp
	why  string
}{
	{regexp.MustCompile(`(?i)(^|;)\s*(BEGIN|COMMIT|ROLLBACK|START\s+TRANSACTION|SAVEPOINT)\b`), "the provisioner's transaction holds the file"},
	{regexp.MustCompile(`(?i)\bCONCURRENTLY\b`), "CONCURRENTLY waits for every other tenant"},
	{regexp.MustCompile(`(?i)\bCREATE\s+(TYPE|DOMAIN)\b|\bAS\s+ENUM\b`), "a type per schema breaks the statement cache: text and CHECK"},
	{
		regexp.MustCompile(`(?i)\bCREATE\s+(OR\s+REPLACE\s+)?((CONSTRAINT|EVENT)\s+)?(FUNCTION|PROCEDURE|TRIGGER|RULE)\b|(^|;)\s*(DO|CALL)\b`),
		"no code in the database: the statement that needs the effect has it",
	},
	{regexp.MustCompile(`(?i)\b(small|big)?serial\b`), "GENERATED ALWAYS AS IDENTITY"},
	{regexp.MustCompile(`(?i)\b(smallint|int2|int4|int|integer)\s+GENERATED\b`), "an identity is bigint"},
	{regexp.MustCompile(`(?i)\bALTER\s+TABLE\b[^;]*\bADD\b[^;]*\bAS\s+IDENTITY\b`), "identities are part of CREATE TABLE"},
	{
		regexp.MustCompile(`(?i)\bALTER\s+TABLE\b[^;]*\b(PRIMARY\s+KEY|UNIQUE|REFERENCES|FOREIGN\s+KEY|EXCLUDE|USING\s+INDEX)\b`),
		"keys are part of CREATE TABLE",
	},
	{
		regexp.MustCompile(`(?i)(^|;)\s*(SET|RESET|PREPARE|EXECUTE|DECLARE|LOCK|SELECT)\b|\b(TEMP|TEMPORARY)\s+TABLE\b|\b(setval|currval|lastval)\b`),
		"each statement stands alone: nothing of it is for the session or for the next one",
	},
	{regexp.MustCompile(`(?i)\bCREATE\s+EXTENSION\b`), "extensions live once, in ext"},
	{regexp.MustCompile(`(?i)\bCREATE\s+(SCHEMA|ROLE|USER|DATABASE)\b|\b(GRANT|REVOKE)\b`), "schemas, roles and rights are the provisioner's"},
	{regexp.MustCompile(`(?i)\bSET\s+(LOCAL\s+|SESSION\s+)?(ROLE|search_path)\b`), "the path is the provisioner's"},
	{regexp.MustCompile(`(?i)\b(public|work|control)\.\w`), "no name is qualified but ext."},
	{regexp.MustCompile(`(?i)\bIF\s+NOT\s+EXISTS\b`), "a file runs once; IF NOT EXISTS hides that it did not"},
}

var (
	qualified     = regexp.MustCompile(`(?i)\b(?:FROM|JOIN|INTO|TABLE|UPDATE|REFERENCES|FUNCTION|VIEW|SEQUENCE|TRUNCATE|EXECUTE)\s+(?:IF\s+EXISTS\s+|ONLY\s+)?"?(\w+)"?\s*\.\s*"?\w`)
	qualifiedOn   = regexp.MustCompile(`(?i)\b(?:INDEX|TRIGGER|POLICY)\b[^;]*?\sON\s+(?:ONLY\s+)?"?(\w+)"?\s*\.\s*"?\w`)
	migrationName = regexp.MustCompile(`^migrations/(\d+)_\w+\.(up|down)\.sql$`)
)

func migrationFindings(files []*file) (findings []string) {
	seen := map[string]string{}
	for _, f := range files {
		if f.dir() != "migrations" || path.Ext(f.path) != ".sql" {
			continue
		}
		findings = append(findings, refusedIn(f)...)
		name := migrationName.FindStringSubmatch(f.path)
		if name == nil {
			findings = append(findings, f.path+": named like 000001_what_it_does.up.sql")
			continue
		}
		if other := seen[name[1]+name[2]]; other != "" {
			findings = append(findings, f.path+": has the number of "+other)
		}
		seen[name[1]+name[2]] = f.path
		if name[2] == "up" && find(files, strings.TrimSuffix(f.path, ".up.sql")+".down.sql") == nil {
			findings = append(findings, f.path+": has no way back (.down.sql)")
		}
	}
	return findings
}

func refusedIn(f *file) (findings []string) {
	sql := statements(f.text)
	for statement := range strings.SplitSeq(sql, ";") {
		findings = append(findings, shapeFindings(f, strings.Join(strings.Fields(statement), " "))...)
	}
	for _, rule := range refused {
		if hit := rule.text.FindString(sql); hit != "" {
			findings = append(findings, f.path+": "+strings.Join(strings.Fields(hit), " ")+": "+rule.why)
		}
	}
	for _, expr := range []*regexp.Regexp{qualified, qualifiedOn} {
		for _, hit := range expr.FindAllStringSubmatch(sql, -1) {
			if hit[1] != "ext" {
				findings = append(findings, f.path+": "+hit[1]+".: no name is qualified but ext.")
			}
		}
	}
	return findings
}

var inParentheses = regexp.MustCompile(`\([^()]*\)`)

// shapeFindings checks one statement: a table has a primary key, and an ALTER changes one thing.
func shapeFindings(f *file, statement string) (findings []string) {
	if name, made := strings.CutPrefix(statement, "CREATE TABLE "); made && !strings.Contains(statement, "PRIMARY KEY") {
		name, _, _ = strings.Cut(name, " ")
		findings = append(findings, f.path+": table "+name+" has no primary key")
	}
	if f.path == baselineFile && strings.HasPrefix(statement, "CREATE TABLE transactions ") {
		if n := strings.Count(statement, "PRIMARY KEY") + strings.Count(statement, "UNIQUE"); n != transactionIndexes {
			findings = append(findings, f.path+": transactions has "+strconv.Itoa(n)+" indexes: they limit the speed of imports")
		}
	}
	if index, made := strings.CutPrefix(statement, "CREATE "); made && strings.Contains(index, "INDEX ") &&
		strings.Contains(index, " ON transactions ") && !strings.Contains(index, " WHERE ") { // one of some rows costs the others nothing
		findings = append(findings, f.path+": transactions has a third index of every row: they limit the speed of imports")
	}
	if strings.HasPrefix(statement, "ALTER ") {
		flat := statement
		for next := inParentheses.ReplaceAllString(flat, ""); next != flat; next = inParentheses.ReplaceAllString(flat, "") {
			flat = next
		}
		if strings.Contains(flat, ",") {
			findings = append(findings, f.path+": an ALTER has one subcommand: "+statement)
		}
	}
	return findings
}

// baselineFile makes transactions with its two indexes: the primary key and the identity.
const (
	baselineFile       = "migrations/000001_baseline.up.sql"
	transactionIndexes = 2
)

var notCode = regexp.MustCompile(`(?s)--[^\n]*|/\*.*?\*/|'(?:[^']|'')*'|\$(\w*)\$.*?\$\w*\$`)

// statements drops comments, strings and function bodies, where words mean something else.
func statements(sql string) string { return notCode.ReplaceAllString(sql, " '' ") }
