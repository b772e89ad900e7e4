// Package examples holds scenarios: two files, how to read them, which rules run, and what must come out. The demo
// loads them, and tests run every one.
package examples

import "embed"

// FS holds a folder for each scenario: left.csv, right.csv, recon.yaml and what belongs to the tests.
//
//go:embed */*
var FS embed.FS
