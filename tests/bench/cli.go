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
	return nil
}
