// Package e2e runs the built binary from outside: its command line and its API, as people and programs use them.
package e2e
