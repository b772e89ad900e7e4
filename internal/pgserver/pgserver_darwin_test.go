//go:build integration

package pgserver

// play has no case here: users, namespaces and mounts are Linux's.
func play() {}
