package testkit

import "syscall"

// tied puts a child in a group of its own; macOS knows no parent-death signal.
func tied() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }
