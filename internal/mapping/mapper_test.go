//go:build unit || !integration

package mapping

import (
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/recon"
)

func TestCompileNamesWhatIsMissing(t *testing.T) {
	header := []string{"Entry ID", "posted_at", "Amount", "amount", "payer.name"}
	parse := func(fields string) []recon.FieldError {
		parsed, err := ParseFieldMap([]byte(fields))
		require.NoError(t, err)
		_, problems := Compile(parsed, header)
		return problems
	}
	t.Run("columns that do not exist are named with those that do", func(t *testing.T) {
		require.Equal(t, []recon.FieldError{
			{Pointer: "/amount", Code: "UNKNOWN_COLUMN", Message: `there is no column "Betrag"; the columns are Entry ID, posted_at, Amount, amount, payer.name`},
			{Pointer: "/date", Code: "UNKNOWN_COLUMN", Message: `there is no column "posted_on": did you mean "posted_at"? The columns are Entry ID, posted_at, Amount, amount, payer.name`},
		}, parse(`{"amount":"Betrag","date":"posted_on"}`))
	})
	t.Run("a map without money or day is told both", func(t *testing.T) {
		problems := parse(`{"externalId":"Entry ID"}`)
		require.Len(t, problems, 2)
		require.Equal(t, "/amount", problems[0].Pointer)
		require.Equal(t, "/date", problems[1].Pointer)
	})
	t.Run("a date format that is none", func(t *testing.T) {
		problems := parse(`{"amount":"amount","date":"posted_at","dateFormat":"day/month"}`)
		require.Equal(t, "/date/dateFormat", problems[0].Pointer)
	})
	t.Run("another case will do where only one column has it; JSON paths may begin with $", func(t *testing.T) {
		require.Empty(t, parse(`{"amount":"amount","date":"POSTED_AT","externalId":"entry id","description":"$.payer.name"}`))
		require.NotEmpty(t, parse(`{"amount":"AMOUNT","date":"posted_at"}`))
	})
}

func TestMetadata(t *testing.T) {
	const fields = `{"externalId":"id","amount":"amount","date":"day"}`
	header := []string{"id", "zeta", "amount", "alpha", "day"}
	rec := recon.Record{Header: header, Fields: []string{"1", " z ", "2", "", "2026-01-02"}}
	m := compile(t, fields, header)

	t.Run("holds every filled column under its own name, sorted", func(t *testing.T) {
		tx, _ := m.Map(rec)
		require.Equal(t, []recon.Attribute{{Name: "amount", Value: "2"}, {Name: "day", Value: "2026-01-02"}, {Name: "id", Value: "1"}, {Name: "zeta", Value: "z"}}, tx.Metadata)
	})
	t.Run("may be limited, which changes no digest", func(t *testing.T) {
		whole, _ := m.Map(rec)
		lean := compile(t, fields, header)
		lean.KeepMetadata("zeta")
		tx, _ := lean.Map(rec)
		require.Equal(t, []recon.Attribute{{Name: "zeta", Value: "z"}}, tx.Metadata)
		require.Equal(t, whole.Digest, tx.Digest)
		lean.KeepMetadata()
		tx, _ = lean.Map(rec)
		require.Nil(t, tx.Metadata)
	})
	t.Run("takes columns that occur late in a JSON file", func(t *testing.T) {
		grown := recon.Record{Header: append(header[:5:5], "beta"), Fields: []string{"1", "z", "2", "", "2026-01-02", "late"}}
		tx, _ := m.Map(grown)
		require.Equal(t, "late", tx.Attribute("beta"))
		tx, wrong := m.Map(rec) // a row of the narrower header afterwards
		require.Empty(t, wrong)
		require.Empty(t, tx.Attribute("beta"))
	})
}

func TestMapIsSafeForManyGoroutines(t *testing.T) {
	header, records := benchRecords(200)
	m := compile(t, `{"externalId":"entry_id","amount":"amount","currency":"currency","date":"posted_at","decimal":"."}`, header)
	var want [][32]byte
	for _, rec := range records {
		tx, _ := m.Map(rec)
		want = append(want, tx.Digest)
	}
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			for i, rec := range records {
				if tx, wrong := m.Map(rec); len(wrong) > 0 || tx.Digest != want[i] {
					t.Errorf("row %d differs: %v", i, wrong)
				}
			}
		})
	}
	group.Wait()
}

func TestJoinedColumns(t *testing.T) {
	tx, wrong := mapOne(t, `{"amount":"a","date":["day","time"],"description":{"columns":["x","y","z"],"join":" / "},"decimal":"."}`,
		"a", "1.00", "day", "2026-01-02", "time", "10:11", "x", "Rent", "y", "", "z", "May")
	require.Empty(t, wrong)
	require.Equal(t, "Rent / May", tx.Description)
	require.Equal(t, 10, tx.Time.Hour())
}
