//go:build unit || !integration

package recon

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestRecordClone(t *testing.T) {
	rec := Record{Line: 2, Row: 1, Fields: []string{"a"}}
	kept := rec.Clone()
	rec.Fields[0] = "reused by the next row"
	if kept.Fields[0] != "a" || kept.Line != 2 {
		t.Fatalf("%+v", kept)
	}
}

func TestNewRowErrorCutsValues(t *testing.T) {
	for _, value := range []string{"short", strings.Repeat("x", 200), strings.Repeat("x", 201), strings.Repeat("€", 100), strings.Repeat("x", 195) + "€€€"} {
		e := NewRowError(3, 2, FieldAmount, value, CodeMissingValue, "gone")
		if len(e.Value) > 200 || !utf8.ValidString(e.Value) {
			t.Errorf("%d bytes: %q", len(e.Value), e.Value)
		}
		if (len(value) <= 200) != (e.Value == value) {
			t.Errorf("%q became %q", value, e.Value)
		}
	}
}
