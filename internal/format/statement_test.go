//go:build unit || !integration

package format

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"matcher/internal/recon"
)

// statementDecoderOfTests reads a format that no bank writes, to prove what a decoder may bring: it is recognised by bytes
// that are no text, reads by offset, defines what its fields mean, and says what its account held.
//
//	\x00STMT\n
//	2026-03-01|12.50|R1\n …
//	IBAN|number|from|to|opening|closing
type statementDecoderOfTests struct {
	rows  *bufio.Scanner
	last  string
	line  int
	about []Statement
}

func init() { //nolint:gochecknoinits // a format of the tests alone
	formats = append([]notation{{"stmt", func(in *input) bool { return strings.HasPrefix(string(in.raw.rest()), "\x00STMT\n") }, openStatement}}, formats...)
}

func openStatement(in *input) (decoder, string, error) {
	at, size, err := in.readerAt()
	if err != nil {
		return nil, "", err
	}
	tail := make([]byte, min(size, 200))
	if _, err := at.ReadAt(tail, size-int64(len(tail))); err != nil && !errors.Is(err, io.EOF) {
		return nil, "", err
	}
	trailer := string(tail[bytes.LastIndexByte(tail, '\n')+1:])
	d := &statementDecoderOfTests{rows: bufio.NewScanner(io.NewSectionReader(at, 0, size-int64(len(trailer)))), last: trailer, line: 1}
	d.rows.Scan()
	return d, "a statement", nil
}

func (d *statementDecoderOfTests) next(rec *recon.Record) error {
	rec.Header = []string{"c1", "c2", "c3"}
	if d.rows.Scan() {
		d.line++
		rec.Line, rec.Fields = d.line, strings.Split(d.rows.Text(), "|")
		return nil
	}
	part := strings.Split(d.last, "|")
	from, errFrom := recon.ParseDay(part[2])
	to, errTo := recon.ParseDay(part[3])
	opening, errOpening := recon.ParseMinor(part[4], 2)
	closing, errClosing := recon.ParseMinor(part[5], 2)
	if err := errors.Join(errFrom, errTo, errOpening, errClosing); err != nil {
		return fmt.Errorf("reading the trailer: %w", err)
	}
	d.about = []Statement{{
		Account: part[0], Number: part[1], Currency: "EUR", From: from, To: to,
		Opening: recon.NullMinor{Amount: opening, Set: true}, Closing: recon.NullMinor{Amount: closing, Set: true},
	}}
	return io.EOF
}

func (d *statementDecoderOfTests) fieldMap() recon.FieldMap {
	return recon.FieldMap{DateFormat: "YYYY-MM-DD", Decimal: ".", Fields: map[string]recon.MapField{
		recon.FieldDate: recon.Column("c1"), recon.FieldAmount: {Columns: []string{"c2"}, Negate: true}, recon.FieldReference: recon.Column("c3"),
		recon.FieldCurrency: {Constant: "EUR"},
	}}
}

func (d *statementDecoderOfTests) statements() []Statement { return d.about }
