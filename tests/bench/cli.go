package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"matcher/internal/mapping"
	"matcher/internal/recon"
)

// measureCLI times the built command on two files without a map, as a user runs it.
func measureCLI(r *report) error {
	folder, err := os.MkdirTemp("", "matcher-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	left, right, err := writeFiles(folder, r.rows)
	if err != nil {
		return err
	}
	binary := filepath.Join(folder, "matcher")
	build := exec.Command("go", "build", "-ldflags=-s -w", "-o", binary, "./cmd/matcher")
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("building the command: %w: %s", err, out)
	}
	built, err := os.Stat(binary)
	if err != nil {
		return err
	}
	r.line("the program, stripped", "45 MB", built.Size() <= 45_000_000, fmt.Sprintf("%.1f MB", float64(built.Size())/1e6))
	command := exec.Command(binary, "match", left, right, "--json")
	var out bytes.Buffer
	command.Stdout = &out
	started := time.Now()
	if err := command.Run(); err != nil {
		return fmt.Errorf("matcher match: %w", err)
	}
	took := time.Since(started)
	var summary recon.Summary
	if err := json.Unmarshal(out.Bytes(), &summary); err != nil {
		return err
	}
	if want := int64(r.rows - r.rows/10); summary.Groups.Confirmed < want {
		return fmt.Errorf("only %d of %d pairs were confirmed", summary.Groups.Confirmed, want)
	}
	usage := command.ProcessState.SysUsage().(*syscall.Rusage)
	r.line(fmt.Sprintf("matcher match, two CSV files of %s rows, no map, no rule", count(r.rows)), "10 s, 1.5 GB",
		took <= 10*time.Second && usage.Maxrss <= 1.5*(1<<20),
		fmt.Sprintf("%.1f s (%.1f s of processor), %.0f MB at most", took.Seconds(),
			(command.ProcessState.UserTime()+command.ProcessState.SystemTime()).Seconds(), float64(usage.Maxrss)/1024))
	return measureInspect(r, binary, right)
}

// measureInspect times how soon a file is shown, and how long finding what its columns mean takes of that.
func measureInspect(r *report, binary, file string) error {
	started := time.Now()
	if out, err := exec.Command(binary, "inspect", file, "--side", "right").CombinedOutput(); err != nil {
		return fmt.Errorf("matcher inspect: %w: %s", err, out)
	}
	took := time.Since(started)
	r.line(fmt.Sprintf("matcher inspect, a CSV file of %s rows", count(r.rows)), "1 s", took <= time.Second,
		fmt.Sprintf("%.2f s", took.Seconds()))
	least := time.Hour
	for range 5 {
		text, err := os.Open(file)
		if err != nil {
			return err
		}
		started = time.Now()
		_, err = mapping.Open(text, file, mapping.Hints{Side: recon.Right})
		least = min(least, time.Since(started))
		text.Close()
		if err != nil {
			return err
		}
	}
	r.line(fmt.Sprintf("finding what columns mean, a sample of %s rows", count(mapping.SampleRows)), "50 ms",
		least <= 50*time.Millisecond, fmt.Sprintf("%.0f ms", float64(least)/1e6))
	return nil
}
