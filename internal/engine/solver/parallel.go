package solver

import (
	"runtime"
	"sync"
	"sync/atomic"
)

// Waiting is how many requests of this process wait for an answer. While there are any, a run leaves them a core.
var Waiting atomic.Int64

// InParallel runs work(0) … work(n-1) on every core, or on all but one while requests wait. What they write must not
// depend on the order. A panic in one of them is raised again in the caller.
func InParallel(n int, work func(i int)) {
	cores := runtime.GOMAXPROCS(0)
	workers := min(cores, n)
	if workers <= 1 {
		for i := range n {
			work(i)
		}
		return
	}
	var next atomic.Int64
	var wait sync.WaitGroup
	var once sync.Once
	var failure any
	for worker := range workers {
		wait.Go(func() {
			defer func() {
				if p := recover(); p != nil {
					once.Do(func() { failure = p })
					next.Store(int64(n))
				}
			}()
			for worker < cores-1 || Waiting.Load() == 0 {
				i := next.Add(1) - 1
				if i >= int64(n) {
					return
				}
				work(int(i))
			}
		})
	}
	wait.Wait()
	if failure != nil {
		panic(failure)
	}
}

// Ranges cuts 0..n into parts of at most size.
func Ranges(n, size int) [][2]int {
	var parts [][2]int
	for from := 0; from < n; from += size {
		parts = append(parts, [2]int{from, min(from+size, n)})
	}
	return parts
}
