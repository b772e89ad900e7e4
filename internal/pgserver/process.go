package pgserver

import (
	"bytes"
	"os/exec"
	"runtime"
)

// startTied starts a command on a thread of its own that lives until the
// command ends. The parent-death signal follows the thread, not the process:
// on a thread that Go may retire it would strike at any moment.
func startTied(cmd *exec.Cmd) (<-chan error, error) {
	started, ended := make(chan error, 1), make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			ended <- cmd.Wait()
		}
	}()
	if err := <-started; err != nil {
		return nil, err
	}
	return ended, nil
}

// runTied runs a command to its end and returns what it printed.
func runTied(cmd *exec.Cmd) (string, error) {
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	ended, err := startTied(cmd)
	if err != nil {
		return "", err
	}
	err = <-ended
	return out.String(), err
}
