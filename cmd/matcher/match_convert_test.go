//go:build unit || !integration

package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestMatchInOneCurrency goes through a setup file with rates: what is read, told, written and saved again.
func TestMatchInOneCurrency(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"l.csv": "id,date,amount,currency,reference,description\nL1,2026-03-02,125.00,USD,A1001,consulting\nL2,2026-03-02,250.00,USD,A1002,hardware\n",
		"r.csv": "id,date,amount,currency,reference,description\nR1,2026-03-02,100.00,EUR,A1001,pays A1001\nR2,2026-03-03,199.50,EUR,,invoice A1002 thanks\n",
		"recon.yaml": `
rates: [{from: EUR, to: USD, date: 2026-03-01, rate: 1.25, type: ECB}]
rules:
  - name: in euro by invoice
    type: DATE_LAG
    keys: [{left: reference, right: description, op: CONTAINS_TOKEN}]
    currency: {to: EUR}
    amount: {abs: 1}
`,
	} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	}
	at := func(name string) string { return filepath.Join(dir, name) }
	told := func(args ...string) string {
		var out, errs bytes.Buffer
		err := run(t.Context(), append([]string{"match", at("l.csv"), at("r.csv")}, args...), nil, strings.NewReader(""), &out, &errs)
		require.NoError(t, err, errs.String())
		return out.String()
	}
	require.Contains(t, told("--setup", at("recon.yaml"), "--explain", "L2"), "1 EUR = 1.25 USD of 2026-03-01 ECB")
	told("--setup", at("recon.yaml"), "--out", at("out"), "--save", at("saved.yaml"))
	groups, err := os.ReadFile(at("out/groups.csv"))
	require.NoError(t, err)
	require.Contains(t, string(groups), ",0.50 EUR,FX_DIFFERENCE,")
	require.Contains(t, told("--setup", at("saved.yaml"), "--json"), `"confirmed":2`)
}
