//go:build unit || !integration

package httpapi

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestNewDocsPage_AllowsExactlyItsOwnScriptAndStyle(t *testing.T) {
	page := newDocsPage()
	html := string(page.html)
	_, rest, found := strings.Cut(html, "<script>")
	require.True(t, found)
	script, _, _ := strings.Cut(rest, "</script>")
	require.Contains(t, page.policy, "script-src '"+hashOf(script)+"'")
	_, rest, _ = strings.Cut(html, "<style>")
	style, _, _ := strings.Cut(rest, "</style>")
	require.Contains(t, page.policy, "style-src '"+hashOf(style)+"'")
	require.NotContains(t, html, "https://")
	require.NotContains(t, html, " style=")
	require.NotContains(t, html, " onclick=")
}
