//go:build unit || !integration

package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/ingestion"
	"matcher/internal/mapping"
	"matcher/internal/recon"
	"matcher/internal/setup"
)

// lateDates is a file whose days and months can only be told apart in row 3,000.
func lateDates() string {
	var text strings.Builder
	text.WriteString("id,date,amount,reference\n")
	for i := range 3500 {
		day := i%12 + 1
		if i == 2999 {
			day = 28
		}
		fmt.Fprintf(&text, "L%d,%02d/03/2026,%d.50,R%d\n", i, day, i, i)
	}
	return text.String()
}

// TestOneFileOneMeaning reads the same files by the command and as the service reads them, and compares every field.
func TestOneFileOneMeaning(t *testing.T) {
	t.Parallel()
	const (
		ledger  = "entry,posted_at,memo,debit,credit,ref\n1,2026-03-01,Sale,10.00,,R1\n2,2026-03-02,Refund,,4.00,R2\n3,2026-03-03,Sale,7.00,,R3\n"
		bank    = "id,date,amount,currency,reference,fee,net\nB1,2026-03-01,10.00,EUR,R1,0.00,10.00\nB2,2026-03-02,-4.00,EUR,R2,0.00,-4.00\n"
		german  = "Buchungstag;Betrag;Soll/Haben;Verwendungszweck;Kundenreferenz\n13.03.2026;1.234,56;S;Miete;K1\n14.03.2026;10,00;H;Erstattung;K2\n"
		pending = "id,date,amount,status,reference\nP1,2026-03-01,5.00,pending,R1\nP2,2026-03-01,6.00,pending,R2\nP1,2026-03-02,5.10,booked,R1\nP2,2026-03-01,6.00,pending,R2\n"
		twice   = "date,amount,text\n2026-03-01,5.00,a\n2026-03-01,5.00,a\n2026-03-02,x,b\n2026-03-03,1.00,c\n"
		events  = `{"id":"E1","at":"2026-03-01T10:00:00+02:00","amount":5.25,"currency":"USD","payer":{"name":"A"}}` + "\n" +
			`{"id":"E2","at":"2026-03-02T23:30:00-05:00","amount":-1.00,"currency":"USD","tags":["x"]}` + "\n"
	)
	fields := func(m recon.FieldMap, columns ...string) *recon.FieldMap {
		m.Fields = map[string]recon.MapField{}
		for i := 0; i < len(columns); i += 2 {
			m.Fields[columns[i]] = recon.Column(columns[i+1])
		}
		return &m
	}
	for _, c := range []struct {
		name, file string
		source     recon.Source
		fields     *recon.FieldMap
		first      recon.Minor // amount of the first row
		rows       int
	}{
		{"a left file in debit and credit columns", ledger, recon.Source{Side: recon.Left}, nil, 1000, 3},
		{"a right file in debit and credit columns", ledger, recon.Source{Side: recon.Right}, nil, -1000, 3},
		{
			"a left file in debit and credit columns with a map", ledger,
			recon.Source{Side: recon.Left},
			fields(recon.FieldMap{}, recon.FieldDate, "posted_at", recon.FieldDebit, "debit", recon.FieldCredit, "credit"), -1000, 3,
		},
		{
			"a map that negates", ledger,
			recon.Source{Side: recon.Left},
			fields(recon.FieldMap{Negate: true}, recon.FieldDate, "posted_at", recon.FieldDebit, "debit", recon.FieldCredit, "credit"), 1000, 3,
		},
		{"signed amounts, fee and net", bank, recon.Source{Side: recon.Right}, nil, 1000, 2},
		{"signed amounts on the left", bank, recon.Source{Side: recon.Left}, nil, 1000, 2},
		{"a constant currency", ledger, recon.Source{Side: recon.Left, Currency: "CHF"}, nil, 1000, 3},
		{"a constant currency beside a column", bank, recon.Source{Side: recon.Right, Currency: "CHF"}, nil, 1000, 2},
		{"a direction column and decimal commas", german, recon.Source{Side: recon.Right}, nil, -123456, 2},
		{"pending rows and their booked ones", pending, recon.Source{Side: recon.Right}, nil, 600, 2},
		{"equal rows without an id, and a bad one", twice, recon.Source{Side: recon.Right}, nil, 500, 3},
		{"objects with offsets", events, recon.Source{Side: recon.Right}, nil, 525, 2},
		{
			"objects with offsets in a zone of the map", events,
			recon.Source{Side: recon.Right},
			fields(recon.FieldMap{TimeZone: "Asia/Tokyo"}, recon.FieldExternalID, "id", recon.FieldDate, "at", recon.FieldAmount, "amount", recon.FieldCurrency, "currency"), 525, 2,
		},
		{"dates that row 3,000 decides", lateDates(), recon.Source{Side: recon.Left}, nil, 50, 3500},
		{"dates that row 3,000 decides, on the right", lateDates(), recon.Source{Side: recon.Right}, nil, 50, 3500},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			command := readByCommand(t, c.file, c.source, c.fields)
			service := readByService(t, c.file, c.source, c.fields)
			require.Equal(t, service, command)
			require.Len(t, command, c.rows)
			require.Equal(t, c.first, command[0].Amount)
		})
	}
}

