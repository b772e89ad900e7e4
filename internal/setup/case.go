package setup

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"matcher/internal/recon"
)

// Case is an example that a setup has to bring out: a few rows a side as their files would hold them, and what must
// come of them. `matcher test` runs them.
type Case struct {
	Name   string     `json:"name"`
	AsOf   *recon.Day `json:"asOf,omitempty"` // nil: that of the setup, else the latest date in the rows
	Left   CaseRows   `json:"left"`
	Right  CaseRows   `json:"right"`
	Expect CaseExpect `json:"expect"`
}

// CaseRows are rows by the columns of their file, or the name of a file in the setup's folder.
type CaseRows struct {
	File   string
	Header []string
	Rows   [][]string // as many values as Header has; "" where a row does not name the column
	given  bool
}

// CaseExpect is what must come out. Groups and Open are complete where they are given, and the fields of each are
// compared where they are filled; rows that are rejected are a fault unless the totals expect them.
type CaseExpect struct {
	Groups []CaseGroup `json:"groups,omitempty"`
	Open   []CaseOpen  `json:"open,omitempty"`
	Totals CaseTotals  `json:"totals,omitzero"`
	none   [2]bool     // an empty list of groups, of open rows, was written
}

// CaseGroup is an expected group. Rows are named by their ids, or "row 2" where they have none.
type CaseGroup struct {
	Left       CaseIDs                `json:"left,omitempty"`
	Right      CaseIDs                `json:"right,omitempty"`
	Status     recon.GroupStatus      `json:"status,omitempty"` // "": CONFIRMED
	Rule       string                 `json:"rule,omitempty"`
	Difference recon.Decimal          `json:"difference,omitempty"` // Σ left − Σ right
	Reason     recon.AdjustmentReason `json:"reason,omitempty"`     // of the difference
	HeldBy     recon.HeldBy           `json:"heldBy,omitempty"`
}

// CaseOpen is an expected open row of one side.
type CaseOpen struct {
	Left   CaseIDs      `json:"left,omitempty"`
	Right  CaseIDs      `json:"right,omitempty"`
	Class  recon.Class  `json:"class,omitempty"`
	Reason recon.Reason `json:"reason,omitempty"`
}

// CaseIDs is one id or a list of them.
type CaseIDs []string

// CaseTotals are expected counts, compared where they are written.
type CaseTotals struct {
	Left   CaseCounts      `json:"left,omitzero"`
	Right  CaseCounts      `json:"right,omitzero"`
	Groups CaseGroupCounts `json:"groups,omitzero"`
}

// CaseCounts are rows of a side, called as in the summary of a run.
type CaseCounts struct {
	Rows       *int64 `json:"rows,omitempty"`
	Rejected   *int64 `json:"rejected,omitempty"`
	Duplicates *int64 `json:"duplicates,omitempty"`
	Matched    *int64 `json:"matched,omitempty"`
	Proposed   *int64 `json:"proposed,omitempty"`
	Partial    *int64 `json:"partial,omitempty"`
	Unmatched  *int64 `json:"unmatched,omitempty"`
	InTransit  *int64 `json:"inTransit,omitempty"`
}

// CaseGroupCounts are groups by status.
type CaseGroupCounts struct {
	Confirmed *int64 `json:"confirmed,omitempty"`
	Proposed  *int64 `json:"proposed,omitempty"`
	Partial   *int64 `json:"partial,omitempty"`
}

// caseRowsMax bounds the rows that stand in a setup itself; more belong into a file.
const caseRowsMax = 500

// ExpectsGroups and ExpectsOpen say whether the lists are complete, be they empty.
func (e *CaseExpect) ExpectsGroups() bool { return e.none[0] || len(e.Groups) > 0 }

// ExpectsOpen is ExpectsGroups for open rows.
func (e *CaseExpect) ExpectsOpen() bool { return e.none[1] || len(e.Open) > 0 }

