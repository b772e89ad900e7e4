//go:build unit || !integration

package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestARowThatBooksMoreThanIsDueIsSeen(t *testing.T) {
	t.Parallel()
	first := time.Date(2025, 11, 1, 0, 0, 0, 0, time.UTC)
	m := monthly{world: makeWorld(first), out: &bytes.Buffer{}}
	m.sides = [2][]entry{}
	m.fee(first)
	journal := filepath.Join(t.TempDir(), "journal.csv")
	lines := "number,account,amount,booked_by\n" + strings.Repeat("ADJ-1,6855,-3.50,\n", 40) + "ADJ-2,6855,-1.00,L1\n"
	require.NoError(t, os.WriteFile(journal, []byte(lines), 0o600))
	require.NoError(t, m.book(journal, first))
	groups, again, booked := "external_id\nR1\n"+m.sides[1][0].id+"\n", "", 0
	for _, e := range m.sides[0] {
		if e.id[:1] == againID {
			again = e.id
			continue
		}
		booked++
		require.Equal(t, -350, e.cents, "what is booked already is not booked again")
		groups += e.id + "\n"
	}
	require.NotEmpty(t, again)
	require.Less(t, booked, 40, "some are left for another month")

	rest, err := m.judgeBooked("month", strings.NewReader(groups), first, first.AddDate(0, 1, 0))
	require.NoError(t, err)
	require.NoError(t, m.failed)
	var out bytes.Buffer
	_, err = out.ReadFrom(rest)
	require.NoError(t, err)
	require.Equal(t, "external_id\nR1\n", out.String())
	_, err = m.judgeBooked("month", strings.NewReader(groups+again+"\n"), first, first.AddDate(0, 1, 0))
	require.NoError(t, err)
	require.ErrorIs(t, m.failed, errMonths)
}
