//go:build unit || !integration

package format

import (
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/recon"
)

func TestPartOfAnEntry(t *testing.T) {
	t.Parallel()
	of := func(reference, batch, partOf string) Part {
		var e entry
		e.fields[entryAccount], e.fields[entryCurrency] = "A", "EUR"
		e.fields[entryID], e.fields[entryBatch], e.fields[entryPartOf] = reference, batch, partOf
		var rec recon.Record
		e.fill(&rec)
		return PartOf(rec)
	}
	whole := of("B 1", "RUN of 3", "")
	require.Equal(t, Part{Entry: Entry{"A", "EUR", "B 1", "RUN of 3"}}, whole)
	part := of("OWN", "RUN of 3", "3 of 37 of B 1")
	require.Equal(t, Part{Entry{"A", "EUR", "B 1", "RUN of 3"}, 3, 37}, part)
	require.True(t, part.Same(whole.Entry))
	require.True(t, of("", "RUN of 3", "3 of 37 of RUN of 3").Same(whole.Entry))
	require.False(t, of("", "RUN", "3 of 37 of B 2").Same(whole.Entry))
	require.False(t, of("", "", "3 of 37 of B").Same(of("", "", "").Entry), "no name is no name in common")
	require.Zero(t, PartOf(recon.Record{Header: []string{"partOf"}, Fields: []string{"3 of 37 of B"}}), "a column of a CSV")
	require.Zero(t, of("OWN", "", "0 of 37 of B").At)
}

// TestEqualPartsAreSeveral links parts without ids of their own, of which two equal ones are not next to each other.
func TestEqualPartsAreSeveral(t *testing.T) {
	t.Parallel()
	ids := map[string]bool{}
	b := newBook(Options{})
	b.parts = map[string]int{}
	for i, amount := range []string{"10.00", "20.00", "10.00"} {
		var e entry
		e.fields[entryCurrency], e.fields[entryAmount], e.fields[entryID] = "EUR", amount, "B-1"
		e.fields[entryPartOf], e.fields[entryStatus] = "1 of 3 of B-1", recon.Pending
		b.link(&e)
		ids[e.fields[entryUnique]] = true
		require.Len(t, ids, i+1)
	}
}
