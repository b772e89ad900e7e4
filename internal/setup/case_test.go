//go:build unit || !integration

package setup

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestCasesOfASetup(t *testing.T) {
	t.Parallel()
	const document = `
cases:
  - name: two payments for one invoice
    asOf: 2026-04-30
    left: [{entry: 1001, issued: 2026-04-01, amount: 10.50, text: null}]
    right:
      - {payment: R1, amount: "5.25"}
      - {payment: R2, amount: 5.25, text: rest}
    expect:
      groups: [{left: 1001, right: [R1, R2], difference: 0}]
      open: []
      totals: {left: {matched: 1}, groups: {confirmed: 1, proposed: 0}}
  - {name: from files, left: left.csv, right: [], expect: {open: [{left: L1, reason: NO_CANDIDATE}]}}
`
	setup, faults := Decode([]byte(document))
	require.Empty(t, faults)
	first, second := setup.Cases[0], setup.Cases[1]
	require.Equal(t, []string{"entry", "issued", "amount", "text"}, first.Left.Header)
	require.Equal(t, [][]string{{"1001", "2026-04-01", "10.50", ""}}, first.Left.Rows, "as it was written")
	require.Equal(t, [][]string{{"R1", "5.25", ""}, {"R2", "5.25", "rest"}}, first.Right.Rows)
	require.Equal(t, CaseIDs{"1001"}, first.Expect.Groups[0].Left)
	require.Equal(t, int64(1), *first.Expect.Totals.Left.Matched)
	require.Nil(t, first.Expect.Totals.Left.Rows)
	require.True(t, first.Expect.ExpectsOpen(), "that nothing is open")
	require.False(t, second.Expect.ExpectsGroups())
	require.Equal(t, "left.csv", second.Left.File)
	require.Empty(t, second.Right.Rows)

	text, err := json.Marshal(setup)
	require.NoError(t, err)
	again, faults := Decode(text)
	require.Empty(t, faults, string(text))
	require.Equal(t, setup.Cases[1], again.Cases[1])
	require.Equal(t, setup.Cases[0].Expect, again.Cases[0].Expect)
	require.Equal(t, setup.Cases[0].Right, again.Cases[0].Right)
}
