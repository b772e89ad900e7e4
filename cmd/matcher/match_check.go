package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"matcher/internal/format"
	"matcher/internal/recon"
)

// note keeps what a person should know before trusting the result.
func (m *match) note(text string, args ...any) { m.notes = append(m.notes, fmt.Sprintf(text, args...)) }

func (m *match) printNotes(to io.Writer) {
	for _, s := range m.sides() {
		for _, f := range s.files {
			for _, text := range f.reader.Detection.Notes {
				fmt.Fprintf(to, "NOTE   %s: %s\n", f.path, text)
			}
		}
	}
	for _, text := range m.notes {
		fmt.Fprintf(to, "NOTE   %s\n", text)
	}
}

// checkRules holds what somebody wrote into rules against the files: a source or column that does not exist would match
// nothing without a word. The default rules ask for nothing but a reference.
func (m *match) checkRules() []recon.FieldError {
	c := ruleCheck{m: m}
	prefix := m.rulesPointer()
	active := false
	for i := range m.rules {
		active = active || m.rules[i].Active()
		c.rule(&m.rules[i], fmt.Sprintf("%s/%d", prefix, i))
	}
	if !active {
		c.fail(prefix, "NO_RULE", "every rule is switched off by enabled: false")
	}
	for _, s := range m.sides() {
		if !s.maps(recon.FieldReference) && slices.ContainsFunc(m.rules, func(r recon.Rule) bool { return r.Keys == nil && r.Active() }) {
			m.note("no column of %s is a reference, so its rows are only proposed: map reference to the column that both sides share", s.name())
		}
	}
	return c.problems
}

type ruleCheck struct {
	m        *match
	problems []recon.FieldError
}

func (c *ruleCheck) fail(pointer, code, text string, args ...any) {
	c.problems = append(c.problems, recon.FieldError{Pointer: pointer, Code: code, Message: fmt.Sprintf(text, args...)})
}

func (c *ruleCheck) rule(r *recon.Rule, pointer string) {
	left, right := c.m.sidesOf(r)
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

// sidesOf are the sides that a rule calls left and right: a rule inside one side compares that side with itself.
func (m *match) sidesOf(r *recon.Rule) (left, right *matchSide) {
	switch r.Scope {
	case recon.ScopeLeft:
		return m.left, m.left
	case recon.ScopeRight:
		return m.right, m.right
	}
	return m.left, m.right
}

// field demands that some file of a side fills a field that a rule names; or is another way out.
func (c *ruleCheck) field(s *matchSide, name, pointer, or string) {
	if column, ok := strings.CutPrefix(name, recon.MetadataPrefix); ok {
		c.column(s, column, pointer)
		return
	}
	always := name == "" || name == recon.FieldAmount || name == recon.FieldCurrency || name == recon.FieldBookingStatus
	if !always && !s.maps(name) {
		c.fail(pointer, "NOT_MAPPED", "no column of %s is read as %s: map it%s", s.name(), name, or)
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
	c.fail(pointer, "UNKNOWN_COLUMN", "%s has no column %q: %s", s.name(), column, hint)
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
			c.fail(fmt.Sprintf("%s/%d", pointer, i), "UNKNOWN_SOURCE", "there is no source %q on the %s side, but %s: name sources as --%s %s=FILE",
				name, s.side, strings.Join(known, ", "), strings.ToLower(string(s.side)), name)
		}
	}
}

// maps says whether some file of the side fills a canonical field.
func (s *matchSide) maps(field string) bool {
	return slices.ContainsFunc(s.files, func(f *matchFile) bool { return f.reader.FieldMap().Has(field) })
}
