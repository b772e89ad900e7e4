//go:build integration

package main

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/recon"
)

func TestVoid(t *testing.T) {
	t.Parallel()
	s, _, _ := newDesk(t, 1)
	s.fails(exitFailed, "a row of this import is in an active group: unmatch or reject it first", "void", "r.csv", "--source", "bank")
	more := file(t, "more.csv", "id,date,amount,currency\nB9,2026-01-05,9.00,EUR\n")
	s.must("import", "--source", "bank", more)
	require.Contains(t, s.must("void", "more.csv", "--source", "bank", "--context", "Cash"), "of more.csv is voided: 1 row out again")
	s.fails(exitFailed, `no import is called "more.csv"`, "void", "more.csv", "--source", "bank")
	s.must("import", "--source", "bank", more)
	s.must("import", "--source", "bank", file(t, "more.csv", "id,date,amount,currency\nB8,2026-01-05,8.00,EUR\n"))
	s.fails(exitUsage, `2 files called "more.csv" were loaded into "bank": `, "void", "more.csv", "--source", "bank")

	var done importsDone
	require.NoError(t, json.Unmarshal([]byte(s.must("import", "--source", "bank", "--json", file(t, "b.csv", "id,date,amount,currency\nB7,2026-01-05,7.00,EUR\n"))), &done))
	var voided recon.Import
	require.NoError(t, json.Unmarshal([]byte(s.must("void", done.Imports[0].ID, "--json")), &voided))
	require.Equal(t, recon.ImportVoided, voided.Status)
	s.fails(exitFailed, "only a completed import can be voided", "void", done.Imports[0].ID)
	s.fails(exitFailed, "no import has the id 01a214bf-0000-7000-8000-000000000000", "void", "01a214bf-0000-7000-8000-000000000000")
	s.fails(exitUsage, `"more.csv" is no id: give --source`, "void", "more.csv")
	s.fails(exitUsage, "which import?", "void")
}
