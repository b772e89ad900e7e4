package pgserver

import (
	"context"
	_ "embed"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	embeddedpostgres "github.com/fergusstrange/embedded-postgres"
)

// bundled are the versions the download offers, by major version.
var bundled = map[int]embeddedpostgres.PostgresVersion{
	15: embeddedpostgres.V15,
	16: embeddedpostgres.V16,
	17: embeddedpostgres.V17,
	18: embeddedpostgres.V18,
}

// defaultMajor is what a new cluster gets: the version compose.yaml runs.
const defaultMajor = 17

// installDebian is the script that scripts/install-deps runs too.
//
//go:embed install_debian.sh
var installDebian string

// download fetches binaries: Debian's package for root, since what root runs
// should come from its system; else a bundle below the data folder.
func download(ctx context.Context, cfg Config, l layout, major int) error {
	if os.Geteuid() != 0 {
		cfg.logger().Info("downloading PostgreSQL", "folder", l.bundle)
		return fetchBundle(ctx, l, major, cfg.repository)
	}
	if _, err := exec.LookPath("apt-get"); err != nil {
		return fmt.Errorf("this system has no apt-get: %w", err)
	}
	pkg := "postgresql"
	if major > 0 {
		pkg = fmt.Sprintf("postgresql-%d", major)
	}
	cfg.logger().Info("installing PostgreSQL", "package", pkg)
	return aptInstall(ctx, pkg)
}

func aptInstall(ctx context.Context, pkg string) error {
	cmd := exec.CommandContext(ctx, "/bin/sh", "-s", pkg)
	cmd.Stdin = strings.NewReader(installDebian)
	cmd.Env = append([]string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin"}, childEnv...)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("apt-get install %s: %w: %s", pkg, err, lastLines(string(out)))
	}
	return nil
}

// noLocale makes initdb refuse. The library has no call that only fetches: it
// goes on to make a cluster of its own, on TCP, which nobody needs.
const noLocale = "matcher-needs-the-binaries-only"

// fetchBundle downloads and unpacks binaries; they are there or they are not,
// so the library's error only explains the second case.
func fetchBundle(ctx context.Context, l layout, major int, repository string) error {
	if major == 0 {
		major = defaultMajor
	}
	version, ok := bundled[major]
	if !ok {
		return fmt.Errorf("no bundle of PostgreSQL %d is offered", major)
	}
	scratch := filepath.Join(l.dir, "download")
	defer os.RemoveAll(scratch)
	cfg := embeddedpostgres.DefaultConfig().Version(version).Port(0).Logger(io.Discard).Locale(noLocale).
		CachePath(filepath.Join(scratch, "cache")).RuntimePath(filepath.Join(scratch, "run")).
		DataPath(filepath.Join(scratch, "run", "data")).BinariesPath(l.bundle)
	if repository != "" {
		cfg = cfg.BinaryRepositoryURL(repository)
	}
	return fetched(ctx, l, func() error { return embeddedpostgres.NewDatabase(cfg).Start() })
}

// fetched runs a fetch that knows no context and judges it by its result.
func fetched(ctx context.Context, l layout, fetch func() error) error {
	done := make(chan error, 1)
	go func() { done <- fetch() }()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case err := <-done:
		if _, missing := inspect(ctx, filepath.Join(l.bundle, "bin")); missing == nil {
			return nil
		} else if err == nil {
			return missing
		}
		return err
	}
}
