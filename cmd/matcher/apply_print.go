package main

import (
	"encoding/json"
	"fmt"
	"strings"

	"matcher/internal/report"
)

// fieldsShown bounds the values listed of one change; --json has all of them.
const fieldsShown = 12

// printPlan prints the changes in the order in which they would be made.
func (c *applyCommand) printPlan(p *applyPlan, path string) {
	if c.json {
		return
	}
	if len(p.changes) == 0 {
		fmt.Fprintf(c.stdout, "no changes: context %q matches %s (%s)\n", p.context.Name, path,
			report.Plural(int64(p.same), "item"))
	} else {
		fmt.Fprintf(c.stdout, "%s → context %q\n", path, p.context.Name)
	}
	signs := map[string]string{actionCreate: "+", actionChange: "~", actionRemove: "−"}
	for _, ch := range p.changes {
		fmt.Fprintln(c.stdout,
			strings.TrimRight(fmt.Sprintf("%s %-12s  %s  %s", signs[ch.Action], ch.What, ch.Name, ch.Detail), " "))
		for i, f := range ch.Fields {
			if i == fieldsShown {
				fmt.Fprintf(c.stdout, "      … and %s more\n", report.Plural(int64(len(ch.Fields)-i), "value"))
				break
			}
			fmt.Fprintf(c.stdout, "      %s  %s → %s\n", f.Pointer[1:], leafText(f.From), leafText(f.To))
		}
	}
	if p.same > 0 && len(p.changes) > 0 {
		fmt.Fprintf(c.stdout, "= %s unchanged\n", report.Plural(int64(p.same), "item"))
	}
	for _, note := range p.notes {
		fmt.Fprintln(c.stdout, "note ", note)
	}
}

func leafText(value any) string {
	switch value := value.(type) {
	case nil:
		return "nothing"
	case string:
		if value == "" || strings.ContainsAny(value, " \t\n") {
			return fmt.Sprintf("%q", value)
		}
		return report.OneLine(value)
	}
	text, err := json.Marshal(value)
	if err != nil {
		return fmt.Sprint(value)
	}
	return string(text)
}
