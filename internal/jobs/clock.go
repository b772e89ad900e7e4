package jobs

import (
	"sync/atomic"
	"time"
)

// clock is the database's clock: what it showed when it was last read, and the time that has passed here since, which
// no change of this machine's clock touches. River takes from it the due times that it writes, because the database
// compares them with its own.
type clock struct{ last atomic.Pointer[reading] }

type reading struct{ shown, here time.Time }

// set records what the database's clock has just shown. The answer took a while, so the clock is late and never early.
func (c *clock) set(shown time.Time) { c.last.Store(&reading{shown: shown, here: time.Now()}) }

// Now is part of rivertype.TimeGenerator.
func (c *clock) Now() time.Time {
	last := c.last.Load()
	if last == nil {
		return time.Now()
	}
	return last.shown.Add(time.Since(last.here))
}

// NowOrNil is part of rivertype.TimeGenerator: nil lets River's own statements use the database's now().
func (c *clock) NowOrNil() *time.Time { return nil }
