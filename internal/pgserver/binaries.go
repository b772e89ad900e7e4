package pgserver

import (
	"cmp"
	"context"
	_ "embed" // install_debian.sh
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// oldestMajor is the first PostgreSQL whose features Matcher relies on.
const oldestMajor = 15

// binaries is one PostgreSQL installation.
type binaries struct {
	dir   string
	major int
}

func (b binaries) postgres() string { return filepath.Join(b.dir, "postgres") }
func (b binaries) initdb() string   { return filepath.Join(b.dir, "initdb") }

// childEnv is the whole environment of every child: PostgreSQL's own variables of the user must not steer a private
// server, and messages stay in English so that explain can read them.
var childEnv = []string{"LC_ALL=C", "TZ=UTC"}

// installations are where packages put PostgreSQL, in the order of the search. Arch and Fedora use a folder of PATH.
var installations = []string{
	"/usr/lib/postgresql/*/bin",                          // Debian, Ubuntu
	"/usr/libexec/postgresql*",                           // Alpine
	"/usr/pgsql-*/bin",                                   // Red Hat and Fedora with PostgreSQL's own packages
	"/opt/homebrew/opt/postgresql@*/bin",                 // Homebrew on Apple silicon
	"/usr/local/opt/postgresql@*/bin",                    // Homebrew on Intel
	"/home/linuxbrew/.linuxbrew/opt/postgresql@*/bin",    // Homebrew on Linux
	"/Applications/Postgres.app/Contents/Versions/*/bin", // Postgres.app
}

// findBinaries returns the first installation that can serve the cluster: of its major version where there is one
// (major > 0), else of any supported. Where there is none, root installs Debian's package if the Config allows it.
func findBinaries(ctx context.Context, cfg Config, l layout, major int) (binaries, error) {
	if cfg.BinDir != "" {
		return explicitBinaries(ctx, cfg.BinDir, l, major)
	}
	bin, seen := search(ctx, l, major)
	if bin.dir != "" {
		return bin, nil
	}
	var cause error
	if cfg.AllowInstall && os.Geteuid() == 0 {
		if cause = aptInstall(ctx, cfg, major); cause == nil {
			if bin, seen = search(ctx, l, major); bin.dir != "" {
				return bin, nil
			}
		}
	}
	if major > 0 {
		return binaries{}, wrongVersion(l, major, seen, cause)
	}
	return binaries{}, noBinaries(seen, cause)
}

// search returns the first installation that serves, and all that it looked at.
func search(ctx context.Context, l layout, major int) (bin binaries, seen []binaries) {
	for _, dir := range candidates(l) {
		bin, err := inspect(ctx, dir)
		if err != nil {
			continue
		}
		seen = append(seen, bin)
		if bin.major >= oldestMajor && (major == 0 || bin.major == major) {
			return bin, seen
		}
	}
	return binaries{}, seen
}

// candidates lists folders that may hold binaries: of PATH, then of each kind of package, the highest version first,
// then bundle/bin of the data folder, where an operator may unpack them.
func candidates(l layout) []string {
	var dirs []string
	if found, err := exec.LookPath("postgres"); err == nil {
		if program, err := filepath.EvalSymlinks(found); err == nil {
			dirs = append(dirs, filepath.Dir(program))
		}
	}
	for _, pattern := range installations {
		found, _ := filepath.Glob(pattern)
		slices.SortFunc(found, func(a, b string) int { return cmp.Compare(versionIn(b), versionIn(a)) })
		dirs = append(dirs, found...)
	}
	return append(dirs, filepath.Join(l.dir, "bundle", "bin"))
}

var lastNumber = regexp.MustCompile(`(\d+)\D*$`)

// versionIn returns the version in an installation's path, 0 where it has none.
func versionIn(dir string) (version int) {
	if m := lastNumber.FindStringSubmatch(dir); m != nil {
		version, _ = strconv.Atoi(m[1])
	}
	return version
}

// installDebian is the script that scripts/install-deps runs too.
//
//go:embed install_debian.sh
var installDebian string

// aptInstall installs Debian's package.
func aptInstall(ctx context.Context, cfg Config, major int) error {
	if _, err := exec.LookPath("apt-get"); err != nil {
		return errors.New("this system has no apt-get")
	}
	pkg := "postgresql"
	if major > 0 {
		pkg = fmt.Sprintf("postgresql-%d", major)
	}
	cfg.logger().Info("installing PostgreSQL", "package", pkg)
	cmd := exec.CommandContext(ctx, "/bin/sh", "-s", pkg)
	cmd.Stdin = strings.NewReader(installDebian)
	cmd.Env = append([]string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin"}, childEnv...)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("apt-get install %s: %w: %s", pkg, err, lastLines(string(out)))
	}
	return nil
}

var versionLine = regexp.MustCompile(`^postgres \(PostgreSQL\) (\d+)`)

// inspect runs the binaries of a folder for their version.
func inspect(ctx context.Context, dir string) (binaries, error) {
	bin := binaries{dir: dir}
	if _, err := os.Stat(bin.initdb()); err != nil {
		return binaries{}, err
	}
	cmd := exec.CommandContext(ctx, bin.postgres(), "--version")
	cmd.Env = childEnv
	out, err := cmd.Output()
	if err != nil {
		return binaries{}, fmt.Errorf("running %s --version: %w", bin.postgres(), err)
	}
	m := versionLine.FindSubmatch(out)
	if m == nil {
		return binaries{}, fmt.Errorf("%s --version printed %q", bin.postgres(), out)
	}
	bin.major, err = strconv.Atoi(string(m[1]))
	return bin, err
}

func explicitBinaries(ctx context.Context, dir string, l layout, major int) (binaries, error) {
	bin, err := inspect(ctx, dir)
	switch {
	case err != nil:
		return binaries{}, &Error{
			Reason: ReasonNoBinaries, Err: err,
			What: "The configured folder " + dir + " holds no usable PostgreSQL",
			Why:  err.Error(),
			Fix: "Point MATCHER_PG_BIN at a folder with the programs postgres and initdb, or unset it to search " +
				"the usual ones",
		}
	case major > 0 && bin.major != major:
		return binaries{}, wrongVersion(l, major, []binaries{bin}, nil)
	case bin.major < oldestMajor:
		return binaries{}, noBinaries([]binaries{bin}, nil)
	}
	return bin, nil
}

func wrongVersion(l layout, major int, seen []binaries, cause error) *Error {
	return &Error{
		Reason: ReasonWrongVersion, Err: cause,
		What: fmt.Sprintf("The database in %s was made by PostgreSQL %d", l.cluster, major),
		Why: fmt.Sprintf("No PostgreSQL %d was found on this machine%s, and another major version cannot read its "+
			"files",
			major, list(seen, cause)),
		Fix: fmt.Sprintf("Install PostgreSQL %d or point MATCHER_PG_BIN at it, move the data over with pg_upgrade, "+
			"or start with an empty data folder; nothing in this one was changed", major),
	}
}

func noBinaries(seen []binaries, cause error) *Error {
	return &Error{
		Reason: ReasonNoBinaries, Err: cause,
		What: "No PostgreSQL was found to keep the data in",
		Why: fmt.Sprintf("Neither PATH nor the folders of Debian's, Fedora's, Alpine's, Arch's and Homebrew's "+
			"packages have version %d or newer%s",
			oldestMajor, list(seen, cause)),
		Fix: "Install it (Debian, Ubuntu: apt-get install postgresql; Fedora: dnf install postgresql-server; " +
			"Alpine: apk add postgresql17; " +
			"Arch: pacman -S postgresql; macOS: brew install postgresql@17), point MATCHER_PG_BIN at its bin folder, " +
			"or set POSTGRES_HOST to use a server of your own",
	}
}

// list names the installations that were found, and why none could be installed.
func list(seen []binaries, cause error) string {
	names := make([]string, len(seen))
	for i, b := range seen {
		names[i] = fmt.Sprintf("%d in %s", b.major, b.dir)
	}
	text := " (found: " + cmp.Or(strings.Join(names, ", "), "none") + ")"
	if cause != nil {
		text += ", and installing it failed: " + cause.Error()
	}
	return text
}

// clusterMajor returns the version of an existing cluster, 0 where there is none.
func clusterMajor(l layout) (int, error) {
	if entries, err := os.ReadDir(l.cluster); errors.Is(err, os.ErrNotExist) {
		return 0, nil
	} else if err != nil {
		return 0, noAccess(l.cluster, err)
	} else if len(entries) == 0 {
		return 0, os.Remove(l.cluster)
	}
	text, err := os.ReadFile(filepath.Join(l.cluster, "PG_VERSION"))
	if err == nil {
		var major int
		if major, err = strconv.Atoi(strings.TrimSpace(string(text))); err == nil {
			return major, nil
		}
	}
	return 0, &Error{
		Reason: ReasonWrongVersion, Err: err,
		What: "The folder " + l.cluster + " is no PostgreSQL database",
		Why:  "Its file PG_VERSION is missing or unreadable, yet the folder is not empty",
		Fix:  "Name another data folder, or move this one away; nothing in it was changed",
	}
}
