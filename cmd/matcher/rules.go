package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
	"go.yaml.in/yaml/v3"

	"matcher/internal/engine"
	"matcher/internal/recon"
	"matcher/internal/setup"
)

func newRulesCommand(o outside) *cobra.Command {
	command := &cobra.Command{
		Use: "rules", Short: "Check rules before they run",
		RunE: func(*cobra.Command, []string) error {
			return usageError("name what to do with rules: matcher rules check FILE")
		},
	}
	command.AddCommand(newRulesCheckCommand(o.stdout))
	return command
}

const rulesCheckHelp = `Check a file of rules, or a whole setup, with no server and no data.

Rules that cannot work are listed with the place of each fault, and the exit code is 1. A calendar or a fee schedule that a
rule names has to be in the same file, which then is a setup (rules, calendars, rates, fees).`

func newRulesCheckCommand(stdout io.Writer) *cobra.Command {
	var asJSON bool
	command := &cobra.Command{
		Use: "check FILE", Short: "Check whether the rules of a file can run, and in which order", Long: rulesCheckHelp,
		Example: "  matcher rules check rules.yaml\n  matcher rules check recon.yaml --json",
		Args:    oneArgument("one file is expected: matcher rules check FILE"),
		RunE:    func(_ *cobra.Command, args []string) error { return checkRulesFile(stdout, args[0], asJSON) },
	}
	command.Flags().BoolVar(&asJSON, "json", false, "print one JSON object, faults included")
	return command
}

// rulesChecked is what --json prints.
type rulesChecked struct {
	Rules    []recon.Rule       `json:"rules"` // as they run: by priority, with their defaults, without those switched off
	Hash     string             `json:"rulesHash,omitempty"`
	Problems []recon.FieldError `json:"problems"`
}

func checkRulesFile(stdout io.Writer, path string, asJSON bool) error {
	data, err := readWhole(path)
	if err != nil {
		return err
	}
	checked := checkRulesIn(data)
	switch {
	case asJSON:
		if err := json.NewEncoder(stdout).Encode(checked); err != nil {
			return err
		}
	case len(checked.Problems) == 0:
		fmt.Fprintf(stdout, "%s: rules that can run: %d\n", path, len(checked.Rules))
		for i := range checked.Rules {
			r := &checked.Rules[i]
			inside := ""
			if r.Scope == recon.ScopeLeft || r.Scope == recon.ScopeRight {
				inside = ", inside the " + strings.ToLower(r.Scope) + " side"
			}
			fmt.Fprintf(stdout, "%5d  %-10s %s%s\n", r.Priority, r.Type, r.Name, inside)
		}
	}
	if len(checked.Problems) > 0 {
		return recon.Unprocessable(recon.CodeRuleInvalid, path+" cannot work", checked.Problems...)
	}
	return nil
}

func checkRulesIn(data []byte) rulesChecked {
	checked := rulesChecked{Rules: []recon.Rule{}, Problems: []recon.FieldError{}}
	setup, prefix, faults := decodeRulesOrSetup(data)
	if len(faults) > 0 {
		checked.Problems = faults
		return checked
	}
	plan, faults := engine.Compile(setup.Rules, setup.Options())
	if len(faults) > 0 {
		for i := range faults {
			faults[i].Pointer = prefix + faults[i].Pointer
		}
		checked.Problems = faults
		return checked
	}
	if len(plan.Rules) == 0 {
		checked.Problems = []recon.FieldError{{
			Pointer: prefix, Code: recon.CodeNoRule,
			Message: "there is no rule, or every rule is switched off by enabled: false",
		}}
		return checked
	}
	checked.Rules, checked.Hash = plan.Rules, plan.Hash()
	return checked
}

// decodeRulesOrSetup reads a list as rules and an object as a setup; prefix leads to the rules in a setup.
func decodeRulesOrSetup(data []byte) (file setup.Setup, prefix string, faults []recon.FieldError) {
	var root yaml.Node
	if yaml.Unmarshal(data, &root) == nil && len(root.Content) == 1 && root.Content[0].Kind == yaml.MappingNode {
		file, faults = setup.Decode(data)
		return file, "/rules", faults
	}
	file.Rules, faults = setup.DecodeRules(data)
	return file, "", faults
}
