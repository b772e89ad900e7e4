package pgserver

import (
	"cmp"
	"context"
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

// childEnv is the whole environment of every child: PostgreSQL's own
// variables of the user must not steer a private server, and messages stay in
// English so that they can be explained.
var childEnv = []string{"LC_ALL=C", "TZ=UTC"}

// installations are where packages put PostgreSQL, in the order looked at.
var installations = []string{
	"/usr/lib/postgresql/*/bin",                          // Debian, Ubuntu
	"/opt/homebrew/opt/postgresql@*/bin",                 // Homebrew on Apple silicon
	"/usr/local/opt/postgresql@*/bin",                    // Homebrew on Intel
	"/home/linuxbrew/.linuxbrew/opt/postgresql@*/bin",    // Homebrew on Linux
	"/usr/pgsql-*/bin",                                   // Red Hat and its kin
	"/Applications/Postgres.app/Contents/Versions/*/bin", // Postgres.app
}

// findBinaries returns the first installation that can serve the cluster: of
// its major version where there is one (major > 0), else of any supported.
func findBinaries(ctx context.Context, cfg Config, l layout, major int) (binaries, error) {
	if cfg.BinDir != "" {
		return explicitBinaries(ctx, cfg.BinDir, l, major)
	}
	bin, seen := search(ctx, l, major)
	if bin.dir != "" {
		return bin, nil
	}
	var cause error
	if cfg.AllowDownload {
		if cause = download(ctx, cfg, l, major); cause == nil {
			if bin, seen = search(ctx, l, major); bin.dir != "" {
				return bin, nil
			}
		}
	}
	if major > 0 {
		return binaries{}, wrongVersion(l, major, seen, cause)
	}
	return binaries{}, noBinaries(cfg, seen, cause)
}

func search(ctx context.Context, l layout, major int) (binaries, []binaries) {
	var seen []binaries
	for _, dir := range candidates(l) {
		bin, err := inspect(ctx, dir)
		if err != nil {
			continue
		}
		seen = append(seen, bin)
		if bin.serves(major) {
			return bin, seen
		}
	}
	return binaries{}, seen
}

func (b binaries) serves(major int) bool {
	return b.major >= oldestMajor && (major == 0 || b.major == major)
}

// candidates lists folders that may hold binaries: PATH, then the highest
// version of each kind of package, then what was downloaded.
func candidates(l layout) []string {
	var dirs []string
	if path, err := exec.LookPath("postgres"); err == nil {
		if real, err := filepath.EvalSymlinks(path); err == nil {
			dirs = append(dirs, filepath.Dir(real))
		}
	}
	for _, pattern := range installations {
		found, _ := filepath.Glob(pattern)
		slices.SortFunc(found, func(a, b string) int { return cmp.Compare(versionIn(b), versionIn(a)) })
		dirs = append(dirs, found...)
	}
	return append(dirs, filepath.Join(l.bundle, "bin"))
}

var number = regexp.MustCompile(`\d+`)

// versionIn is the version in an installation's path, 0 where it has none.
func versionIn(dir string) int {
	v, _ := strconv.Atoi(number.FindString(filepath.Base(filepath.Dir(dir))))
	return v
}

var versionLine = regexp.MustCompile(`^postgres \(PostgreSQL\) (\d+)`)

// inspect asks the binaries themselves what they are.
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
			Fix:  "Point MATCHER_PG_BIN at a folder with the programs postgres and initdb, or unset it to have one searched for",
		}
	case major > 0 && bin.major != major:
		return binaries{}, wrongVersion(l, major, []binaries{bin}, nil)
	case bin.major < oldestMajor:
		return binaries{}, noBinaries(Config{}, []binaries{bin}, nil)
	}
	return bin, nil
}

func wrongVersion(l layout, major int, seen []binaries, cause error) *Error {
	return &Error{
		Reason: ReasonWrongVersion, Err: cause,
		What: fmt.Sprintf("The database in %s was made by PostgreSQL %d", l.cluster, major),
		Why:  fmt.Sprintf("No PostgreSQL %d was found on this machine (%s), and another major version cannot read its files%s", major, list(seen), because(cause)),
		Fix: fmt.Sprintf("Install PostgreSQL %d or point MATCHER_PG_BIN at it, move the data over with pg_upgrade, "+
			"or start with an empty data folder; nothing in this one was changed", major),
	}
}

func noBinaries(cfg Config, seen []binaries, cause error) *Error {
	fix := "Install PostgreSQL 15 or newer (Debian: apt-get install postgresql; macOS: brew install postgresql@17), " +
		"point MATCHER_PG_BIN at its bin folder, or set POSTGRES_HOST to use a server of your own"
	if !cfg.AllowDownload {
		fix += ", or allow the download"
	}
	return &Error{
		Reason: ReasonNoBinaries, Err: cause,
		What: "No PostgreSQL was found to keep the data in",
		Why: fmt.Sprintf("Neither PATH, nor the folders of Debian's and Homebrew's packages, nor the data folder's own bundle has version %d or newer (%s)%s",
			oldestMajor, list(seen), because(cause)),
		Fix: fix,
	}
}

func list(seen []binaries) string {
	if len(seen) == 0 {
		return "none at all was seen"
	}
	var names []string
	for _, b := range seen {
		names = append(names, fmt.Sprintf("%d in %s", b.major, b.dir))
	}
	return "seen: " + strings.Join(names, ", ")
}

func because(cause error) string {
	if cause == nil {
		return ""
	}
	return ", and fetching it failed: " + cause.Error()
}

// clusterMajor reads the version of an existing cluster, 0 where there is none.
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
