//go:build unit || !integration

package postgres

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"

	"matcher/internal/recon"
	"matcher/migrations"
)

func pgError(code, constraint string) error {
	return fmt.Errorf("doing: %w", &pgconn.PgError{Code: code, ConstraintName: constraint, Message: "text"})
}

func TestDomainError(t *testing.T) {
	for name, c := range map[string]struct {
		err  error
		code string
	}{
		"a constraint with a name of ours": {pgError("23505", "contexts_name_unique"), "NAME_TAKEN"},
		"one without stays a fault":        {pgError("23505", "contexts_num_key"), ""},
		"a missing table is a fault":       {pgError("42P01", ""), ""},
		"a missing right is a fault":       {pgError("42501", ""), ""},
		"a deadlock":                       {pgError("40P01", ""), "TRY_AGAIN"},
		"a serialization failure":          {pgError("40001", ""), "TRY_AGAIN"},
		"a timeout":                        {pgError("57014", ""), "TIMEOUT"},
		"a full disk":                      {pgError("53100", ""), "DATABASE_FULL"},
		"a shutdown":                       {pgError("57P01", ""), "DATABASE_UNAVAILABLE"},
		"too many clients":                 {pgError("53300", ""), "DATABASE_UNAVAILABLE"},
		"no server":                        {&pgconn.ConnectError{Config: &pgconn.Config{}}, "DATABASE_UNAVAILABLE"},
		"the domain's own error":           {recon.NotFound("run"), "NOT_FOUND"},
		"anything else":                    {errors.New("x"), ""},
	} {
		t.Run(name, func(t *testing.T) {
			got := domainError(t.Context(), c.err)
			require.Equal(t, c.code, recon.CodeOf(got))
			require.ErrorIs(t, got, c.err, "the cause stays for the log")
		})
	}
	require.NoError(t, domainError(t.Context(), nil))
}

func TestDomainError_ACallerThatLeftIsNoOutage(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err := domainError(ctx, pgError("57014", ""))
	require.ErrorIs(t, err, context.Canceled)
	require.Empty(t, recon.KindOf(err))
}

func TestBeginError(t *testing.T) {
	for _, code := range []string{"3F000", "22023"} {
		require.Equal(t, "TENANT_PROVISIONING", recon.CodeOf(beginError(t.Context(), pgError(code, ""))))
	}
	require.Empty(t, recon.CodeOf(beginError(t.Context(), pgError("42501", ""))), "a role without membership is our fault")
}

func TestNotFound(t *testing.T) {
	require.Equal(t, recon.KindNotFound, recon.KindOf(notFound(fmt.Errorf("x: %w", pgx.ErrNoRows), "run")))
	require.NoError(t, notFound(nil, "run"))
}

func TestRetryable(t *testing.T) {
	require.True(t, retryable(domainError(t.Context(), pgError("40P01", ""))))
	require.False(t, retryable(domainError(t.Context(), pgError("57014", ""))))
}

// A constraint that was renamed would turn a conflict into a fault without anybody noticing.
func TestConflicts_NameConstraintsThatExist(t *testing.T) {
	files, err := fs.Glob(migrations.FS, "*.up.sql")
	require.NoError(t, err)
	var text strings.Builder
	for _, name := range files {
		file, err := fs.ReadFile(migrations.FS, name)
		require.NoError(t, err)
		text.Write(file)
	}
	primary := regexp.MustCompile(`^(\w+)_pkey$`)
	for name := range conflicts {
		if table := primary.FindStringSubmatch(name); table != nil {
			require.Regexp(t, `(?m)^CREATE TABLE `+table[1]+` `, text.String())
			continue
		}
		require.Regexp(t, `\b`+name+`\b`, text.String())
	}
}
