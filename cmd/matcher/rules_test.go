//go:build unit || !integration

package main

import "testing"

func TestRulesScripts(t *testing.T) { runScripts(t, "testdata/rules") }
