package recon

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
)

// ActiveRules are the rules that run, with their defaults, in the order in which they run: those that are enabled, or
// the default ladder where there is none at all.
func ActiveRules(rules []Rule) []Rule {
	if len(rules) == 0 {
		rules = DefaultLadder()
	}
	active := make([]Rule, 0, len(rules))
	for i := range rules {
		if rules[i].Active() {
			active = append(active, rules[i].WithDefaults())
		}
	}
	slices.SortStableFunc(active, func(a, b Rule) int { return a.Precedes(&b) })
	return active
}

// HashRules names what ActiveRules gave.
func HashRules(active []Rule) string {
	text, err := json.Marshal(active)
	if err != nil {
		panic("a rule cannot be written as JSON: " + err.Error())
	}
	sum := sha256.Sum256(text)
	return "sha256:" + hex.EncodeToString(sum[:])
}

// Same reports whether two rules are written the same.
func (r Rule) Same(o Rule) bool {
	a, errA := json.Marshal(r)
	b, errB := json.Marshal(o)
	return errA == nil && errB == nil && bytes.Equal(a, b)
}
