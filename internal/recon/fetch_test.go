//go:build unit || !integration

package recon_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"matcher/internal/recon"
)

func TestFetch_Check(t *testing.T) {
	now := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	for _, good := range []recon.Fetch{
		{Kind: "FOLDER"},
		{Kind: "FOLDER", Folder: "bank/out", Files: "*.sta", Cron: "0 7 * * MON-FRI", TimeZone: "Europe/Berlin"},
		{Kind: "S3", Bucket: "b", Folder: "in"},
		{Kind: "SFTP", Host: "h", User: "u", HostKeys: []string{"k"}, Folder: "/out", After: "KEEP"},
		{Kind: "SFTP", Host: "2001:db8::1", User: "u", HostKeys: []string{"k"}},
	} {
		good.Settle()
		require.Empty(t, good.Check(now), "%+v", good)
	}
	for pointer, bad := range map[string]recon.Fetch{
		"/kind": {Kind: "FTP"}, "/after": {Kind: "FOLDER", After: "DELETE"}, "/files": {Kind: "FOLDER", Files: "[a"},
		"/folder": {Kind: "FOLDER", Folder: "../other"}, "/cron": {Kind: "FOLDER", Cron: "daily"},
		"/timeZone": {Kind: "FOLDER", Cron: "@daily", TimeZone: "Mars"}, "/bucket": {Kind: "S3"},
		"/endpoint": {Kind: "FOLDER", Endpoint: "https://x"}, "/port": {Kind: "FOLDER", Port: 22},
		"/host":     {Kind: "SFTP", Host: "u@h", User: "u", HostKeys: []string{"k"}},
		"/hostKeys": {Kind: "SFTP", Host: "h", User: "u"}, "/user": {Kind: "FOLDER", User: "u"},
	} {
		bad.Settle()
		faults := bad.Check(now)
		require.Len(t, faults, 1, pointer)
		require.Equal(t, pointer, faults[0].Pointer)
	}
	for _, outside := range []string{"/etc", "a/../..", ".", "a//b", `a\b`} {
		bad := recon.Fetch{Kind: "FOLDER", Folder: outside}
		bad.Settle()
		require.NotEmpty(t, bad.Check(now), outside)
	}
}

func TestFetch_SameServer(t *testing.T) {
	one := recon.Fetch{Kind: "SFTP", Host: "h", Port: 22, User: "u", Folder: "out"}
	two := one
	two.Folder, two.Cron = "in", "@daily"
	require.True(t, one.SameServer(&two), "another folder is the same server")
	two.Host = "elsewhere"
	require.False(t, one.SameServer(&two), "a password does not go elsewhere")
}