// MarshalJSON writes empty lists that were written, since they say that nothing must come out.
func (e CaseExpect) MarshalJSON() ([]byte, error) {
	var out struct {
		Groups *[]CaseGroup `json:"groups,omitempty"`
		Open   *[]CaseOpen  `json:"open,omitempty"`
		Totals CaseTotals   `json:"totals,omitzero"`
	}
	groups, open := append([]CaseGroup{}, e.Groups...), append([]CaseOpen{}, e.Open...)
	if e.ExpectsGroups() {
		out.Groups = &groups
	}
	if e.ExpectsOpen() {
		out.Open = &open
	}
	out.Totals = e.Totals
	return json.Marshal(out)
}

// MarshalJSON writes a single id as a text.
func (ids CaseIDs) MarshalJSON() ([]byte, error) {
	if len(ids) == 1 {
		return json.Marshal(ids[0])
	}
	return json.Marshal([]string(ids))
}

// MarshalJSON writes the file's name, or the rows as objects in the order of their columns.
func (r CaseRows) MarshalJSON() ([]byte, error) {
	if r.File != "" {
		return json.Marshal(r.File)
	}
	var out bytes.Buffer
	out.WriteByte('[')
	for i, row := range r.Rows {
		if i > 0 {
			out.WriteByte(',')
		}
		out.WriteByte('{')
		first := true
		for at, value := range row {
			if value == "" {
				continue
			}
			name, err := json.Marshal(r.Header[at])
			if err != nil {
				return nil, err
			}
			text, err := json.Marshal(value)
			if err != nil {
				return nil, err
			}
			if !first {
				out.WriteByte(',')
			}
			first = false
			out.Write(name)
			out.WriteByte(':')
			out.Write(text)
		}
		out.WriteByte('}')
	}
	out.WriteByte(']')
	return out.Bytes(), nil
}

// caseValue decodes the types of a case that are written in a shape of their own, and reports whether this is one.
func (d *decoder) caseValue(n *node, to reflect.Value, pointer string) bool {
	switch to := to.Addr().Interface().(type) {
	case *CaseRows:
		d.caseRows(n, to, pointer)
	case *CaseIDs:
		d.caseIDs(n, to, pointer)
	case *CaseExpect:
		d.object(n, reflect.ValueOf(to).Elem(), pointer)
		to.none = [2]bool{n.hasList("groups"), n.hasList("open")}
	default:
		return false
	}
	return true
}

// has reports whether an object has a member of some name.
func (n *node) has(name string) bool { return slices.Contains(n.names, name) }

// hasList reports whether an object has a list of some name.
func (n *node) hasList(name string) bool {
	at := slices.Index(n.names, name)
	return at >= 0 && n.items[at].kind == listNode
}

func (d *decoder) caseRows(n *node, to *CaseRows, pointer string) {
	to.given = true
	switch {
	case n.kind == textNode && n.text != "":
		to.File = n.text
		return
	case n.kind != listNode:
		d.refuse(n, pointer, recon.CodeWrongType, "must be a list of rows, or the name of a file, not "+n.quoted())
		return
	case len(n.items) > caseRowsMax:
		d.refuse(n, pointer, recon.CodeInvalidValue,
			fmt.Sprintf("holds more than %d rows: write them into a file and give its name", caseRowsMax))
		return
	}
	for i, item := range n.items {
		at := n.childPointer(pointer, i)
		if item.kind != mapNode {
			d.refuse(item, at, recon.CodeWrongType, "must be a row as {column: value, …}, not "+item.noun())
			continue
		}
		d.caseRow(item, to, at)
	}
	for i := range to.Rows {
		to.Rows[i] = append(to.Rows[i], make([]string, len(to.Header)-len(to.Rows[i]))...)
	}
}

