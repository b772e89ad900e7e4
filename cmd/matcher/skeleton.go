package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"matcher/internal/mapping"
	"matcher/internal/recon"
)

// A skeleton is a map of what was found, with a commented line for each answer to what is open. What its questions are
// about it does not name, so that the file is asked about again until a line is kept.

// schemaLine leads an editor to the schema of a file, which `matcher schema` prints.
func schemaLine(what string) string {
	return fmt.Sprintf("# yaml-language-server: $schema=%s.schema.json\n"+
		"# For editors, once: matcher schema %s > %s.schema.json\n", what, what, what)
}

// writeMap writes how a file is read as a map.
func writeMap(path string, r *mapping.Reader, refused error) error {
	var fields recon.FieldMap
	var open string
	if r != nil {
		fields, open = skeleton(r, refused)
	} else {
		open = tableBlock(refused).String()
	}
	body, err := asYAML(fields, nil)
	if err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	if string(body) == "{}\n" {
		body = nil
	}
	text := schemaLine("reading") + open + string(body)
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		return writeError(path, err)
	}
	return nil
}

// moneyKeys are what a question about money may be about: stated, they would answer it in silence.
var moneyKeys = []string{
	recon.FieldAmount, recon.FieldDebit, recon.FieldCredit, recon.FieldDirection, recon.FieldFee,
	recon.FieldBookingStatus,
}

// skeleton returns what a map may state of a file, and what is open as comments. Where nothing is, that is the whole
// reading.
func skeleton(r *mapping.Reader, refused error) (recon.FieldMap, string) {
	fields := r.Lasting()
	open := openBlocks(r, refused)
	if len(open) == 0 {
		return fields, ""
	}
	drop := slices.Clone(moneyKeys)
	for _, b := range open {
		if drop = append(drop, b.keys...); slices.Contains(b.keys, recon.FieldAmount) {
			drop = append(drop, recon.FieldCurrency) // it may be that of the other column
		}
	}
	fields.Fields = maps.Clone(fields.Fields)
	for _, key := range drop {
		delete(fields.Fields, key)
	}
	fields.Negate, fields.Signs, fields.View, fields.Unit, fields.Decimal = false, "", "", "", ""
	var text strings.Builder
	for _, b := range open {
		text.WriteString(b.String())
	}
	return fields, text.String()
}

// openBlock is one thing that is open: what, and the lines of which one settles it.
type openBlock struct {
	title string
	keys  []string // of a map that the lines name
	lines []string
}

// String is the block as comments. A line becomes part of the map when "# " is taken from its front.
func (b *openBlock) String() string {
	var text strings.Builder
	title := strings.ReplaceAll(b.title, "\n", " ")
	fmt.Fprintf(&text, "# %s\n# Keep one of these lines, without \"# \" in front:\n", title)
	for _, line := range b.lines {
		fmt.Fprintf(&text, "# %s\n", line)
	}
	text.WriteString("\n")
	return text.String()
}

// openBlocks are the questions of a file, or what detection refused it for. Questions about one key of a map make one
// block: a map names a key once.
func openBlocks(r *mapping.Reader, refused error) []openBlock {
	var reason *recon.Error
	if errors.As(refused, &reason) {
		var blocks []openBlock
		for _, f := range reason.Fields {
			if b := problemBlock(r, f); len(b.lines) > 0 {
				blocks = append(blocks, b)
			}
		}
		return blocks
	}
	var blocks []openBlock
	questions := r.Detection.Questions
	for len(questions) > 0 {
		keys := patchKeys(&questions[0])
		same, rest := questions[:1:1], []mapping.Question(nil)
		for _, q := range questions[1:] {
			if slices.ContainsFunc(patchKeys(&q), func(k string) bool { return slices.Contains(keys, k) }) {
				same = append(same, q)
				continue
			}
			rest = append(rest, q)
		}
		blocks = append(blocks, questionBlock(keys, same))
		questions = rest
	}
	return blocks
}

