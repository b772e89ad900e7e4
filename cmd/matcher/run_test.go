//go:build integration

package main

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"matcher/internal/recon"
	"matcher/internal/testkit"
)

func TestRun(t *testing.T) {
	t.Parallel()
	s, client := newShell(t, testkit.Server(t), "acme")
	loadExample(t, s, client, "bank-ledger")
	preview := s.must("run", "--context", "bank-ledger", "--dry-run")
	require.Contains(t, preview, "nothing is held")
	out := s.must("run", "--context", "bank-ledger")
	require.Contains(t, out, "as of 2026-01-27")
	require.Regexp(t, `(?m)^RULE   end-to-end id +confirmed 150`, out)
	require.Regexp(t, `(?m)^OPEN   LEFT  amount differs +4 rows  break$`, out)
	require.Contains(t, out, "EUR  left 765,510.89")
	require.Contains(t, out, "= right 688,762.13 ✓")
	s.fails(exitFailed, `"bank-ledger" has no run in progress or queued`, "run", "--context", "bank-ledger", "--cancel")
	s.fails(exitFound, "--fail-on found open: ", "run", "--context", "bank-ledger", "--as-of", "2026-01-30", "--fail-on", "open")

	var runs struct{ Items []recon.Run }
	client.Must(http.MethodGet, "/v1/contexts", nil, nil)
	var last recon.Run
	require.NoError(t, json.Unmarshal([]byte(s.must("run", "--context", "bank-ledger", "--json")), &last))
	client.Must(http.MethodGet, "/v1/contexts/"+last.ContextID+"/runs", nil, &runs)
	require.Len(t, runs.Items, 4)
	s.fails(exitFailed, "RUN_ENDED", "run", "--cancel", "--run", last.ID)
	require.Contains(t, s.must("run", "--watch", "--run", last.ID), "as of 2026-01-27")
}

func TestRun_TheServiceDiesMeanwhile(t *testing.T) {
	t.Parallel()
	s, client := newShell(t, testkit.Server(t), "acme")
	id := client.NewContext("Bank")
	line := newFlaky(t, s.url)
	var run recon.Run
	client.Must(http.MethodPost, "/v1/contexts/"+id+"/runs", map[string]string{}, &run)
	c := &runCommand{remote: remote{outside: outside{env: []string{"MATCHER_URL=" + line.server.URL, "MATCHER_TOKEN=" + s.token}, stdout: io.Discard, stderr: io.Discard}}}
	require.NoError(t, c.open())
	c.retry.attempts, c.retry.first = 3, time.Millisecond
	require.NoError(t, c.get(t.Context(), "/v1/me", &struct{}{}))
	line.server.Close()
	_, err := c.follow(t.Context(), run)
	require.ErrorContains(t, err, "lost sight of run "+run.ID+"; the service goes on with it (matcher run --watch --run "+run.ID+")")
	require.ErrorContains(t, err, "3 attempts were made: repeat the command when the service is back")
	require.NotContains(t, err.Error(), s.token)

	t.Run("Ctrl-C stops the waiting and says how to go on", func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		stop()
		_, err := c.follow(ctx, run)
		require.ErrorContains(t, err, "stopped waiting; the run goes on: matcher run --watch --run "+run.ID+" follows it, matcher run --cancel --run "+run.ID+" stops it")
	})
}
