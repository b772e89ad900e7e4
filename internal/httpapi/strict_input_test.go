//go:build integration

package httpapi_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/auth"
	"matcher/internal/recon"
	"matcher/internal/testkit"
)

func TestT34_JSONThatTwoReadersTakeDifferently(t *testing.T) {
	t.Parallel()
	api := testkit.Server(t)
	c := api.As(api.NewTenant("acme"), auth.RoleAdmin)
	deep := strings.Repeat("[", 100_000) + strings.Repeat("]", 100_000)
	for body, want := range map[string]string{
		`{"name":"a","name":"b"}`:                                    "422 /name",
		`{"name":"a","settings":{"fourEyes":true,"fourEyes":false}}`: "422 /settings/fourEyes",
		`{"Name":"a"}`:                            "422 /Name",
		`{"name":"a","NAME":"b"}`:                 "422 /NAME",
		`{"name":"\ud83d"}`:                       "422 ",
		`{"name":"` + "\xff" + `"}`:               "400 ",
		`{"name":1e400}`:                          "400 ",
		`{"name":NaN}`:                            "400 ",
		`{"name":"a","description":` + deep + `}`: "400 ",
	} {
		answer := c.Call("POST", "/v1/contexts", body)
		problem := answer.Problem()
		require.NotEmpty(t, problem.Code, body[:min(len(body), 80)])
		pointer := ""
		for _, fault := range problem.Errors {
			if fault.Pointer == "/name" || fault.Pointer == "/Name" || fault.Pointer == "/NAME" || strings.HasPrefix(fault.Pointer, "/settings/") {
				pointer = fault.Pointer
			}
		}
		require.Equal(t, want, fmt.Sprintf("%d %s", answer.Status, pointer), body[:min(len(body), 80)])
	}
	require.Equal(t, 201, c.Call("POST", "/v1/contexts", `{"name":"\ud83d\ude00"}`).Status)
}

func TestContentEncoding(t *testing.T) {
	t.Parallel()
	api := testkit.Server(t)
	c := api.As(api.NewTenant("acme"), auth.RoleAdmin)
	source := c.NewSource(c.NewContext("cash"), "bank", recon.Left)
	for _, path := range []string{"/v1/contexts", "/v1/sources/" + source + "/imports", "/v1/sources/" + source + "/preview"} {
		answer := c.Call("POST", path, `{"name":"x"}`, "Content-Encoding", "gzip")
		require.Equal(t, recon.CodeContentEncodingUnknown, answer.Problem().Code, path)
	}
	require.Equal(t, 201, c.Call("POST", "/v1/contexts", `{"name":"x"}`, "Content-Encoding", "identity").Status)
}

func TestSlugsNameTenants(t *testing.T) {
	t.Parallel()
	api := testkit.Server(t)
	id, operator := api.NewTenant("acme-ltd"), api.As("", auth.RolePlatformAdmin)
	for _, path := range []string{"/admin/tenants/%s", "/tenants/%s/services/matcher/settings", "/v1/tenants/%s/associations/matcher/connections", "/admin/audit?about=%s"} {
		byID, bySlug := operator.Must("GET", fmt.Sprintf(path, id), nil, nil), operator.Must("GET", fmt.Sprintf(path, "acme-ltd"), nil, nil)
		require.Equal(t, string(byID.Body), string(bySlug.Body), path)
		require.Equal(t, 404, operator.Call("GET", fmt.Sprintf(path, "no-such"), nil).Status, path)
	}
}

func TestPutRules_TakesTheVersionOfTheSet(t *testing.T) {
	t.Parallel()
	api := testkit.Server(t)
	c := api.As(api.NewTenant("acme"), auth.RoleAdmin)
	path := "/v1/contexts/" + c.NewContext("cash") + "/rules"
	const set = `{"rules":[{"name":"exact","type":"EXACT"}]}`
	first := c.Must("GET", path, nil, nil).Header.Get("ETag")
	second := c.Must("PUT", path, set, nil, "If-Match", first).Header.Get("ETag")
	require.NotEqual(t, first, second)
	require.Equal(t, second, c.Must("GET", path, nil, nil).Header.Get("ETag"))
	require.Equal(t, recon.CodeStaleVersion, c.Call("PUT", path, `{"rules":[]}`, "If-Match", first).Problem().Code)
	c.Must("POST", path, `{"name":"by hand","type":"EXACT","priority":7}`, nil)
	require.Equal(t, 412, c.Call("PUT", path, set, "If-Match", second).Status, "a rule was added meanwhile")
	require.Equal(t, 200, c.Call("PUT", path, set).Status)
}
