package setup

import (
	"reflect"

	"matcher/internal/recon"
)

// DecodeRule reads one rule (YAML or JSON) strictly: unknown fields, wrong types and names that are given twice are
// refused with their JSON pointer and line. A rule without a priority gets the one that is given. What is returned has
// been checked by itself and keeps what was written: defaults are filled in by WithDefaults.
func DecodeRule(data []byte, priority int) (rule recon.Rule, faults []recon.FieldError) {
	root, faults := parseDocument(data)
	if faults != nil {
		return rule, faults
	}
	d := decoder{}
	d.decode(root, reflect.ValueOf(&rule).Elem(), "")
	if len(d.errs) > 0 {
		return rule, d.errs
	}
	if rule.Priority == 0 && !root.has("priority") {
		rule.Priority = priority
	}
	return rule, rule.Check()
}

// DecodeRules reads a list of rules as strictly, and checks them together. Rules without a priority get one by
// position.
func DecodeRules(data []byte) (rules []recon.Rule, faults []recon.FieldError) {
	root, faults := parseDocument(data)
	if faults != nil {
		return nil, faults
	}
	d := decoder{}
	d.rules(root, "", &rules)
	return rules, d.errs
}

func (d *decoder) rules(n *node, pointer string, to *[]recon.Rule) {
	if n.kind != listNode {
		d.refuse(n, pointer, recon.CodeWrongType, "rules are a list, not "+n.noun()+": start each with \"- name: …\"")
		return
	}
	before := len(d.errs)
	d.decode(n, reflect.ValueOf(to).Elem(), pointer)
	if len(d.errs) > before {
		return
	}
	last := 0
	for i := range *to {
		rule := &(*to)[i]
		if rule.Priority == 0 {
			rule.Priority = last + recon.PriorityStep
		}
		last = rule.Priority
	}
	d.errs = append(d.errs, recon.Below(pointer, recon.CheckRules(*to))...)
}
