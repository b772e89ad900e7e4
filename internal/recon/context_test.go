//go:build unit || !integration

package recon

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"
)

func TestContextSettings_WriteOff(t *testing.T) {
	require.False(t, new(ContextSettings).WriteOff().Given(), "no limit was set")
	settings := ContextSettings{MaxWriteOff: map[string]string{"EUR": "5.00"}}
	limit, given := settings.WriteOff().In("EUR")
	require.True(t, given)
	require.Equal(t, Minor(500), limit)
	_, given = settings.WriteOff().In("USD")
	require.False(t, given)
}

func pointers(faults []FieldError) string {
	var all []string
	for _, fault := range faults {
		all = append(all, fault.Pointer)
	}
	return strings.Join(all, " ")
}

func TestContext_Check(t *testing.T) {
	limit := func(currency, amount string) ContextSettings {
		return ContextSettings{MaxWriteOff: map[string]string{currency: amount}}
	}
	for _, c := range []struct {
		context Context
		want    string
	}{
		{Context{Name: "Cash", Settings: limit("EUR", "5.00")}, ""},
		{Context{Name: strings.Repeat("é", 200)}, ""},
		{Context{Name: strings.Repeat("é", 201)}, "/name"},
		{Context{Name: " \t"}, "/name"},
		{Context{Name: "a\x00b"}, "/name"},
		{Context{Name: "Cash", Settings: limit("EUR", "5.001")}, "/settings/maxWriteOff/EUR"},
		{Context{Name: "Cash", Settings: limit("EUR", "-1")}, "/settings/maxWriteOff/EUR"},
		{Context{Name: "Cash", Settings: limit("a/b~", "1")}, "/settings/maxWriteOff/a~1b~0"},
	} {
		if diff := cmp.Diff(c.want, pointers(c.context.Check())); diff != "" {
			t.Errorf("%+v: %s", c.context, diff)
		}
	}
}

func TestSource_Check(t *testing.T) {
	good := Source{Name: "bank", Side: Right, Currency: "EUR", TimeZone: "Europe/Berlin"}
	for _, c := range []struct {
		edit func(*Source)
		want string
	}{
		{func(*Source) {}, ""},
		{func(s *Source) { s.Currency = "" }, ""},
		{func(s *Source) { s.Currency = "eur" }, "/currency"},
		{func(s *Source) { s.Side = "MIDDLE" }, "/side"},
		{func(s *Source) { s.TimeZone = "" }, "/timeZone"},
		{func(s *Source) { s.TimeZone = "Local" }, "/timeZone"},
		{func(s *Source) { s.TimeZone = "../etc/passwd" }, "/timeZone"},
		{func(s *Source) { s.Name, s.Side = "", "" }, "/name /side"},
	} {
		source := good
		c.edit(&source)
		if diff := cmp.Diff(c.want, pointers(source.Check())); diff != "" {
			t.Errorf("%+v: %s", source, diff)
		}
	}
}