func (d *decoder) caseRow(n *node, to *CaseRows, pointer string) {
	row := make([]string, len(to.Header), len(to.Header)+len(n.names))
	for i, name := range n.names {
		at, value := slices.Index(to.Header, name), n.items[i]
		switch {
		case value.kind == listNode || value.kind == mapNode:
			d.refuse(value, n.childPointer(pointer, i), recon.CodeWrongType, "must be a value, not "+value.noun())
			continue
		case slices.Contains(n.names[:i], name):
			d.refuse(value, n.childPointer(pointer, i), recon.CodeDuplicate, "is given twice")
			continue
		case at < 0:
			at = len(to.Header)
			to.Header, row = append(to.Header, name), row[:at+1]
		}
		if value.kind != nullNode {
			row[at] = value.text
		}
	}
	to.Rows = append(to.Rows, row)
}

func (d *decoder) caseIDs(n *node, to *CaseIDs, pointer string) {
	items := []*node{n}
	if n.kind == listNode {
		items = n.items
	}
	for i, item := range items {
		at := pointer
		if n.kind == listNode {
			at = n.childPointer(pointer, i)
		}
		switch {
		case item.kind != textNode && item.kind != scalarNode || item.text == "":
			d.refuse(item, at, recon.CodeWrongType, "must be an id, not "+item.noun())
		case slices.Contains(*to, item.text):
			d.refuse(item, at, recon.CodeDuplicate, "is named twice")
		default:
			*to = append(*to, item.text)
		}
	}
}

// CheckCases finds what is wrong with cases as a whole. Pointers are relative to the list.
func CheckCases(cases []Case) []recon.FieldError {
	var errs []recon.FieldError
	fail := func(code, message, pointer string, args ...any) {
		errs = append(errs, recon.FieldError{Pointer: fmt.Sprintf(pointer, args...), Code: code, Message: message})
	}
	seen := map[string]int{}
	for i := range cases {
		c := &cases[i]
		if c.Name == "" {
			fail(recon.CodeMissingValue, "is missing: a case says what it shows", "/%d/name", i)
		} else if first, taken := seen[c.Name]; taken {
			fail(recon.CodeDuplicate, "is the name of case "+strconv.Itoa(first+1)+" too", "/%d/name", i)
		}
		seen[c.Name] = i
		if !c.Left.given {
			fail(recon.CodeMissingValue, "is missing: give rows, the name of a file, or [] for none", "/%d/left", i)
		}
		if !c.Right.given {
			fail(recon.CodeMissingValue, "is missing: give rows, the name of a file, or [] for none", "/%d/right", i)
		}
		if !c.Expect.ExpectsGroups() && !c.Expect.ExpectsOpen() && c.Expect.Totals == (CaseTotals{}) {
			fail(recon.CodeMissingValue,
				"is missing: say what must come out, in groups, open or totals", "/%d/expect", i)
		}
		errs = append(errs, recon.Below(fmt.Sprintf("/%d/expect", i), c.Expect.check())...)
	}
	return errs
}

var caseStatuses = []string{recon.GroupConfirmed.String(), recon.GroupProposed.String(), recon.GroupPartial.String()}

func (e *CaseExpect) check() []recon.FieldError {
	var errs []recon.FieldError
	for i := range e.Groups {
		g := &e.Groups[i]
		at := "/groups/" + strconv.Itoa(i)
		if g.Status != 0 && !slices.Contains(caseStatuses, g.Status.String()) {
			errs = append(errs, recon.FieldError{
				Pointer: at + "/status", Code: recon.CodeInvalidValue,
				Message: notAmong(g.Status.String(), caseStatuses),
			})
		}
		if len(g.Left)+len(g.Right) < 2 {
			errs = append(errs, recon.FieldError{
				Pointer: at, Code: recon.CodeMissingValue,
				Message: "must name the rows of the group: left and right, two at least",
			})
		}
	}
	for i := range e.Open {
		if len(e.Open[i].Left)+len(e.Open[i].Right) != 1 {
			errs = append(errs, recon.FieldError{
				Pointer: "/open/" + strconv.Itoa(i), Code: recon.CodeInvalidValue,
				Message: "must name one row, by left or by right",
			})
		}
	}
	return errs
}

func notAmong(value string, known []string) string {
	return fmt.Sprintf("%q is not one of %s", value, strings.Join(known, ", "))
}
