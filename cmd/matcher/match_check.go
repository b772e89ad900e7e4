package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"matcher/internal/format"
	"matcher/internal/recon"
)

func (in *matchInput) printNotes(to io.Writer) {
	for _, s := range in.sides() {
		for _, f := range s.files {
			for _, text := range f.reader.Detection.Notes {
				fmt.Fprintf(to, "NOTE   %s: %s\n", f.path, text)
			}
		}
	}
	for _, text := range in.notes {
		fmt.Fprintf(to, "NOTE   %s\n", text)
	}
}

// checkRules checks rules against the files: a source or column that does not exist would silently match nothing. The
// default rules need nothing but a reference.
func (in *matchInput) checkRules() []recon.FieldError {
	c := ruleCheck{in: in}
	active := false
	for i := range in.Rules {
		active = active || in.Rules[i].Active()
		c.rule(&in.Rules[i], fmt.Sprintf("%s/%d", in.pointer, i))
	}
	c.field(in.left, in.options.AccountField, "/accountField", "")
	if !active {
		c.fail(in.pointer, recon.CodeNoRule, "every rule is switched off by enabled: false")
	}
	for _, s := range in.sides() {
		if !s.maps(recon.FieldReference) && slices.ContainsFunc(in.Rules, func(r recon.Rule) bool {
			return r.Keys == nil && r.Active()
		}) {
			in.note("no column of %s is a reference, so its rows are only proposed: "+
				"map reference to the column that both sides share", s.name())
		}
	}
	return c.problems
}

type ruleCheck struct {
	in       *matchInput
	problems []recon.FieldError
}

func (c *ruleCheck) fail(pointer, code, text string, args ...any) {
	c.problems = append(c.problems, recon.FieldError{Pointer: pointer, Code: code, Message: fmt.Sprintf(text, args...)})
}

func (c *ruleCheck) rule(r *recon.Rule, pointer string) {
	left, right := c.sidesOf(r)
	for i, k := range r.Keys {
		at := fmt.Sprintf("%s/keys/%d", pointer, i)
		c.field(left, k.Left, at+"/left", ", or name a column as metadata.<column>")
		c.field(right, k.Right, at+"/right", ", or name a column as metadata.<column>")
	}
	for _, f := range []struct {
		side       *matchSide
		name, text string
		sources    []string
	}{{left, "left", r.Amount.Left, r.Sources.Left}, {right, "right", r.Amount.Right, r.Sources.Right}} {
		terms, _ := recon.AmountTerms(f.text) // "" has none
		for _, term := range terms {
			c.field(f.side, term.Field, pointer+"/amount/"+f.name, "")
		}
		c.sources(f.side, f.sources, pointer+"/sources/"+f.name)
	}
	c.field(left, r.Date.Left, pointer+"/date/left", "")
	c.field(right, r.Date.Right, pointer+"/date/right", "")
}

// sidesOf returns the sides that a rule calls left and right: a rule inside one side compares that side with itself.
func (c *ruleCheck) sidesOf(r *recon.Rule) (left, right *matchSide) {
	switch r.Scope {
	case recon.ScopeLeft:
		return c.in.left, c.in.left
	case recon.ScopeRight:
		return c.in.right, c.in.right
	}
	return c.in.left, c.in.right
}

// field demands that some file of a side fills a field that a rule names; or is another way out.
func (c *ruleCheck) field(s *matchSide, name, pointer, or string) {
	if column, ok := strings.CutPrefix(name, recon.MetadataPrefix); ok {
		c.column(s, column, pointer)
		return
	}
	always := name == "" || name == recon.FieldAmount || name == recon.FieldCurrency || name == recon.FieldBookingStatus
	if !always && !s.maps(name) {
		c.fail(pointer, recon.CodeNotMapped, "no column of %s is read as %s: map it%s", s.name(), name, or)
	}
}

func (c *ruleCheck) column(s *matchSide, column, pointer string) {
	var known []string
	for _, f := range s.files {
		if f.reader.Format() != format.CSV {
			return // an object further down may bring it
		}
		known = append(known, f.reader.Header()...)
	}
	if slices.Contains(known, column) {
		return
	}
	hint := "the columns are " + strings.Join(known, ", ")
	if near := recon.Suggest(column, known); near != "" {
		hint = fmt.Sprintf("did you mean %q?", near)
	}
	c.fail(pointer, recon.CodeUnknownColumn, "%s has no column %q: %s", s.name(), column, hint)
}

func (c *ruleCheck) sources(s *matchSide, named []string, pointer string) {
	var known []string
	for _, f := range s.files {
		if !slices.Contains(known, f.source) {
			known = append(known, f.source)
		}
	}
	for i, name := range named {
		if !slices.Contains(known, name) {
			c.fail(fmt.Sprintf("%s/%d", pointer, i), recon.CodeUnknownSource,
				"there is no source %q on the %s side, but %s: name sources as --%s %s=FILE",
				name, s.side, strings.Join(known, ", "), strings.ToLower(string(s.side)), name)
		}
	}
}

// maps reports whether some file of the side fills a canonical field.
func (s *matchSide) maps(field string) bool {
	return slices.ContainsFunc(s.files, func(f *matchFile) bool { return f.reader.FieldMap().Has(field) })
}
