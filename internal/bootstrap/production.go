package bootstrap

import (
	"fmt"
	"iter"
	"net"
	"net/url"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"matcher/internal/auth"
	tenancy "matcher/internal/shared/infrastructure/tenant/adapters"
)

// checkDoors adds why these settings would leave a door open, each with its variable. What is convenient on one machine
// has to be asked for by name, and listens to that machine only.
func (cfg Config) checkDoors(p *problemList) {
	host, _, _ := net.SplitHostPort(cfg.Addr)
	here := auth.IsLoopback(host)
	unproved := !cfg.Auth.Enabled || cfg.Auth.JWKSURL == "" && knownSecret(cfg.Auth.Secret)
	switch {
	case cfg.Production():
		cfg.checkProduction(p)
	case !cfg.Auth.Enabled && !here:
		p.add("AUTH_ENABLED=false admits everybody, so MATCHER_ADDR must be a loopback address")
	case cfg.Postgres.External() && unproved && !(cfg.named && here):
		p.add("AUTH_HS256_SECRET or AUTH_JWKS_URL is required with a database of your own: without them anybody can " +
			"sign a token (for a trial on this machine set MATCHER_ENV=development and a loopback MATCHER_ADDR)")
	}
}

// knownSecret reports whether tokens would be signed by a key that is in the source.
func knownSecret(secret string) bool {
	return secret == "" || strings.HasPrefix(strings.ToLower(secret), auth.DevelopmentSecretPrefix)
}

// checkProduction adds what production does not allow.
func (cfg Config) checkProduction(p *problemList) {
	if err := auth.CheckProduction(cfg.AuthConfig()); err != nil {
		for line := range strings.SplitSeq(err.Error(), "\n") {
			p.add("AUTH_HS256_SECRET, AUTH_JWKS_URL, AUTH_ENABLED: " + line)
		}
	}
	for name, variables := range cfg.plaintext() {
		if !slices.Contains(cfg.AllowPlaintext, name) {
			p.add(fmt.Sprintf("%s allows a connection without TLS to another machine: production refuses it unless "+
				"MATCHER_ALLOW_PLAINTEXT names %s", variables, name))
		}
	}
}

// unencrypted lists what MATCHER_ALLOW_PLAINTEXT may name.
var unencrypted = []string{"postgres", "redis", "rabbitmq"}

// plaintext returns the servers that may be spoken to in the clear over a network, and the variables that decide it.
func (cfg Config) plaintext() map[string]string {
	found := map[string]string{}
	for dsn := range cfg.Postgres.dsns() {
		if clearPostgres(dsn) {
			found["postgres"] = "POSTGRES_SSLMODE, or the sslmode of POSTGRES_DSN, POSTGRES_OWNER_DSN, " +
				"POSTGRES_REPLICA_DSN or POSTGRES_CLUSTERS,"
		}
	}
	if clearURL(cfg.Redis.URL, "redis") {
		found["redis"] = "REDIS_URL"
	}
	if clearURL(cfg.RabbitMQ.URL, "amqp") {
		found["rabbitmq"] = "RABBITMQ_URL"
	}
	return found
}

// dsns are the connection strings of every PostgreSQL server that is named.
func (pg PostgresConfig) dsns() iter.Seq[string] {
	return func(yield func(string) bool) {
		all := []string{pg.ReplicaDSN}
		if pg.External() {
			all = append(all, pg.AppDSN(), pg.OwnerConnDSN())
		}
		clusters, _ := tenancy.ParseClusters(pg.Clusters) // check names what is wrong with them
		for _, one := range clusters {
			all = append(all, one.DSN, one.OwnerDSN, one.ReplicaDSN)
		}
		for _, dsn := range all {
			if dsn != "" && !yield(dsn) {
				return
			}
		}
	}
}

// clearPostgres reports whether one of the attempts of a connection string goes over a network unencrypted:
// sslmode=prefer encrypts first and then does without.
func clearPostgres(dsn string) bool {
	config, err := pgx.ParseConfig(dsn)
	if err != nil {
		return false // the start names it
	}
	open := config.TLSConfig == nil && remote(config.Host)
	for _, next := range config.Fallbacks {
		open = open || next.TLSConfig == nil && remote(next.Host)
	}
	return open
}

func clearURL(address, scheme string) bool {
	u, err := url.Parse(address)
	return err == nil && u.Scheme == scheme && remote(u.Hostname())
}

// remote reports whether a host is another machine: neither loopback nor the folder of a socket.
func remote(host string) bool { return !auth.IsLoopback(host) && !strings.HasPrefix(host, "/") }
