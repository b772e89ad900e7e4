//go:build integration

package matching_test

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"matcher/internal/ingestion"
	"matcher/internal/matching"
	"matcher/internal/recon"
)

// benchRows is how many rows a side the benchmarks take; MATCHER_BENCH_ROWS overrides it.
func benchRows(b *testing.B) int {
	b.Helper()
	if text := os.Getenv("MATCHER_BENCH_ROWS"); text != "" {
		n, err := strconv.Atoi(text)
		require.NoError(b, err)
		return n
	}
	return 100_000
}

// generated is a file of n rows of which nine in ten have a partner, without ever being whole in memory.
func generated(side string, n int) io.Reader {
	from, to := io.Pipe()
	go func() {
		_, _ = io.WriteString(to, "id,date,amount,currency,reference,description\n")
		var text []byte
		for i := range n {
			reference := strconv.Itoa(i)
			if i%10 == 0 {
				reference = side + reference
			}
			text = fmt.Appendf(text, "%s%d,2026-03-%02d,%d.%02d,EUR,REF%s,payment of order %d\n", side, i, i%28+1, i%100_000, i%100, reference, i)
			if len(text) > 1<<16 || i == n-1 {
				_, _ = to.Write(text)
				text = text[:0]
			}
		}
		_ = to.Close()
	}()
	return from
}

// BenchmarkCommitRun loads both sides and commits a run, reporting each.
func BenchmarkCommitRun(b *testing.B) {
	n := benchRows(b)
	s, bundle := setupBench(b)
	for range b.N {
		id, left, right := bundle.newContext(b, fmt.Sprintf("bench %d", b.N))
		bundle.contextID = id
		started := time.Now()
		for side, source := range map[string]string{"L": left, "R": right} {
			_, err := bundle.imports.Import(bundle.ctx, source, ingestion.File{Name: side + ".csv", Body: generated(side, n)})
			require.NoError(b, err)
		}
		b.ReportMetric(float64(2*n)/time.Since(started).Seconds(), "imported-rows/s")
		run, err := start(bundle.ctx, s, recon.Run{ContextID: id})
		require.NoError(b, err)
		started = time.Now()
		require.NoError(b, s.Execute(bundle.ctx, run.ID))
		b.ReportMetric(time.Since(started).Seconds(), "run-s")
		stored := bundle.stored(b, run.ID)
		require.Equal(b, recon.RunCompleted, stored.Status, stored.ErrorMessage)
		var took struct{ Seconds struct{ Read, Match float64 } }
		require.NoError(b, json.Unmarshal(stored.Summary, &took))
		b.ReportMetric(took.Seconds.Read, "load-s")
		b.ReportMetric(took.Seconds.Match, "match-s")
	}
}

func setupBench(b *testing.B) (*matching.Service, *bundle) {
	b.Helper()
	s, bundle := setup(b)
	s.Log, s.Heartbeat = slog.New(slog.DiscardHandler), 0
	return s, bundle
}
