package matching

import (
	"runtime/debug"
	"sync"

	"matcher/internal/engine"
	"matcher/internal/engine/solver"
)

const (
	// largeRows is where garbage is worth hundreds of megabytes; below it collections would cost more than they give
	// back.
	largeRows = 1 << 18
	// largePercent is the garbage, of what lives, at which a collection begins during a large run. Nearly all that
	// lives then is columns without pointers, which a collection passes over, so that it costs no time that could be
	// measured.
	largePercent = 20
)

// Compute is engine.Run with less garbage and in turns with what else computes: both belong to the process, which the
// pure engine leaves alone.
func Compute(plan *engine.Plan, left, right *engine.Table, observe func(engine.Progress) bool) (*engine.Result, error) {
	defer collectSooner(left.Len() + right.Len())()
	solver.TakeTurn()
	defer solver.EndTurn()
	return engine.Run(plan, left, right, func(p engine.Progress) bool {
		solver.PassTurn()
		return observe == nil || observe(p)
	})
}

// largeRuns counts them, since they share the setting.
var largeRuns struct {
	sync.Mutex
	running, usual int
}

// collectSooner allows less garbage while a large run is on, unless the program allows still less, or none at all. The
// function that it returns ends that.
func collectSooner(rows int) (end func()) {
	if rows < largeRows {
		return func() {}
	}
	l := &largeRuns
	l.Lock()
	defer l.Unlock()
	if l.running++; l.running == 1 {
		if l.usual = debug.SetGCPercent(largePercent); l.usual < largePercent { // −1: the collector is off
			debug.SetGCPercent(l.usual)
		}
	}
	return func() {
		l.Lock()
		defer l.Unlock()
		if l.running--; l.running == 0 {
			debug.SetGCPercent(l.usual)
		}
	}
}
