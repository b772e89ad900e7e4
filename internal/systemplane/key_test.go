//go:build unit || !integration

package systemplane

import (
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestKeys(t *testing.T) {
	seen := map[string]bool{}
	for _, key := range Keys {
		require.False(t, seen[key.Name], key.Name)
		seen[key.Name] = true
		require.Regexp(t, `^(tenancy|limits)\.[a-z_]+$`, key.Name)
		require.NotEmpty(t, key.Description, key.Name)
		require.NotEmpty(t, key.Variable, key.Name)
		want := map[Kind]reflect.Kind{Integer: reflect.Int64, Text: reflect.String, Boolean: reflect.Bool}[key.Kind]
		require.Equal(t, want, reflect.TypeOf(key.Default).Kind(), key.Name)
		require.NoError(t, key.Valid(key.Default), "%s: a default must be good", key.Name)
	}
	_, known := Find("tenancy.nothing")
	require.False(t, known)
}

func TestKeys_HoldTheElevenOfTheStandard(t *testing.T) {
	count := 0
	for _, key := range Keys {
		if strings.HasPrefix(key.Name, "tenancy.") {
			count++
			require.Equal(t, strings.ToLower(key.Variable), strings.TrimPrefix(key.Name, "tenancy."))
		}
	}
	require.Equal(t, 11, count)
	for name, bootOnly := range map[string]bool{DefaultTenantID: true, DefaultTenantSlug: true, MultiTenantEnabled: true, ManagerURL: false} {
		key, known := Find(name)
		require.True(t, known)
		require.Equal(t, bootOnly, key.BootOnly, name)
	}
}

func TestDecode(t *testing.T) {
	for _, c := range []struct {
		key, text string
		want      any
		fault     string
	}{
		{BodyBytes, `2048`, int64(2048), ""},
		{BodyBytes, `1023`, nil, "from 1024"},
		{BodyBytes, `2048.5`, nil, "number without a fraction"},
		{BodyBytes, `1e400`, nil, "number without a fraction"},
		{BodyBytes, `"2048"`, nil, "number"},
		{BodyBytes, `{}`, nil, "number"},
		{BodyBytes, `nonsense`, nil, "not JSON"},
		{ImportBytes, `10737418240`, int64(10 << 30), ""},
		{TenantRate, `0`, int64(0), ""},
		{TenantRate, `-1`, nil, "from 0"},
		{ManagerURL, `""`, "", ""},
		{ManagerURL, `"https://tenants.example.com"`, "https://tenants.example.com", ""},
		{ManagerURL, `"http://127.0.0.1:9"`, "http://127.0.0.1:9", ""},
		{ManagerURL, `"http://tenants.example.com"`, nil, "https"},
		{ManagerURL, `"https://user:hunter2@example.com"`, nil, "plain address"},
		{ManagerURL, `"file:///etc/passwd"`, nil, "plain address"},
		{ManagerURL, `7`, nil, "string"},
		{ManagerEnvironment, `"a\nb"`, nil, "one line"},
		{ManagerEnvironment, `"` + strings.Repeat("x", maxTextRunes+1) + `"`, nil, "at most"},
		{MultiTenantEnabled, `true`, true, ""},
		{MultiTenantEnabled, `1`, nil, "boolean"},
	} {
		key, _ := Find(c.key)
		got, err := key.Decode([]byte(c.text))
		if c.fault == "" {
			require.NoError(t, err, c.text)
			require.Equal(t, c.want, got)
			continue
		}
		require.ErrorContains(t, err, c.fault, c.text)
		require.NotContains(t, err.Error(), "hunter2", "a value may be a secret in the wrong place")
	}
}

func FuzzDecode(f *testing.F) {
	for _, seed := range []string{`1`, `"https://a"`, `true`, `null`, `[`, `"\u0000"`, `9223372036854775808`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, key := range Keys {
			value, err := key.Decode([]byte(text))
			if err == nil {
				require.NoError(t, key.Valid(value))
				require.IsType(t, key.Default, value)
			}
		}
	})
}
