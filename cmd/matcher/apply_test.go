//go:build integration

package main

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/auth"
	"matcher/internal/recon"
	"matcher/internal/setup"
	"matcher/internal/testkit"
)

// An example's setup is applied, its files are loaded and run, and everything that comes out is what matcher match makes of
// the same files with the same setup.
func TestApply_AnExampleRunsAsItsFilesDo(t *testing.T) {
	t.Parallel()
	server := testkit.Server(t)
	for _, folder := range exampleFolders {
		t.Run(folder, func(t *testing.T) {
			s, client := newShell(t, server, folder)
			setup := example(folder, "recon.yaml")
			require.Contains(t, s.must("apply", setup, "--yes"), `done: context "`+folder+`" matches `, "the folder names the context")
			before := audited(client)
			require.Contains(t, s.must("apply", setup, "--yes"), `no changes: context "`+folder+`" matches `)
			require.Equal(t, before, audited(client), "and nothing was written")

			local, remote := t.TempDir(), t.TempDir()
			want := summaryFrom(t, s.must("match", example(folder, "left.csv"), example(folder, "right.csv"), "--setup", setup, "--out", local, "--json"))
			for side, of := range sourcesOf(t, setup) {
				s.must("import", "--context", folder, "--source", of, example(folder, strings.ToLower(string(side))+".csv"))
			}
			var run recon.Run
			require.NoError(t, json.Unmarshal([]byte(s.must("run", "--context", folder, "--json")), &run))
			require.Equal(t, want.ResultHash, run.ResultHash)
			require.Equal(t, want.RulesHash, run.RulesHash)
			s.must("export", "groups", "--context", folder, "--out", remote)
			require.Equal(t, groupLines(t, filepath.Join(local, "groups.csv")), groupLines(t, filepath.Join(remote, "groups.csv")))
			require.NotEmpty(t, s.must("exceptions", "--context", folder))
		})
	}
}

func sourcesOf(t *testing.T, path string) map[recon.Side]string {
	t.Helper()
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	setup, faults := setup.Decode(data)
	require.Empty(t, faults)
	return map[recon.Side]string{recon.Left: setup.Left.Source, recon.Right: setup.Right.Source}
}

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

func TestApply_ChangesWhatDiffers(t *testing.T) {
	t.Parallel()
	s, client := newShell(t, testkit.Server(t), "acme")
	apply := func(text string, flags ...string) string {
		return s.must(append([]string{"apply", file(t, "bank.yaml", text)}, flags...)...)
	}
	require.Contains(t, apply(firstSetup, "--dry-run"), "+ rates         EUR/USD  2 rates")
	s.fails(exitFailed, "there is none yet", "run", "--context", "bank")
	apply(firstSetup, "--yes")
	require.Contains(t, apply(firstSetup, "--yes"), "no changes")
	s.must("import", "--source", "books", file(t, "b.csv", "id,date,amount,ref\na,2026-01-05,10.00,X\nb,2026-01-05,7.00,Y\n"))
	s.must("import", "--source", "bank", file(t, "k.csv", "id,date,amount,ref\np,2026-01-05,10.00,X\nq,2026-01-07,7.00,Y\n"))
	s.must("run", "--context", "bank")

	other := edited("priority: 10", "priority: 20", "priority: 20", "priority: 10", "maxDays: 2", "maxDays: 1", "less the fee", "fee taken off",
		"duplicateDays: 3", "duplicateDays: 4", "1.0840", "1.0850", `percent: "1.5"`, `percent: "1.6"`, "2026-12-25", "2026-12-26", "reference: ref}}\nright", "reference: ref, description: note}}\nright")
	plan := apply(other, "--dry-run")
	for _, line := range []string{
		"~ context       bank\n      duplicateDays  3 → 4",
		"~ calendar      banks\n      holidays/1  2026-12-25 → 2026-12-26",
		"~ fee schedule  cards\n      items/0/percent  1.5 → 1.6",
		"+ rates         EUR/USD  1 rate",
		"~ field map     books\n      description  nothing → note",
		"~ rule          reference\n      priority  10 → 20",
		"~ rule          late\n      date/maxDays  2 → 1\n      priority  20 → 10",
		"+ rule          fee taken off  EXACT, priority 30",
		"− rule          less the fee  EXACT, priority 30",
		"back-test  2 groups confirmed so far, 1 by these rules: unchanged 1 · lost 1",
		"lost       b = q (late)",
	} {
		require.Contains(t, plan, line)
	}
	s.fails(exitFound, "--fail-on found change: 9", "apply", file(t, "bank.yaml", other), "--dry-run", "--fail-on", "change")
	s.fails(exitUsage, "there is no terminal to ask at; give --yes", "apply", file(t, "bank.yaml", other))
	require.Contains(t, apply(other, "--dry-run"), "~ rule          late", "what is only planned is not written")

	var done applied
	require.NoError(t, json.Unmarshal([]byte(apply(other, "--yes", "--json")), &done))
	require.True(t, done.Applied)
	require.Len(t, done.Changes, 9)
	require.EqualValues(t, 1, done.BackTest.Totals.Entries.Lost)
	require.Contains(t, apply(other), "no changes", "nobody is asked about nothing")
	require.Contains(t, apply(edited(), "--yes", "--no-back-test"), "done")
	var rules page[recon.StoredRule]
	id := contextID(client, "bank")
	client.Must(http.MethodGet, "/v1/contexts/"+id+"/rules", nil, &rules)
	require.Equal(t, []string{}, rules.Items[0].Rule.Keys[0].Normalise, "an empty list is not the same as none")
	require.Equal(t, "less the fee", rules.Items[2].Rule.Name)
}

