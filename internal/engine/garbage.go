package engine

import (
	"runtime/debug"
	"sync"
)

const (
	// largeRows is where garbage is worth hundreds of megabytes; below it collections would cost more than they give back.
	largeRows = 1 << 18
	// largePercent is the garbage, of what lives, at which a collection begins during a large run. Nearly all that lives then
	// is columns without pointers, which a collection passes over, so that it costs no time that could be measured.
	largePercent = 20
)

// largeRuns counts them, since the collector's setting is the whole process's.
var largeRuns struct {
	sync.Mutex
	running, usual int
}

// collectSooner lets less garbage stand while a large run is on, unless the program allows still less, or none at all. The
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