// patchKeys are the keys of a map that the answers to a question name.
func patchKeys(q *mapping.Question) []string {
	var keys []string
	for _, a := range q.Answers {
		for key := range membersOf(a.Patch) {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	return slices.Compact(keys)
}

func membersOf(m recon.FieldMap) map[string]json.RawMessage {
	text, err := json.Marshal(m)
	members := map[string]json.RawMessage{}
	if err == nil {
		err = json.Unmarshal(text, &members)
	}
	if err != nil {
		panic("a map does not read what it writes: " + err.Error())
	}
	return members
}

// questionBlock writes one question, or several about the same keys: then each line answers all of them, and is edited
// where they differ.
func questionBlock(keys []string, questions []mapping.Question) openBlock {
	b := openBlock{keys: keys}
	if len(questions) == 1 {
		q := &questions[0]
		b.title = "QUESTION " + q.ID + ": " + q.Text
		for i, a := range q.Answers {
			b.lines = append(b.lines, fmt.Sprintf("%s   # %d. %s", a.Line, i+1, a.Text))
		}
		return b
	}
	titles := make([]string, len(questions))
	for i := range questions {
		titles[i] = questions[i].ID + ": " + questions[i].Text
	}
	b.title = "QUESTIONS " + strings.Join(titles, "; ") +
		". Each line answers all of them alike: edit it where they differ."
	for n := range questions[0].Answers {
		var patch recon.FieldMap
		for i := range questions {
			patch = patch.With(questions[i].Answers[min(n, len(questions[i].Answers)-1)].Patch)
		}
		b.lines = append(b.lines, fmt.Sprintf("%s   # %d. %s", flowYAML(patch), n+1, questions[0].Answers[n].Text))
	}
	return b
}

// flowYAML writes the one member of a patch on a line.
func flowYAML(m recon.FieldMap) string {
	var parts []string
	members := membersOf(m)
	for _, key := range slices.Sorted(maps.Keys(members)) {
		parts = append(parts, key+": "+string(members[key])) // JSON is YAML in a line
	}
	return strings.Join(parts, "\n# ")
}

// tableBlock writes what would settle that no table was found in a file.
func tableBlock(refused error) *openBlock {
	return &openBlock{title: "OPEN: " + refused.Error(), lines: []string{
		"header: 1   # the line of the column names",
		"header: 2",
		`delimiter: ";"   # between the columns`,
		"charset: windows-1252",
	}}
}

// problemBlock writes what would settle a problem that detection refused the file for.
func problemBlock(r *mapping.Reader, f recon.FieldError) openBlock {
	key := strings.TrimPrefix(f.Pointer, "/")
	b := openBlock{title: "OPEN " + key + ": " + f.Message, keys: []string{key}}
	switch f.Code {
	case recon.CodeAmbiguousDate:
		b.lines = []string{key + ": DD/MM/YYYY   # the day first", key + ": MM/DD/YYYY   # the month first"}
	case recon.CodeAmbiguousDecimal:
		b.lines = []string{key + `: "."   # as in 1,234.56`, key + `: ","   # as in 1.234,56`}
	case recon.CodeTwoColumns, recon.CodeNotDetected, recon.CodeAmountTooBig:
		for _, fate := range r.Fates() {
			free := len(fate.UsedAs) == 0 || slices.Contains(fate.UsedAs, key)
			if free && !fate.Empty {
				b.lines = append(b.lines, key+": "+strconv.Quote(fate.Column))
			}
		}
	}
	return b
}

// commentMap puts comments above the map of a side inside a setup, or above that of each of its parts.
func commentMap(side *yaml.Node, comments []string) {
	for i, comment := range comments {
		part := side
		if side != nil && side.Kind == yaml.SequenceNode {
			part = side.Content[i]
		}
		node := child(part, "map")
		if comment == "" || node == nil {
			continue
		}
		if len(node.Content) > 0 {
			node = node.Content[0]
		}
		node.HeadComment = strings.TrimRight(comment, "\n")
	}
}

// child returns the value of a member, nil where there is none.
func child(node *yaml.Node, name string) *yaml.Node {
	if node == nil {
		return nil
	}
	for i := 0; i+1 < len(node.Content); i += 2 {
		if node.Content[i].Value == name {
			return node.Content[i+1]
		}
	}
	return nil
}