func TestApply_PutsTheDefaultBackForRefusedRows(t *testing.T) {
	t.Parallel()
	s, _ := newShell(t, testkit.Server(t), "acme")
	apply := func(text string) string { return s.must("apply", file(t, "bank.yaml", text), "--yes") }
	strict := edited("{source: books,", "{source: books, maxRejected: 0,")
	apply(strict)
	require.Contains(t, apply(strict), "no changes")
	require.Contains(t, apply(firstSetup), "~ source        books\n      maxRejected  0 → nothing")
	require.Contains(t, apply(firstSetup), "no changes")
}

func contextID(client *testkit.Client, name string) string {
	var found page[recon.Context]
	client.Must(http.MethodGet, "/v1/contexts?name="+url.QueryEscape(name), nil, &found)
	return found.Items[0].ID
}

func TestApply_GoesOnWhereItWasInterrupted(t *testing.T) {
	t.Parallel()
	s, client := newShell(t, testkit.Server(t), "acme")
	target, err := url.Parse(s.url)
	require.NoError(t, err)
	proxy := httputil.NewSingleHostReverseProxy(target)
	var writes atomic.Int32
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	before := func() {}
	line := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && writes.Add(1) == 5 {
			before()
		}
		proxy.ServeHTTP(w, r)
	}))
	defer line.Close()
	s.url = line.URL
	setup := file(t, "bank.yaml", firstSetup)

	before = stop
	_, err = s.runIn(ctx, "apply", setup, "--yes")
	require.ErrorContains(t, err, "interrupted; 4 of 10 steps are done, and the next apply goes on from there")
	plan := s.must("apply", setup, "--dry-run")
	require.NotContains(t, plan, "+ context")
	require.Contains(t, plan, "+ rule")
	before = func() {}
	require.Contains(t, s.must("apply", setup, "--yes"), "done")
	require.Contains(t, s.must("apply", setup, "--yes"), "no changes")

	t.Run("whoever changes a rule meanwhile is not overruled", func(t *testing.T) {
		writes.Store(4)
		before = func() {
			client.Must(http.MethodPost, "/v1/contexts/"+contextID(client, "bank")+"/rules", map[string]string{"name": "by hand", "type": "EXACT"}, nil)
		}
		changed := file(t, "bank.yaml", edited("maxDays: 2", "maxDays: 1", "duplicateDays: 3", "duplicateDays: 5"))
		s.fails(exitFailed, "the rules changed meanwhile", "apply", changed, "--yes", "--no-back-test")
		require.Contains(t, s.must("apply", changed, "--dry-run", "--no-back-test"), "− rule          by hand")
	})
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
	for answer, yes := range map[string]bool{"y\n": true, "YES\n": true, "yes": true, "\n": false, "": false, "no\n": false, "yy\n": false} {
		require.Equal(t, yes, confirmed(strings.NewReader(answer)) == nil, "%q", answer)
	}
}
