package solver

import (
	"runtime"
	"sync"
)

// turns shares the cores of the process among work that computes for long: runs, rows of files, and what the database
// does for them, since it has the same cores or about as many. The scheduler lets a goroutine that computes go on for
// ten milliseconds before the next one, so each beyond the cores delays every answer. A turn is taken last, after locks
// and connections: what holds one waits for nothing that waits for a turn.
var turns struct {
	sync.Mutex

	busy  int
	queue []chan struct{}
}

// TakeTurn waits until a core may be computed on, in the order in which it was asked for. While requests wait for an
// answer, one core is left to them.
func TakeTurn() {
	t := &turns
	t.Lock()
	if len(t.queue) == 0 && t.busy < mostBusy() {
		t.busy++
		t.Unlock()
		return
	}
	turn := make(chan struct{})
	t.queue = append(t.queue, turn)
	t.Unlock()
	<-turn
}

// EndTurn gives the core to what has waited longest.
func EndTurn() {
	t := &turns
	t.Lock()
	defer t.Unlock()
	t.busy--
	for len(t.queue) > 0 && t.busy < mostBusy() {
		close(t.queue[0])
		t.queue = t.queue[1:]
		t.busy++
	}
}

// PassTurn gives the core to what has waited longest, and takes the next turn.
func PassTurn() {
	EndTurn()
	TakeTurn()
}

func mostBusy() int {
	cores := runtime.GOMAXPROCS(0)
	if Waiting.Load() > 0 {
		cores--
	}
	return max(1, cores)
}
