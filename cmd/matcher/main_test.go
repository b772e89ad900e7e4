//go:build unit || !integration

package main

import (
	"bytes"
	"flag"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "rewrite expected output")

// TestMain lets scripts call this very test binary as the command `matcher`.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"matcher": main})
}

func runScripts(t *testing.T, folder string) {
	t.Parallel()
	testscript.Run(t, testscript.Params{
		Dir: folder, UpdateScripts: *update, RequireUniqueNames: true,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"keep": keepLine},
	})
}

func TestEveryCommandExplainsItselfWithAnExample(t *testing.T) {
	t.Parallel()
	help := output(t, "--help")
	for _, name := range []string{"match", "inspect", "schema", "rules", "test", "import", "run", "exceptions", "export", "apply", "serve", "demo", "tenant", "token", "migrate", "health", "version"} {
		require.Contains(t, help, "\n  "+name+" ")
		own := output(t, name, "--help")
		require.Contains(t, own, "Usage:", name)
		if name != "tenant" && name != "rules" { // its own commands have the examples
			require.Contains(t, own, "Examples:", name)
		}
	}
}

func TestUnknownCommandsAndFlagsAreWrongUse(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{"mtach"}, {"match", "--rulez", "x"}, {"match", "one.csv"}, {"match", "a", "b", "c"}} {
		err := run(t.Context(), args, nil, strings.NewReader(""), &bytes.Buffer{}, &bytes.Buffer{})
		require.Equal(t, exitUsage, exitCode(err), "%v: %v", args, err)
	}
}

func output(t *testing.T, args ...string) string {
	t.Helper()
	var out bytes.Buffer
	require.NoError(t, run(t.Context(), args, nil, strings.NewReader(""), &out, &out))
	return out.String()
}