// readByCommand reads a file as matcher match does, with nothing on the other side that signs or a currency could be
// taken from.
func readByCommand(t *testing.T, text string, source recon.Source, fields *recon.FieldMap) []recon.Transaction {
	t.Helper()
	folder := t.TempDir()
	file, other := filepath.Join(folder, "file"), filepath.Join(folder, "other.csv")
	require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
	require.NoError(t, os.WriteFile(other, []byte("id,date,amount\nO1,2026-03-01,1.00\n"), 0o600))
	in := newMatchInput(newMatchSetup(setup.Setup{}, ""), strings.NewReader(""), newProgress(io.Discard))
	left, right, side := file, other, in.left
	if source.Side == recon.Right {
		left, right, side = other, file, in.right
	}
	side.setup = setup.Side{Map: fields, Currency: source.Currency}
	require.NoError(t, in.left.choose([]string{left}))
	require.NoError(t, in.right.choose([]string{right}))
	r, err := in.open()
	require.NoError(t, err)
	require.NoError(t, r.load(t.Context(), nil))
	byRow := map[int]recon.Transaction{}
	last := 0
	for row := range uint32(side.table.Len()) {
		tx := side.transaction(row)
		tx.Ordinal = 0 // the table holds it in another form
		byRow[tx.Row], last = tx, max(last, tx.Row)
	}
	return inOrder(byRow, last)
}

// readByService reads a file as an import into the source does. Of pending rows that a booked one replaces the
// transaction leaves the booked one.
func readByService(t *testing.T, text string, source recon.Source, fields *recon.FieldMap) []recon.Transaction {
	t.Helper()
	reader, err := mapping.Open(bytes.NewReader([]byte(text)), "file", ingestion.HintsOf(source, fields, ingestion.File{}))
	require.NoError(t, err)
	byRow, pending := map[int]recon.Transaction{}, map[string]int{}
	last := 0
	require.NoError(t, reader.Read(&mapping.Identities{}, func(row *mapping.Row) error {
		switch row.Verdict {
		case mapping.Duplicate, mapping.Rejected:
			return nil
		case mapping.Replacing:
			delete(byRow, pending[row.Tx.ExternalID])
		case mapping.Fresh:
		}
		pending[row.Tx.ExternalID] = row.Tx.Row
		row.Tx.Ordinal = 0
		byRow[row.Tx.Row], last = row.Tx, max(last, row.Tx.Row)
		return nil
	}))
	return inOrder(byRow, last)
}

func inOrder(byRow map[int]recon.Transaction, last int) []recon.Transaction {
	var rows []recon.Transaction
	for row := 1; row <= last; row++ {
		if tx, ok := byRow[row]; ok {
			rows = append(rows, tx)
		}
	}
	return rows
}

// TestRoomForRows finds that a side has room for its rows before they are read: what grows is copied.
func TestRoomForRows(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "late.csv")
	require.NoError(t, os.WriteFile(path, []byte(lateDates()), 0o600))
	side := &matchSide{side: recon.Left, files: []*matchFile{
		{inputFile: inputFile{side: recon.Left, path: path}}, {inputFile: inputFile{side: recon.Left, path: path}},
	}}
	for _, f := range side.files {
		require.NoError(t, f.begin(side, nil))
	}
	require.InDelta(t, 7700, expectedRows(side.files), 700)
}
