//go:build unit || !integration

package adapters

import (
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"matcher/migrations"
)

func TestExpectedTables(t *testing.T) {
	file := func(text string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(text)} }
	tables, err := expectedTables(fstest.MapFS{
		"000001_a.up.sql":   file("CREATE TABLE one (x text);\n-- CREATE TABLE no\nCREATE TABLE two (\n x text\n);\nCREATE TABLE three ();\n"),
		"000002_b.up.sql":   file("DROP TABLE one;\nALTER TABLE two RENAME TO zwei;\nALTER TABLE three RENAME COLUMN x TO y;\nCREATE TABLE IF NOT EXISTS four ();\nCREATE TABLE five ();\n"),
		"000003_c.up.sql":   file("DROP TABLE four,\n    five CASCADE;\n"),
		"000003_c.down.sql": file("DROP TABLE three;\n"),
	})
	require.NoError(t, err)
	require.Equal(t, []string{"three", "zwei"}, tables)
}

func TestExpectedTables_OfTheRealMigrations(t *testing.T) {
	tables, err := expectedTables(migrations.FS)
	require.NoError(t, err)
	require.Subset(t, tables, []string{"head", "contexts", "transactions", "match_groups", "audit_log", "idempotency_keys"})
}
