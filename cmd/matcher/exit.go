package main

import (
	"errors"
	"fmt"
)

// Exit codes of every command.
const (
	exitDone   = 0
	exitFailed = 1
	exitUsage  = 2 // wrong use of the command line
	exitFound  = 3 // done, but something was found that the caller asked to fail on
)

// exitError carries an exit code other than 1.
type exitError struct {
	code int
	err  error
}

func (e *exitError) Error() string { return e.err.Error() }
func (e *exitError) Unwrap() error { return e.err }

func usageError(format string, args ...any) error {
	return &exitError{code: exitUsage, err: fmt.Errorf(format, args...)}
}

func foundError(format string, args ...any) error {
	return &exitError{code: exitFound, err: fmt.Errorf(format, args...)}
}

// exitCode is what the process ends with for what run returned.
func exitCode(err error) int {
	if err == nil {
		return exitDone
	}
	var coded *exitError
	if errors.As(err, &coded) {
		return coded.code
	}
	return exitFailed
}
