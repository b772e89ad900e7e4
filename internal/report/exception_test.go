//go:build unit || !integration

package report

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"matcher/internal/recon"
)

func exception() recon.Exception {
	return recon.Exception{
		ID: "e-1", TransactionID: "t-1", ContextID: "c-1", Side: recon.Left, Reference: "INV-4", Description: "a \x1b[31mred\x1b[0m dinner",
		Amount: "1250.90", Currency: "EUR", Date: day("2024-10-04"), Class: recon.ClassBreak, Reason: recon.ReasonAmountDiffers, NearestDifference: "-0.90", Status: "OPEN",
		Suggestion: strings.Repeat("long ", 20), OpenedAt: time.Date(2026, 1, 9, 8, 30, 0, 0, time.UTC),
	}
}

func TestExceptionsAreATable(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	table := NewExceptions(&out, map[string]string{"c-1": "Bank"})
	first, second := exception(), exception()
	second.Status, second.Resolution, second.ExternalID, second.Description, second.Suggestion = "RESOLVED", "MATCHED", "L9", "", ""
	require.NoError(t, table.Add(&first))
	require.NoError(t, table.Add(&second))
	require.NoError(t, table.Close())
	require.Equal(t, `ID   SIDE  CLASS     REASON          DATE        AMOUNT        ROW                           NEAREST DIFFERS BY  SUGGESTION
e-1  LEFT  break     amount differs  2024-10-04  1,250.90 EUR  INV-4  a  [31mred [0m dinner  -0.90               long long long long long long long long long long long long…
e-1  LEFT  resolved  matched         2024-10-04  1,250.90 EUR  L9                            -0.90               
`, out.String())
}

func TestExceptionsOfSeveralContextsNameThem(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	table := NewExceptions(&out, map[string]string{"c-1": "Bank", "c-2": "Cards"})
	e := exception()
	for range exceptionsFlush {
		require.NoError(t, table.Add(&e))
	}
	require.Equal(t, exceptionsFlush, strings.Count(out.String(), "Bank: INV-4"), "a long table is written while it comes")
	out.Reset()
	require.NoError(t, NewExceptions(&out, nil).Close())
	require.Empty(t, out.String(), "a table without rows has no head")
}

func TestAnExceptionIsExplainedRuleByRule(t *testing.T) {
	t.Parallel()
	e, why := exception(), recon.Explanation{}
	why.Nearest = &recon.StoredTransaction{Side: recon.Right, Date: day("2024-10-05"), Amount: "1251.80", Currency: "EUR", ExternalID: "R4", Reference: "INV-4"}
	why.Rules = []recon.RuleVerdict{{Name: "by reference", Compare: []recon.Evidence{
		{Component: "KEY", Field: "reference", Left: "INV-4", Right: "INV-4", Held: true},
		{Component: "AMOUNT", Field: "amount", Left: "1250.90", Right: "1251.80"},
	}}}
	e.Suggestion = "change the amount by +0.80"
	var out bytes.Buffer
	WriteException(&out, &e, &why)
	require.Equal(t, `LEFT  2024-10-04  1,250.90 EUR  INV-4  a  [31mred [0m dinner
  break: amount differs, open since 2026-01-09 08:30
  nearest  RIGHT  2024-10-05  1,251.80 EUR  R4 INV-4
  would match  change the amount by +0.80
  by reference  key reference  INV-4    INV-4    holds
                amount amount  1250.90  1251.80  does not hold
  exception e-1 · row t-1
`, out.String())
}
