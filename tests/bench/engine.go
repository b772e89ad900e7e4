package main

import (
	"cmp"
	"fmt"
	"runtime"
	"runtime/metrics"
	"slices"
	"strconv"
	"syscall"
	"time"

	"matcher/internal/engine"
	"matcher/internal/matching"
	"matcher/internal/recon"
	"matcher/tests/bench/gen"
)

// noKeyNear is ±1 % within three days, without a key.
var noKeyNear = recon.Rule{
	Name: "near", Type: recon.RuleTolerance, Priority: 20, Keys: []recon.RuleKey{},
	Amount: recon.RuleAmount{Percent: "1"}, Date: recon.RuleDate{MaxDays: new(3)},
}

var exactRule = recon.Rule{Name: "exact", Type: recon.RuleExact, Priority: 10}

// measureEngine times the pure engine. Times are of Run alone, from filled tables to a checked and hashed result, with
// the processor seconds it took (on a busy machine the clock shows more of the neighbours) and the live heap after it.
func measureEngine(r *report) error {
	n := r.rows
	steps := []func() error{
		func() error {
			return r.time(fmt.Sprintf("engine EXACT on reference, %s x %s, 90 %% match", count(n), count(n)), bar{seconds: 1, megabytes: 400}, []recon.Rule{exactRule}, gen.Matching(n, 900, 1))
		},
		func() error {
			return r.time(fmt.Sprintf("engine EXACT then TOLERANCE 1 %% 3 days no key, %s x %s", count(n), count(n)), bar{seconds: 6}, []recon.Rule{exactRule, noKeyNear}, gen.Matching(n, 900, 2))
		},
		func() error { return r.worst(n / 5) },
		func() error { return r.peerCap() },
		func() error { return r.ratio(n / 2) },
	}
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

func count(n int) string {
	switch {
	case n >= 1_000_000 && n%1_000_000 == 0:
		return strconv.Itoa(n/1_000_000) + " M"
	case n >= 1000 && n%1000 == 0:
		return strconv.Itoa(n/1000) + " k"
	}
	return strconv.Itoa(n)
}

// timing is one run of the engine.
type timing struct {
	load, run, processor time.Duration
	heap                 uint64
	peak                 int64
	result               *engine.Result
	left, right          *engine.Table
}

func (t timing) String() string {
	return fmt.Sprintf("%.2f s (processor %.2f s, load %.2f s), heap %d MB, peak %d MB, %d confirmed, %d proposed",
		t.run.Seconds(), t.processor.Seconds(), t.load.Seconds(), t.heap>>20, t.peak, t.result.Counts[0].Matched, t.result.Counts[0].Proposed)
}

// bar is the most that a run may take. megabytes 0: any.
type bar struct {
	seconds   float64
	megabytes uint64
}

func (b bar) String() string {
	if b.megabytes == 0 {
		return fmt.Sprintf("<= %g s", b.seconds)
	}
	return fmt.Sprintf("<= %g s, %d MB", b.seconds, b.megabytes)
}

func (b bar) holds(took time.Duration, megabytes uint64) bool {
	return took.Seconds() <= b.seconds && (b.megabytes == 0 || megabytes <= b.megabytes)
}

// turns is how often a run is timed: the figure is that of the median, its peak the highest of all.
const turns = 3

func (r *report) time(what string, most bar, rules []recon.Rule, shape gen.Shape) error {
	var all []timing
	peak := int64(0)
	for range turns {
		t, err := timeRun(rules, shape.Rows, shape.Each)
		if err != nil {
			return err
		}
		peak = max(peak, t.peak)
		t.left, t.right, t.result = nil, nil, &engine.Result{Counts: t.result.Counts} // the next turn has the memory to itself
		all = append(all, t)
	}
	slices.SortFunc(all, func(a, b timing) int { return cmp.Compare(a.run, b.run) })
	t := all[turns/2]
	t.peak = peak
	r.line(what, most.String(), most.holds(t.run, uint64(peak)), t.String())
	return nil
}

type rowSource func(emit func(side recon.Side, row *gen.Row))

// timeRun generates first, so that loading is measured without the generator.
func timeRun(rules []recon.Rule, rows int, each rowSource) (timing, error) {
	var t timing
	forgetPeak()
	plan, errs := engine.Compile(rules, recon.RunOptions{})
	if len(errs) > 0 {
		return t, fmt.Errorf("the rules do not compile: %v", errs)
	}
	t.left, t.right = engine.NewTable(plan, recon.Left, rows), engine.NewTable(plan, recon.Right, rows)
	var failed error
	each(func(side recon.Side, row *gen.Row) {
		table := t.left
		if side == recon.Right {
			table = t.right
		}
		start := time.Now()
		if err := table.Add(&row.Transaction, int64(row.Truth), "file"); err != nil {
			failed = err
		}
		t.load += time.Since(start)
	})
	if failed != nil {
		return t, failed
	}
	runtime.GC()
	processor, start := processorTime(), time.Now()
	result, err := matching.Compute(plan, t.left, t.right, nil)
	t.run, t.processor, t.result = time.Since(start), processorTime()-processor, result
	t.heap, t.peak = heap(), peakMB()
	return t, err
}

func processorTime() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return 0
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// heap is what the process holds right after a run, garbage included.
func heap() uint64 {
	sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}

// worst is one amount on one day and nothing else in common, without a key.
func (r *report) worst(n int) error {
	rules := []recon.Rule{{Name: "exact without key", Type: recon.RuleExact, Priority: 10, Keys: []recon.RuleKey{}}, noKeyNear}
	t, err := timeRun(rules, n, equalAmounts(n))
	if err != nil {
		return err
	}
	if t.result.Counts[0].Matched > 0 {
		return fmt.Errorf("the worst case confirmed %d rows", t.result.Counts[0].Matched)
	}
	r.line(fmt.Sprintf("engine worst case, %s x %s, one amount, one day, no key", count(n), count(n)), "<= 5 s, none confirmed", t.run <= 5*time.Second, t.String())
	return nil
}

func equalAmounts(n int) rowSource {
	return func(emit func(side recon.Side, row *gen.Row)) {
		for i := range n {
			for _, side := range []recon.Side{recon.Left, recon.Right} {
				row := &gen.Row{Truth: i, Transaction: recon.Transaction{
					Amount: 1000, Currency: "EUR", Date: recon.Epoch + 20454,
					Reference: string(side) + strconv.Itoa(i), ExternalID: strconv.Itoa(i),
				}}
				row.Digest = gen.Digest(&row.Transaction)
				emit(side, row)
			}
		}
	}
}

// peerSeconds is what the peer's engine takes for this work at its cap of rows.
const peerSeconds = 23.6

func (r *report) peerCap() error {
	near := noKeyNear
	near.Keys, near.Date = nil, recon.RuleDate{}
	shape := gen.Shape{Rows: 5000, Seed: 3, Days: 365, Missing: 1000}
	t, err := timeRun([]recon.Rule{exactRule, near}, shape.Rows, shape.Each)
	if err != nil {
		return err
	}
	times := peerSeconds / t.run.Seconds()
	r.line("engine EXACT + TOLERANCE, 5,000 a side, none match", ">= 1,000 x the peer", times >= 1000,
		fmt.Sprintf("%.4f s; the peer %.1f s: %.0f x", t.run.Seconds(), peerSeconds, times))
	return nil
}

// ratio compares two sizes by processor time, which neighbours disturb least.
func (r *report) ratio(n int) error {
	var times [2]timing
	for i := range times {
		shape := gen.Ordinary(n*(i+1), 4)
		var err error
		if times[i], err = timeRun(recon.DefaultLadder(), shape.Rows, shape.Each); err != nil {
			return err
		}
	}
	clock, processor := times[1].run.Seconds()/times[0].run.Seconds(), times[1].processor.Seconds()/times[0].processor.Seconds()
	r.line(fmt.Sprintf("engine time(2n) / time(n), n = %s, default ladder", count(n)), "<= 2.4", clock <= 2.4,
		fmt.Sprintf("%.2f (processor %.2f)", clock, processor))
	return nil
}

// measureAccuracy counts confirmed pairs that are not the same money, with no rule and no map.
func measureAccuracy(r *report) error {
	n := r.rows
	shape := gen.Ordinary(n, 5)
	t, err := timeRun(recon.DefaultLadder(), shape.Rows, shape.Each)
	if err != nil {
		return err
	}
	confirmed, wrong := 0, 0
	for i := range t.result.Groups {
		g := &t.result.Groups[i]
		if g.Status() != recon.GroupConfirmed {
			continue
		}
		confirmed++
		if t.left.ID(t.result.LeftRows(g)[0]) != t.right.ID(t.result.RightRows(g)[0]) {
			wrong++
		}
	}
	r.line(fmt.Sprintf("accuracy with no rule, %s a side: wrong confirmed pairs", count(n)), "<= 1 in 10,000", wrong*10_000 <= confirmed,
		fmt.Sprintf("%d of %d; %s", wrong, confirmed, t.String()))
	if wrong*10_000 > confirmed {
		return fmt.Errorf("%d of %d confirmed pairs are wrong", wrong, confirmed)
	}
	return nil
}
