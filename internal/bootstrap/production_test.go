//go:build unit || !integration

package bootstrap

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/auth"
)

func TestT28_ProductionRefusesWhatIsConvenient(t *testing.T) {
	for name, env := range map[string][]string{
		"no key at all":              nil,
		"the development key":        {"AUTH_HS256_SECRET=" + auth.DevelopmentSecret},
		"a key that repeats itself":  {"AUTH_HS256_SECRET=" + strings.Repeat("ab", 20)},
		"a short key":                {"AUTH_HS256_SECRET=Zk3v9Qp1Lx7"},
		"no authentication":          {"AUTH_ENABLED=false", "AUTH_HS256_SECRET=" + goodSecret},
		"keys over plain http":       {"AUTH_JWKS_URL=http://id.example.com/keys"},
		"the alias of the name, too": {"AUTH_ENABLED=false"},
	} {
		for _, production := range []string{"MATCHER_ENV=production", "ENV=production"} {
			_, err := LoadConfig(append([]string{production}, env...))
			require.ErrorContains(t, err, "AUTH_", name)
		}
	}
	cfg, err := LoadConfig([]string{"ENV=production", "AUTH_HS256_SECRET=" + goodSecret})
	require.NoError(t, err)
	require.True(t, cfg.Production())
	_, err = DevelopmentToken(cfg, auth.MintOptions{})
	require.ErrorContains(t, err, "identity provider")
	_, err = LoadConfig([]string{"AUTH_ENABLED=false", "MULTI_TENANT_ENABLED=true"})
	require.Error(t, err)
}

func TestProduction_RefusesWhatIsUnsafe(t *testing.T) {
	const secret = "AUTH_HS256_SECRET=" + goodSecret
	own := []string{"POSTGRES_HOST=db.example.com", "POSTGRES_SSLMODE=verify-full", secret}
	for name, c := range map[string]struct {
		env     []string
		refused string // the variable that the refusal names; "" where there is none
	}{
		"encrypted everywhere":                {env: append(own, "REDIS_URL=rediss://r:6379", "RABBITMQ_URL=amqps://q/")},
		"all on this machine":                 {env: []string{"POSTGRES_HOST=127.0.0.1", "POSTGRES_SSLMODE=disable", "REDIS_URL=redis://localhost:6379", "RABBITMQ_URL=amqp://[::1]:5672/", secret}},
		"a socket":                            {env: []string{"POSTGRES_DSN=postgres:///matcher?host=/run/postgresql", "POSTGRES_OWNER_DSN=postgres:///matcher?host=/run/postgresql", secret}},
		"no key":                              {env: []string{"POSTGRES_HOST=127.0.0.1"}, refused: "AUTH_HS256_SECRET"},
		"PostgreSQL in the clear":             {env: append(own, "POSTGRES_SSLMODE=disable"), refused: "POSTGRES_SSLMODE"},
		"PostgreSQL encrypted if it feels so": {env: append(own, "POSTGRES_SSLMODE=prefer"), refused: "POSTGRES_SSLMODE"},
		"an owner in the clear":               {env: append(own, "POSTGRES_OWNER_DSN=postgres://o@db.example.com/m?sslmode=disable"), refused: "POSTGRES_OWNER_DSN"},
		"a replica in the clear":              {env: append(own, "POSTGRES_REPLICA_DSN=postgres://o@db.example.com/m?sslmode=allow"), refused: "POSTGRES_REPLICA_DSN"},
		"a cluster in the clear":              {env: append(own, `POSTGRES_CLUSTERS={"c":{"dsn":"postgres://o@db.example.com/m?sslmode=disable"}}`), refused: "POSTGRES_CLUSTERS"},
		"one of two hosts in the clear":       {env: []string{"POSTGRES_DSN=postgres://o@127.0.0.1,db/m?sslmode=disable", "POSTGRES_OWNER_DSN=postgres:///m?host=/run", secret}, refused: "POSTGRES_SSLMODE"},
		"Redis in the clear":                  {env: append(own, "REDIS_URL=redis://:hunter2@valkey:6379"), refused: "REDIS_URL"},
		"RabbitMQ in the clear":               {env: append(own, "RABBITMQ_URL=amqp://m:hunter2@rabbitmq/"), refused: "RABBITMQ_URL"},
		"another one is allowed":              {env: append(own, "RABBITMQ_URL=amqp://m:hunter2@rabbitmq/", "MATCHER_ALLOW_PLAINTEXT=redis"), refused: "RABBITMQ_URL"},
		"named as allowed":                    {env: append(own, "POSTGRES_SSLMODE=disable", "REDIS_URL=redis://valkey:6379", "RABBITMQ_URL=amqp://rabbitmq/", "MATCHER_ALLOW_PLAINTEXT="+strings.Join(unencrypted, ","))},
		"allowed by a wrong name":             {env: append(own, "MATCHER_ALLOW_PLAINTEXT=postgresql"), refused: "MATCHER_ALLOW_PLAINTEXT"},
	} {
		t.Run(name, func(t *testing.T) {
			cfg, err := LoadConfig(append(slices.Clone(c.env), "MATCHER_ENV=production"))
			if c.refused == "" {
				require.NoError(t, err)
				for name := range cfg.plaintext() {
					require.Contains(t, cfg.AllowPlaintext, name)
				}
				return
			}
			require.ErrorContains(t, err, c.refused)
			require.NotContains(t, err.Error(), "hunter2")
		})
	}
}

func TestDevelopment_IsAskedForAndListensToThisMachine(t *testing.T) {
	t.Parallel()
	const development, elsewhere, off = "MATCHER_ENV=development", "MATCHER_ADDR=0.0.0.0:8080", "AUTH_ENABLED=false"
	for name, c := range map[string]struct {
		env     []string
		refused string
	}{
		"the embedded database has a key of its own": {env: []string{elsewhere}},
		"no authentication on this machine":          {env: []string{off}},
		"no authentication for a network":            {env: []string{off, elsewhere}, refused: "MATCHER_ADDR"},
		"a database, and nothing said":               {env: []string{"POSTGRES_HOST=127.0.0.1"}, refused: "AUTH_HS256_SECRET"},
		"a database, and development said":           {env: []string{"POSTGRES_HOST=127.0.0.1", development}},
		"said by the alias":                          {env: []string{"POSTGRES_HOST=127.0.0.1", "ENV=development"}},
		"said, but for a network":                    {env: []string{"POSTGRES_HOST=127.0.0.1", development, elsewhere}, refused: "MATCHER_ADDR"},
		"said, but on every interface":               {env: []string{"POSTGRES_HOST=127.0.0.1", development, "MATCHER_ADDR=:8080"}, refused: "MATCHER_ADDR"},
		"the key in the source for a network":        {env: []string{"POSTGRES_HOST=127.0.0.1", development, elsewhere, "AUTH_HS256_SECRET=" + auth.DevelopmentSecret}, refused: "AUTH_HS256_SECRET"},
		"a key of one's own for a network":           {env: []string{"POSTGRES_HOST=127.0.0.1", elsewhere, "AUTH_HS256_SECRET=" + goodSecret}},
		"no authentication, and nothing said":        {env: []string{"POSTGRES_HOST=127.0.0.1", off, "AUTH_HS256_SECRET=" + goodSecret}, refused: "MATCHER_ENV"},
	} {
		_, err := LoadConfig(c.env)
		if c.refused == "" {
			require.NoError(t, err, name)
		} else {
			require.ErrorContains(t, err, c.refused, name)
		}
	}
}
