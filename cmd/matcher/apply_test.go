//go:build integration

package main

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/auth"
	"matcher/internal/recon"
	"matcher/internal/testkit"
)

// audited is how many changes the tenant's log holds.
func audited(client *testkit.Client) (changes int) {
	cursor := ""
	for {
		var part page[json.RawMessage]
		client.Must(http.MethodGet, "/v1/audit?limit=200&cursor="+url.QueryEscape(cursor), nil, &part)
		changes += len(part.Items)
		if cursor = part.NextCursor; cursor == "" {
			return changes
		}
	}
}

const firstSetup = `
left: {source: books, currency: EUR, map: {externalId: id, date: date, amount: amount, reference: ref}}
right: {source: bank, currency: EUR, map: {externalId: id, date: date, amount: amount, reference: ref}}
duplicateDays: 3
maxWriteOff: {EUR: "5.00"}
calendars:
  - {id: always, weekend: []}
  - {id: banks, holidays: [2026-01-01, 2026-12-25]}
rates:
  - {from: EUR, to: USD, date: 2026-01-05, rate: 1.0832}
  - {from: EUR, to: USD, date: 2026-01-06, rate: 1.0840}
fees:
  - {name: cards, currency: EUR, items: [{name: share, type: PERCENTAGE, percent: "1.5"}]}
rules:
  - {name: reference, type: EXACT, priority: 10, keys: [{left: reference, right: reference, normalise: []}]}
  - {name: late, type: DATE_LAG, priority: 20, date: {maxDays: 2, unit: BUSINESS, calendar: banks}}
  - {name: less the fee, type: EXACT, priority: 30, amount: {left: "schedule:cards"}}
`

// edited is firstSetup as somebody else has made of it.
func edited(replacements ...string) string {
	return strings.NewReplacer(replacements...).Replace(firstSetup)
}

func TestApply_RefusesWhatCannotBeBeforeItWrites(t *testing.T) {
	t.Parallel()
	server := testkit.Server(t)
	s, client := newShell(t, server, "acme")
	for _, c := range []struct{ name, text, message string }{
		{"one limit for all", edited(`maxWriteOff: {EUR: "5.00"}`, `maxWriteOff: "5.00"`), `a context takes it by currency: write {EUR: "5.00"}`},
		{"one source for both", edited("source: bank", "source: books"), "/right/source"},
		{"a calendar that is nowhere", edited("calendar: banks", "calendar: bnaks"), "/rules/1/date/calendar"},
		{"a field that is none", edited("duplicateDays", "duplicatDays"), `did you mean "duplicateDays"?`},
		{"no YAML", "rules: [", "cannot be applied"},
	} {
		t.Run(c.name, func(t *testing.T) { s.fails(exitFailed, c.message, "apply", file(t, "bank.yaml", c.text), "--yes") })
	}
	s.fails(exitFailed, "nope.yaml does not exist", "apply", "nope.yaml")
	s.fails(exitUsage, "which setup?", "apply")
	s.fails(exitUsage, "--fail-on change is for --dry-run", "apply", "x.yaml", "--fail-on", "change")
	require.Empty(t, audited(client), "nothing of that was written")

	id := client.NewContext("bank")
	client.NewSource(id, "books", recon.Right)
	s.fails(exitFailed, `a source "books" on the RIGHT side, and the file wants it on the LEFT`, "apply", file(t, "bank.yaml", firstSetup), "--yes")
	client.Must(http.MethodPost, "/v1/contexts/"+id+"/archive", nil, nil)
	s.fails(exitFailed, `context "bank" is archived`, "apply", file(t, "bank.yaml", firstSetup), "--yes")
	reader := server.As(tenantOf(t, client), auth.RoleViewer)
	viewer := &shell{t: t, url: s.url, token: reader.Token}
	viewer.fails(exitFailed, "ROLE_REQUIRED", "apply", file(t, "new.yaml", firstSetup), "--yes")
}

func TestApply_OnlyAYesIsOne(t *testing.T) {
	t.Parallel()
	for answer, want := range map[string]error{"y\n": nil, "YES\n": nil, "yes": nil, "\n": errDeclined, "": errDeclined, "no\n": errDeclined, "yy\n": errDeclined} {
		require.ErrorIs(t, confirmed(strings.NewReader(answer)), want, "%q", answer)
	}
}
