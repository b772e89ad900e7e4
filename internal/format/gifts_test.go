//go:build unit || !integration

package format_test

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/format"
	"matcher/internal/mapping"
	"matcher/internal/recon"
)

const statement = "\x00STMT\n2026-03-01|12.50|R1\n2026-03-02|-2.00|R2\nDE02120300000000202051|7|2026-03-01|2026-03-31|100.00|89.50"

// TestADecoderMayBringItsMapAndItsStatement reads a format of its own through the reader of both products.
func TestADecoderMayBringItsMapAndItsStatement(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "march.csv")
	require.NoError(t, os.WriteFile(file, []byte("before"+statement), 0o600))
	opened, err := os.Open(file)
	require.NoError(t, err)
	defer opened.Close()
	_, err = opened.Seek(int64(len("before")), io.SeekStart)
	require.NoError(t, err)
	spooled := false
	spool := func(from io.Reader) (io.ReaderAt, int64, error) {
		spooled = true
		data, err := io.ReadAll(from)
		return bytes.NewReader(data), int64(len(data)), err
	}
	for _, c := range []struct {
		name    string
		body    io.Reader
		spooled bool
	}{
		{"a file, from where it stands", opened, false},
		{"bytes", strings.NewReader(statement), false},
		{"a pipe", io.MultiReader(strings.NewReader(statement)), true},
	} {
		spooled = false
		r, err := mapping.Open(c.body, "march.csv", mapping.Hints{Side: recon.Right, Format: format.Options{Spool: spool}})
		require.NoError(t, err, c.name)
		require.Equal(t, c.spooled, spooled, c.name)
		require.Equal(t, "stmt", r.Format())
		require.Equal(t, "as stmt defines it · a statement", r.ReadAs())
		var rows []recon.Transaction
		require.NoError(t, r.Read(&mapping.Identities{}, func(row *mapping.Row) error {
			require.Empty(t, row.Wrong)
			rows = append(rows, row.Tx)
			return nil
		}))
		require.Len(t, rows, 2, c.name)
		require.EqualValues(t, -1250, rows[0].Amount, "the sign is the format's own")
		require.Equal(t, []string{"EUR", "R1"}, []string{rows[0].Currency, rows[0].Reference})
		said := r.Statements()
		require.Len(t, said, 1)
		require.Equal(t, []string{"DE02120300000000202051", "7", "EUR"}, []string{said[0].Account, said[0].Number, said[0].Currency})
		require.Equal(t, []string{"2026-03-01", "2026-03-31"}, []string{said[0].From.String(), said[0].To.String()})
		require.Equal(t, []recon.NullMinor{{Amount: 10000, Set: true}, {Amount: 8950, Set: true}}, []recon.NullMinor{said[0].Opening, said[0].Closing})
	}
}

func TestAMapThatIsGivenBeatsTheFormatsOwn(t *testing.T) {
	t.Parallel()
	given := recon.FieldMap{Fields: map[string]recon.MapField{recon.FieldDate: recon.Column("c1"), recon.FieldAmount: recon.Column("c2")}}
	r, err := mapping.Open(strings.NewReader(statement), "x", mapping.Hints{Map: &given, Currency: "CHF"})
	require.NoError(t, err)
	require.NoError(t, r.Read(&mapping.Identities{}, func(row *mapping.Row) error {
		if row.Record.Row == 1 {
			require.EqualValues(t, 1250, row.Tx.Amount)
			require.Equal(t, "CHF", row.Tx.Currency)
		}
		return nil
	}))
}

func TestAStatementWithoutMovementsIsOne(t *testing.T) {
	t.Parallel()
	_, trailer, _ := strings.Cut(statement, "R2\n")
	r, err := mapping.Open(io.MultiReader(strings.NewReader("\x00STMT\n"+trailer)), "x", mapping.Hints{})
	require.NoError(t, err)
	require.True(t, r.Empty())
	require.NoError(t, r.Read(&mapping.Identities{}, func(*mapping.Row) error { return errors.New("a row") }))
	require.Len(t, r.Statements(), 1)
}

func TestTextFormatsSayNothingOfAccounts(t *testing.T) {
	t.Parallel()
	r, err := format.Open(strings.NewReader("id,date\n1,2026-01-02\n"), "x.csv", format.Options{})
	require.NoError(t, err)
	_, defined := r.FieldMap()
	require.False(t, defined)
	require.Empty(t, r.Statements())
}
