package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// processor is the processor time used so far: by this process, which is Matcher with the benchmark's own client in it,
// and by the database's processes. On a machine with neighbours it measures what the clock cannot.
type processor struct{ own, database time.Duration }

func processorNow() (p processor) {
	var usage syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &usage) == nil {
		p.own = time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
	}
	p.database = processorOfChildren(os.Getpid())
	return p
}

func (p processor) total() time.Duration { return p.own + p.database }

// since returns what was used after before, per row.
func (p processor) since(before processor, rows int) string {
	if p.database == 0 { // a system that does not show it
		return fmt.Sprintf("%.1f µs of processor a row", micros(p.own-before.own, rows))
	}
	return fmt.Sprintf("processor a row: %.1f µs own, %.1f µs PostgreSQL", micros(p.own-before.own, rows), micros(p.database-before.database, rows))
}

func micros(d time.Duration, rows int) float64 { return d.Seconds() * 1e6 / float64(rows) }

// processorOfChildren adds up all processes below one, the ended ones too: PostgreSQL's server and what it started. It is
// 0 where /proc is not.
func processorOfChildren(parent int) time.Duration {
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	processes := make([]process, 0, len(stats))
	for _, path := range stats {
		if text, err := os.ReadFile(path); err == nil {
			processes = append(processes, processOf(string(text)))
		}
	}
	return below(processes, parent)
}

type process struct {
	pid, parent int
	used        time.Duration
}

func below(processes []process, parent int) time.Duration {
	total := time.Duration(0)
	for _, p := range processes {
		if p.parent == parent {
			total += p.used + below(processes, p.pid)
		}
	}
	return total
}

// processOf reads a line of /proc/PID/stat; a line that it cannot read is a process without a parent.
func processOf(line string) (p process) {
	const tick = 10 * time.Millisecond // USER_HZ is 100 wherever Go runs on Linux
	const parent, user, count = 1, 11, 4
	name := strings.LastIndex(line, ") ") // a name may hold anything
	if name < 0 {
		return process{parent: -1}
	}
	fields := strings.Fields(line[name+1:])
	if len(fields) < user+count {
		return process{parent: -1}
	}
	pid, _, _ := strings.Cut(line, " ")
	p.pid, _ = strconv.Atoi(pid)
	p.parent, _ = strconv.Atoi(fields[parent])
	for _, field := range fields[user:][:count] { // user, system, and both of ended children
		n, _ := strconv.Atoi(field)
		p.used += time.Duration(n) * tick
	}
	return p
}
