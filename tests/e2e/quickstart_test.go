//go:build e2e

package e2e

import (
	"context"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const root = "../.."

// buildOnce builds the binary that all tests here run from outside.
var buildOnce = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "matcher-e2e-")
	if err != nil {
		return "", err
	}
	command := exec.Command("go", "build", "-o", filepath.Join(dir, "matcher"), "./cmd/matcher")
	command.Dir = root
	out, err := command.CombinedOutput()
	if err != nil {
		return string(out), err
	}
	return dir, nil
})

func binaryDir(t *testing.T) string {
	t.Helper()
	dir, err := buildOnce()
	require.NoError(t, err, dir)
	return dir
}

func freeAddress(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer listener.Close()
	return listener.Addr().String()
}

var shellBlocks = regexp.MustCompile("(?s)```sh\n(.*?)```")

// The document's commands run as one script, unchanged; only the address and the data folder are the test's.
func TestQuickstart(t *testing.T) {
	text, err := os.ReadFile(root + "/docs/quickstart.md")
	require.NoError(t, err)
	var script strings.Builder
	script.WriteString("set -euo pipefail\nset -m\ntrap 'kill %1 2>/dev/null; wait' EXIT\n")
	for _, block := range shellBlocks.FindAllStringSubmatch(string(text), -1) {
		script.WriteString(block[1])
	}
	address := freeAddress(t)
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	command := exec.CommandContext(ctx, "bash", "-c", script.String())
	command.Dir = root
	command.Env = append(os.Environ(),
		"PATH="+binaryDir(t)+":"+os.Getenv("PATH"), "MATCHER_ADDR="+address,
		"MATCHER_DATA_DIR="+t.TempDir(), "MATCHER_LOG_LEVEL=error")
	out, err := command.CombinedOutput()
	require.NoError(t, err, "%s", out)
	require.Equal(t, 6, strings.Count(string(out), "\n404 ")+strings.Count(string(out), "}404 "), "%s", out)
	require.NotContains(t, string(out), `"status":4`)
	require.Contains(t, string(out), `"status":"COMPLETED"`)
	require.Contains(t, string(out), `"status":"CONFIRMED"`)
	require.Equal(t, 2, strings.Count(string(out), `{"items":[]}`), "the other tenant's lists are empty")
}
