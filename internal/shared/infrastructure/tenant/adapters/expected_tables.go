package adapters

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// Statements of a migration that change the set of tables. Each starts a line, which the house rules
// for migrations hold.
var tableStatement = regexp.MustCompile(
	`(?m)^(?:CREATE TABLE (?:IF NOT EXISTS )?(?P<made>\w+)|DROP TABLE (?:IF EXISTS )?(?P<gone>[\w, \n]+?)(?: CASCADE)?;|ALTER TABLE (?P<from>\w+) RENAME TO (?P<to>\w+);)`)

// expectedTables is the set of tables that the up files leave behind, sorted: what a complete schema must hold.
func expectedTables(files fs.FS) ([]string, error) {
	names, err := fs.Glob(files, "*.up.sql")
	if err != nil {
		return nil, fmt.Errorf("listing the migrations: %w", err)
	}
	if len(names) == 0 {
		return nil, errors.New("there are no migrations")
	}
	tables := map[string]bool{}
	slices.Sort(names)
	for _, name := range names {
		text, err := fs.ReadFile(files, name)
		if err != nil {
			return nil, fmt.Errorf("reading migration %s: %w", name, err)
		}
		applyTableStatements(tables, string(text))
	}
	return slices.Sorted(maps.Keys(tables)), nil
}

func applyTableStatements(tables map[string]bool, text string) {
	for _, match := range tableStatement.FindAllStringSubmatch(text, -1) {
		made, gone, from, to := match[1], match[2], match[3], match[4]
		for _, name := range strings.FieldsFunc(gone+","+from,
			func(r rune) bool { return r == ',' || r == ' ' || r == '\n' }) {
			delete(tables, name)
		}
		for _, name := range []string{made, to} {
			if name != "" {
				tables[name] = true
			}
		}
	}
}
