//go:build e2e

package e2e

import (
	"bytes"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"matcher/internal/auth"
	"matcher/internal/testkit"
)

// TestCompose_IsClosedByDefault starts the binary with exactly the environment of Dockerfile and compose.yaml, where
// `make up` wrote the secrets. Only hosts are replaced.
func TestCompose_IsClosedByDefault(t *testing.T) {
	secrets := firstEnv(t)
	env := shippedEnvironment(t, secrets)
	server := testkit.PostgresServer(t)
	admin, err := pgx.Connect(t.Context(), server.DSN("postgres", ""))
	require.NoError(t, err)
	defer admin.Close(t.Context())
	for _, sql := range []string{
		`CREATE ROLE matcher_owner LOGIN SUPERUSER`, `CREATE DATABASE matcher OWNER matcher_owner`, // as the image does
		regexp.MustCompile(`CREATE ROLE matcher_app [A-Z ]+`).FindString(read(t, "compose.yaml")) + ` '` + secrets["POSTGRES_PASSWORD"] + `'`,
	} {
		_, err := admin.Exec(t.Context(), sql)
		require.NoError(t, err, sql)
	}
	address := freeAddress(t)
	config, err := pgx.ParseConfig(server.DSN("matcher", ""))
	require.NoError(t, err)
	env["POSTGRES_HOST"], env["MATCHER_ADDR"] = config.Host, address
	env["REDIS_URL"], env["RABBITMQ_URL"] = testkit.Redis(t), testkit.RabbitMQ(t)
	env["MATCHER_DATA_DIR"] = t.TempDir()

	t.Run("without the secret it does not start, and names the variable", func(t *testing.T) {
		said, err := serving(t, env, "AUTH_HS256_SECRET").CombinedOutput()
		require.Error(t, err)
		require.Contains(t, string(said), "AUTH_HS256_SECRET")
	})

	command := serving(t, env, "")
	var said bytes.Buffer
	command.Stdout, command.Stderr = &said, &said
	require.NoError(t, command.Start())
	t.Cleanup(func() {
		_ = command.Process.Signal(os.Interrupt)
		_ = command.Wait()
	})
	status := func(path string, header ...string) int {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+address+path, http.NoBody)
		require.NoError(t, err)
		for at := 0; at < len(header); at += 2 {
			request.Header.Set(header[at], header[at+1])
		}
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			return 0
		}
		defer response.Body.Close()
		return response.StatusCode
	}
	require.Eventually(t, func() bool { return status("/readyz") == http.StatusOK }, time.Minute, 20*time.Millisecond, "%s", &said)
	signed := func(secret string, role auth.Role) string {
		token, err := auth.Mint(secret, auth.MintOptions{
			Subject: "eve", Roles: []auth.Role{role}, Issuer: env["AUTH_ISSUER"], Audience: env["AUTH_AUDIENCE"], Now: time.Now(),
		})
		require.NoError(t, err)
		return "Bearer " + token
	}
	for _, c := range []struct {
		what, path string
		header     []string
		want       int
	}{
		{"a token signed by the key in the source", "/v1/me", []string{"Authorization", signed(auth.DevelopmentSecret, auth.RoleAdmin)}, 401},
		{"the same for the installation", "/admin/tenants", []string{"Authorization", signed(auth.DevelopmentSecret, auth.RolePlatformAdmin)}, 401},
		{"a token signed by the secret of .env", "/v1/me", []string{"Authorization", signed(secrets["AUTH_HS256_SECRET"], auth.RoleAdmin)}, 200},
		{"the first administrator's key", "/admin/tenants", []string{"X-API-Key", secrets["MATCHER_ADMIN_API_KEY"]}, 200},
		{"another key", "/admin/tenants", []string{"X-API-Key", strings.Repeat("k", 60)}, 401},
		{"the page", "/docs", nil, 404},
		{"the document", "/openapi.json", nil, 404},
		{"the version", "/version", nil, 404},
		{"figures", "/metrics", nil, 401},
		{"figures for their token", "/metrics", []string{"Authorization", "Bearer " + secrets["MATCHER_METRICS_TOKEN"]}, 200},
	} {
		require.Equal(t, c.want, status(c.path, c.header...), c.what)
	}
}

// serving is the service with an environment, and nothing of the test's own, without one variable.
func serving(t *testing.T, env map[string]string, without string) *exec.Cmd {
	command := exec.CommandContext(t.Context(), filepath.Join(binaryDir(t), "matcher"), "serve")
	command.Env = []string{}
	for name, value := range env {
		if name != without {
			command.Env = append(command.Env, name+"="+value)
		}
	}
	return command
}

func read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(root + "/" + name)
	require.NoError(t, err)
	return string(text)
}

// firstEnv is what `make up` writes into .env: secrets that no second run changes.
func firstEnv(t *testing.T) map[string]string {
	t.Helper()
	file := filepath.Join(t.TempDir(), ".env")
	printed, err := exec.CommandContext(t.Context(), root+"/scripts/first-env", file).Output()
	require.NoError(t, err)
	first, err := os.ReadFile(file)
	require.NoError(t, err)
	secrets := map[string]string{}
	for line := range strings.Lines(string(first)) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		secrets[name] = value
	}
	require.Contains(t, string(printed), secrets["MATCHER_ADMIN_API_KEY"], "the first key is printed")
	printed, err = exec.CommandContext(t.Context(), root+"/scripts/first-env", file).Output()
	require.NoError(t, err)
	require.Empty(t, printed)
	again, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, first, again)
	return secrets
}

// shippedEnvironment is the ENV of the Dockerfile and over it the environment of the compose file's service.
func shippedEnvironment(t *testing.T, secrets map[string]string) map[string]string {
	t.Helper()
	env := map[string]string{}
	for _, line := range regexp.MustCompile(`(?m)^ENV (.*)$`).FindAllStringSubmatch(read(t, "Dockerfile"), -1) {
		for pair := range strings.FieldsSeq(line[1]) {
			name, value, _ := strings.Cut(pair, "=")
			env[name] = value
		}
	}
	require.NotEmpty(t, env)
	var compose struct {
		Services struct {
			Matcher struct{ Environment map[string]string }
		}
	}
	require.NoError(t, yaml.Unmarshal([]byte(read(t, "compose.yaml")), &compose))
	expression := regexp.MustCompile(`\$\{([A-Z0-9_]+)(:?[-?])?([^}]*)\}`)
	for name, value := range compose.Services.Matcher.Environment {
		env[name] = expression.ReplaceAllStringFunc(value, func(text string) string {
			part := expression.FindStringSubmatch(text)
			if secret := secrets[part[1]]; secret != "" {
				return secret
			}
			require.NotContains(t, part[2], "?", "%s: .env has no %s", name, part[1])
			return part[3]
		})
	}
	return env
}
