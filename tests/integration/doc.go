// Package integration holds the tests that run several packages against real servers.
package integration
