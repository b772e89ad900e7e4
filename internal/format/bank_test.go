//go:build unit || !integration

package format_test

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/tools/txtar"

	"matcher/internal/format"
	"matcher/internal/recon"
)

var updateFormats = flag.Bool("update-formats", false, "write the wants of testdata/formats")

// TestBankFormats reads the files of testdata/formats: one archive a dialect, with why it is there, the file as a bank
// writes it, and every value, balance and fault that must come of it.
func TestBankFormats(t *testing.T) {
	t.Parallel()
	paths, err := filepath.Glob("testdata/formats/*.txtar")
	require.NoError(t, err)
	require.NotEmpty(t, paths)
	for _, path := range paths {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) {
			t.Parallel()
			archive, err := txtar.ParseFile(path)
			require.NoError(t, err)
			in, want := archive.Files[0], &archive.Files[1]
			require.Equal(t, "want", want.Name)
			got := describe(strings.NewReader(string(in.Data)), in.Name)
			if *updateFormats {
				want.Data = []byte(got)
				require.NoError(t, os.WriteFile(path, txtar.Format(archive), 0o600))
				return
			}
			require.Equal(t, string(want.Data), got)
		})
	}
}

// describe lists everything that a file is read as.
func describe(from io.Reader, name string) string {
	r, err := format.Open(from, name, format.Options{})
	if err != nil {
		return refused(err)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s\n", r.Format(), r.Found())
	for {
		rec, err := r.Next()
		var row *recon.RowError
		switch {
		case errors.Is(err, io.EOF):
			for _, s := range r.Statements() {
				fmt.Fprint(&b, statementLine(s))
			}
			return b.String()
		case errors.As(err, &row):
			fmt.Fprintf(&b, "line %d: refused: %s: %s %q: %s\n", row.Line, row.Code, row.Field, row.Value, row.Reason)
			continue
		case err != nil:
			return b.String() + refused(err)
		}
		fmt.Fprintf(&b, "line %d:", rec.Line)
		for i, value := range rec.Fields {
			if value != "" {
				fmt.Fprintf(&b, " %s=%q", rec.Header[i], value)
			}
		}
		b.WriteByte('\n')
	}
}

func refused(err error) string {
	var e *recon.Error
	if errors.As(err, &e) {
		return fmt.Sprintf("refused: %s: %s\n", e.Code, e.Message)
	}
	return "failed: " + err.Error() + "\n"
}

func statementLine(s format.Statement) string {
	digits := recon.CurrencyScale(s.Currency)
	money := func(n recon.NullMinor) string {
		if !n.Set {
			return "?"
		}
		return n.Amount.Decimal(digits)
	}
	line := fmt.Sprintf("statement of %s, number %q, %s to %s: %s + %s (%d entries) = %s %s\n", s.Account, s.Number,
		orNone(s.From), orNone(s.To), money(s.Opening), s.Moved.Decimal(digits), s.Entries, money(s.Closing), s.Currency)
	if s.Proved {
		line += "proved\n"
	}
	if s.Unproved != "" {
		line += "not proved: " + s.Unproved + "\n"
	}
	for _, note := range s.Notes {
		line += "note: it " + note + "\n"
	}
	for _, fault := range s.Faults {
		line += "fault: it " + fault + "\n"
	}
	return line
}

func orNone(d recon.Day) string {
	if !d.Set() {
		return "?"
	}
	return d.String()
}
