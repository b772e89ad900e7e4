//go:build integration

package main

import (
	"bytes"
	"context"
	"io"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"
)

var contextIDs = regexp.MustCompile(`context [0-9a-f-]{36}`)

func TestDemo_ASecondStartFindsItsData(t *testing.T) {
	t.Parallel()
	dataDir, addr := t.TempDir(), freeAddr(t)
	var once, again bytes.Buffer
	require.NoError(t, command(t, t.Context(), dataDir, addr, &once, "demo", "--exit"))
	require.NoError(t, command(t, t.Context(), dataDir, addr, &again, "demo", "--exit"))
	require.Contains(t, once.String(), "Acme Trading")
	require.Contains(t, once.String(), "Globex Retail")
	require.Regexp(t, `groups      [1-9]\d* confirmed`, once.String())
	require.Regexp(t, `money       left \d+`, once.String())
	require.Len(t, contextIDs.FindAllString(once.String(), -1), 3)
	require.Equal(t, contextIDs.FindAllString(once.String(), -1), contextIDs.FindAllString(again.String(), -1))

	stdout, up := told(t, "Ctrl-C")
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- command(t, ctx, dataDir, addr, stdout, "demo") }()
	up()
	require.NoError(t, command(t, t.Context(), dataDir, addr, io.Discard, "health"), "without --exit it serves on")
	stop()
	require.NoError(t, <-ended)
}
