package pgserver

import (
	"syscall"
)

const hasNamespaces = false

// localeFlags: byte order with Unicode upper and lower case, in the names
// macOS knows.
var localeFlags = []string{"--locale=C", "--lc-ctype=UTF-8"}

var platformSettings = map[string]string{}

// attributes puts a child in a group of its own. macOS has no parent-death
// signal: after a kill -9 of Matcher the next start waits for the server.
func (id identity) attributes(syscall.Signal) *syscall.SysProcAttr {
	attr := &syscall.SysProcAttr{Setpgid: true}
	if id.mode == asAccount {
		attr.Credential = &syscall.Credential{Uid: id.uid, Gid: id.gid}
	}
	return attr
}

// worksIn is unknown on macOS; PostgreSQL judges a stale process id itself.
func worksIn(int, string) whereabouts { return processUnknown }

func syncFolder(string) error {
	syscall.Sync()
	return nil
}
