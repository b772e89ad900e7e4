//go:build unit || !integration

package httpapi

import (
	"context"
	"flag"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/stretchr/testify/require"

	"matcher/internal/auth"
)

func TestOperations_TheTableIsConsistent(t *testing.T) {
	ids, routes := map[string]bool{}, map[string]bool{}
	for _, op := range operations {
		require.False(t, ids[op.id], op.id)
		require.False(t, routes[op.route], op.route)
		ids[op.id], routes[op.route] = true, true
		if op.role != auth.RoleTenantReader { // the standard put one of its two paths under /v1
			require.Equal(t, auth.OfTenant(op.role), strings.HasPrefix(op.path(), "/v1/"), "%s: the installation's own operations stand outside of /v1", op.id)
		}
		require.NotEmpty(t, op.summary, op.id)
		require.NotEmpty(t, op.tag(), op.route)
		require.NotEmpty(t, rolesFrom(op.role), op.id)
		if op.method() != "GET" {
			require.NotEqual(t, viewer, op.role, "%s changes something", op.id)
		}
	}
}

var updateRoles = flag.Bool("update", false, "write docs/roles.md anew from the table of operations")

// The page is the table of operations, for people; the table is what is enforced, which the integration tests show.
func TestRolesDocument(t *testing.T) {
	const file = "../../docs/roles.md"
	var page strings.Builder
	page.WriteString(rolesHead)
	for _, op := range operations {
		marks := ""
		held := rolesFrom(op.role)
		for _, role := range auth.Roles {
			mark := " "
			if slices.Contains(held, role) {
				mark = "×"
			}
			marks += " " + mark + " |"
		}
		fmt.Fprintf(&page, "| `%s` | %s |%s\n", op.route, op.summary, marks)
	}
	if *updateRoles {
		require.NoError(t, os.WriteFile(file, []byte(page.String()), 0o600))
	}
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, page.String(), string(text), "run: go test ./internal/httpapi -run TestRolesDocument -update")
}

const rolesHead = "# Roles\n" +
	"\n" +
	"A token's roles say what its holder may do inside its tenant. They are sets, not a ladder: every one of them reads; a\n" +
	"preparer imports, runs and proposes; an approver confirms, rejects, unmatches, adjusts and approves; reviewers and\n" +
	"controllers work on exceptions; a configurator writes rules and policies and decides on no money; an auditor only reads,\n" +
	"whatever roles come with it. `admin` is the set of all but auditor, for small teams. `analyst`, the earlier name of\n" +
	"`preparer`, stays valid in tokens. The last two concern the installation and open no tenant's data.\n" +
	"\n" +
	"A context may have an access list (`PUT /v1/contexts/{id}/access`): who may see it, and which of their roles count in it.\n" +
	"It only narrows. A caller that is not listed, an administrator too, gets the answer of an unknown id.\n" +
	"\n" +
	"This page is made from the table of operations (`go test ./internal/httpapi -run TestRolesDocument -update`), which the\n" +
	"service enforces; `x-roles` in `/openapi.json` holds the same.\n" +
	"\n" +
	"| Operation | | viewer | auditor | preparer | approver | reviewer | controller | configurator | admin | platform-admin | tenant-reader |\n" +
	"|---|---|---|---|---|---|---|---|---|---|---|---|\n"

func TestRolesFrom(t *testing.T) {
	require.Equal(t, []auth.Role{auth.RoleConfigurator, auth.RoleAdmin}, rolesFrom(configurator))
	require.Equal(t, []auth.Role{auth.RolePreparer, auth.RoleApprover, auth.RoleAdmin}, rolesFrom(proposal))
}

func TestKeyed(t *testing.T) {
	for _, c := range []struct {
		keyed keyed
		want  string
	}{{keyed{}, ""}, {keyed{Key: "a"}, "a"}, {keyed{Alias: "a"}, "a"}, {keyed{Key: "a", Alias: "a"}, "a"}} {
		got, err := c.keyed.idempotencyKey()
		require.NoError(t, err)
		require.Equal(t, c.want, got)
	}
	_, err := keyed{Key: "a", Alias: "b"}.idempotencyKey()
	require.Error(t, err)
}

func TestMatched_ReadVersion(t *testing.T) {
	for text, want := range map[string]int{"": 0, "*": 0, `"3"`: 3, entityTag(12): 12} {
		m := matched{IfMatch: text}
		require.NoError(t, m.readVersion(), text)
		require.Equal(t, want, m.version, text)
	}
	for _, text := range []string{"3", `W/"3"`, `"0"`, `"-1"`, `"x"`, `"03"`, `"3", "4"`} {
		require.Error(t, (&matched{IfMatch: text}).readVersion(), text)
	}
}

func TestBodyHash_IsOfTheMeaning(t *testing.T) {
	type in struct{ Body struct{ A, B string } }
	one, same, other := in{}, in{}, in{}
	other.Body.A = "x"
	require.Equal(t, bodyHash(&one), bodyHash(&same))
	require.NotEqual(t, bodyHash(&one), bodyHash(&other))
	require.Len(t, bodyHash(&struct{ keyed }{}), 32)
}

// A new reading takes as long as an upload: neither is broken off after the time of other requests.
func TestLongRequestsHaveTheTimeOfAnUpload(t *testing.T) {
	a := &API{Config: Config{Limits: func() Limits { return Limits{Request: time.Second, BodyBytes: 1 << 10} }}}
	var left time.Duration
	e := direct(func(_ *API, ctx context.Context, _ *struct{}) (none, error) {
		at, _ := ctx.Deadline()
		left = time.Until(at)
		return none{}, nil
	})
	for most, want := range map[time.Duration]time.Duration{0: time.Second, time.Hour: time.Hour} {
		e := e.lasts(most)
		in := newInput(newDocument("").schemas, e.in, &huma.Operation{})
		ctx := context.WithValue(t.Context(), requestKey{}, &request{op: &operation{}})
		request := httptest.NewRequestWithContext(ctx, http.MethodPost, "/x", http.NoBody)
		require.NoError(t, e.serve(in)(a, httptest.NewRecorder(), request))
		require.InDelta(t, want, left, float64(time.Second))
	}
	for _, op := range operations {
		if op.id == "reprocess-import" || op.id == "mend-reject" {
			require.Equal(t, storeTimeout, op.most, op.id)
		}
	}
}
