package main

import (
	"os"
	"runtime/debug"
	"strconv"
	"strings"
)

// forgetPeak gives freed memory back and lets the peak of this process begin anew, where the system can do that.
func forgetPeak() {
	debug.FreeOSMemory()
	_ = os.WriteFile("/proc/self/clear_refs", []byte("5"), 0) // 5: reset the peak resident set size (proc(5))
}

// peakMB is the most memory this process has held since forgetPeak, in MiB: tables, garbage and the generator's share
// included. It is 0 where /proc is not.
func peakMB() int64 {
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	return peakOf(string(text))
}

func peakOf(status string) int64 {
	_, rest, _ := strings.Cut(status, "VmHWM:")
	number, _, _ := strings.Cut(strings.TrimSpace(rest), " ")
	kib, err := strconv.ParseInt(number, 10, 64)
	if err != nil {
		return 0
	}
	return kib >> 10
}
