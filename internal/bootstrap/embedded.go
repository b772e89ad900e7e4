package bootstrap

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/alicebob/miniredis/v2"

	"matcher/internal/pgserver"
)

// EmbeddedConfig says where the embedded default keeps its data.
type EmbeddedConfig struct {
	DataDir string       // holds postgres/ and signing.key; made when missing
	PGBin   string       // folder of PostgreSQL's programs; empty searches
	Log     *slog.Logger // nil discards
}

// Embedded is everything Matcher needs of a machine, run by Matcher itself:
// a private PostgreSQL on a socket, Redis in this process, a signing key.
type Embedded struct {
	PostgresDSN string // the superuser's, database "postgres"
	RedisURL    string // with the password that keeps other users of the machine out
	SigningKey  string // for HS256 in development; the same after a restart

	postgres *pgserver.Server
	redis    *miniredis.Miniredis
	stopTick context.CancelFunc
	ticking  chan struct{}
}

// StartEmbedded brings it up. The data folder belongs to one process at a
// time; an error says what is wrong and the way out.
func StartEmbedded(ctx context.Context, cfg EmbeddedConfig) (*Embedded, error) {
	server, err := pgserver.Start(ctx, pgserver.Config{
		DataDir: filepath.Join(cfg.DataDir, "postgres"), BinDir: cfg.PGBin,
		AllowInstall: true, Log: cfg.Log,
	})
	if err != nil {
		return nil, err
	}
	e := &Embedded{postgres: server, PostgresDSN: server.DSN("postgres", pgserver.Superuser)}
	if e.SigningKey, err = signingKey(filepath.Join(cfg.DataDir, "signing.key")); err == nil {
		err = e.startRedis()
	}
	if err != nil {
		return nil, errors.Join(err, server.Stop(ctx))
	}
	return e, nil
}

// redisTick is how coarsely keys expire in the Redis of this process.
const redisTick = 100 * time.Millisecond

func (e *Embedded) startRedis() error {
	password := rand.Text()
	e.redis = miniredis.NewMiniRedis()
	e.redis.RequireAuth(password)
	if err := e.redis.StartAddr("127.0.0.1:0"); err != nil {
		return fmt.Errorf("starting Redis in this process: %w", err)
	}
	e.RedisURL = "redis://:" + password + "@" + e.redis.Addr() + "/0"
	var ctx context.Context
	ctx, e.stopTick = context.WithCancel(context.Background())
	e.ticking = make(chan struct{})
	go e.tick(ctx)
	return nil
}

// tick moves the in-process Redis's clock, which stands still by itself: no
// key would ever expire.
func (e *Embedded) tick(ctx context.Context) {
	defer close(e.ticking)
	ticker := time.NewTicker(redisTick)
	defer ticker.Stop()
	for last := time.Now(); ; {
		select {
		case <-ctx.Done():
			return
		case now := <-ticker.C:
			e.redis.FastForward(now.Sub(last)) // what passed, should a tick come late
			last = now
		}
	}
}

// DSN is the URL of a database for a role; the socket's folder, which only
// this user may enter, stands in for a password.
func (e *Embedded) DSN(database, role string) string { return e.postgres.DSN(database, role) }

// Done is closed when PostgreSQL has ended, by Stop or by itself; Err says why.
func (e *Embedded) Done() <-chan struct{} { return e.postgres.Done() }

// Err is what made PostgreSQL end by itself, nil while it runs and after Stop.
func (e *Embedded) Err() error { return e.postgres.Err() }

// Stop ends both; PostgreSQL last, and cleanly if ctx leaves it the time.
func (e *Embedded) Stop(ctx context.Context) error {
	e.stopTick()
	<-e.ticking
	e.redis.Close()
	return e.postgres.Stop(ctx)
}

// minKey is the length below which HS256 is weaker than its hash: 256 bits.
const minKey = 32

// signingKey reads the development key of this data folder, making it on the
// first start, so that tokens outlive a restart. Only its owner may read it.
func signingKey(path string) (string, error) {
	text, err := os.ReadFile(path)
	switch {
	case err == nil:
		if key := strings.TrimSpace(string(text)); len(key) >= minKey {
			return key, os.Chmod(path, 0o600)
		}
		return "", fmt.Errorf("the signing key in %s is shorter than %d characters: delete the file to have a new one made (tokens signed so far become invalid)", path, minKey)
	case !errors.Is(err, fs.ErrNotExist):
		return "", fmt.Errorf("reading the signing key: %w", err)
	}
	key := rand.Text() + rand.Text() // 26 characters of 5 bits each
	fresh := path + ".new"
	if err := os.WriteFile(fresh, []byte(key+"\n"), 0o600); err != nil {
		return "", fmt.Errorf("keeping a new signing key: %w", err)
	}
	return key, os.Rename(fresh, path)
}
