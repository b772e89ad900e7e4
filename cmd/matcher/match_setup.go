package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"matcher/internal/mapping"
	"matcher/internal/recon"
	"matcher/internal/setup"
)

const setupBytesMax = 1 << 20 // a hundred rules with long comments

// matchSetup is what a run follows: a setup, and the flags that beat it.
type matchSetup struct {
	setup.Setup
	options recon.RunOptions
	origin  string // of the rules: a file, or the default rules
	pointer string // of the rules in their origin
}

// newMatchSetup returns what a setup alone gives; path is its file, "" where there is none.
func newMatchSetup(setup setup.Setup, path string) *matchSetup {
	s := &matchSetup{Setup: setup, options: setup.Options(), origin: cmp.Or(path, "the default rules")}
	if path != "" {
		s.pointer = "/rules"
	}
	if len(s.Rules) == 0 {
		s.Rules = recon.DefaultLadder()
	}
	return s
}

// readSetup reads the setup, the maps and the rules, and the days of the period.
func (o *matchOptions) readSetup() (*matchSetup, error) {
	var file setup.Setup
	switch {
	case o.recipe != "" && o.setup != "":
		return nil, usageError("--recipe and --setup are both a setup: write the recipe's with matcher recipes %s "+
			"--out DIR, and edit it", o.recipe)
	case o.recipe != "":
		r, err := recipeNamed(o.recipe)
		if err != nil {
			return nil, err
		}
		if file, _ = setup.Decode(r.setup()); o.rightAs == "" {
			o.rightAs = r.right
		}
	case o.setup != "":
		var err error
		if file, err = readSetupFile(o.setup); err != nil {
			return nil, err
		}
	}
	for _, m := range []struct {
		path string
		side *setup.Side
	}{{o.leftMap, &file.Left}, {o.rightMap, &file.Right}} {
		if m.path == "" {
			continue
		}
		data, err := readWhole(m.path)
		if err != nil {
			return nil, err
		}
		fieldMap, err := mapping.ParseFieldMap(data)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", m.path, err)
		}
		*m.side = setup.Side{
			Source: m.side.Source, Currency: m.side.Currency, Map: &fieldMap, MaxRejected: m.side.MaxRejected,
			CoveredThrough: m.side.CoveredThrough,
		}
	}
	if o.rules == "" {
		s := newMatchSetup(file, cmp.Or(o.setup, o.recipe))
		return s, o.readDays(&s.options)
	}
	data, err := readWhole(o.rules)
	if err != nil {
		return nil, err
	}
	var faults []recon.FieldError
	if file.Rules, faults = setup.DecodeRules(data); len(faults) > 0 {
		return nil, recon.Unprocessable(recon.CodeRuleInvalid, o.rules+" cannot work", faults...)
	}
	s := newMatchSetup(file, o.rules)
	s.pointer = ""
	return s, o.readDays(&s.options)
}

func (o *matchOptions) readDays(options *recon.RunOptions) error {
	for _, d := range []struct {
		flag, text string
		to         *recon.Day
	}{{"--from", o.from, &options.From}, {"--to", o.to, &options.To}, {"--as-of", o.asOf, &options.AsOf}} {
		if d.text == "" {
			continue
		}
		day, err := recon.ParseDay(d.text)
		if err != nil {
			return usageError("%s: %v", d.flag, err)
		}
		*d.to = day
	}
	if options.From.Set() && options.To.Set() && options.From > options.To {
		return usageError("--from %s is after --to %s", options.From, options.To)
	}
	return nil
}

func readSetupFile(path string) (setup.Setup, error) {
	data, err := readWhole(path)
	if err != nil {
		return setup.Setup{}, err
	}
	file, problems := decodeSetup(path, data)
	if len(problems) > 0 {
		return file, recon.Unprocessable(recon.CodeSetupInvalid, path+" cannot work", problems...)
	}
	return file, nil
}

// decodeSetup reads a setup, and the files of readings that it names.
func decodeSetup(path string, data []byte) (setup.Setup, []recon.FieldError) {
	file, problems := setup.Decode(data)
	return file, append(problems, file.ReadReadings(func(name string) ([]byte, error) {
		if !filepath.IsAbs(name) {
			name = filepath.Join(filepath.Dir(path), name)
		}
		return readWhole(name)
	})...)
}

// readWhole reads a file of maps, rules or both.
func readWhole(path string) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fileError(path, err)
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, setupBytesMax+1))
	if err != nil {
		return nil, fileError(path, err)
	}
	if int64(len(data)) > setupBytesMax {
		return nil, fmt.Errorf("%s is larger than %d bytes: that is no file of maps or rules", path, setupBytesMax)
	}
	return data, nil
}

// save writes what was detected and used, so that the next period is read the same way. Calendars, rates and fees
// stay as they were given. What is open is written as comments.
func (s *matchSetup) save(path string, sides [2]*matchSide) error {
	saved := s.Setup
	saved.AsOf = nil
	comments := [2][]string{}
	for i, to := range [2]*setup.Side{&saved.Left, &saved.Right} {
		*to, comments[i] = sides[i].saved()
	}
	text, err := asYAML(saved, func(doc *yaml.Node) {
		for i, side := range sides {
			commentMap(child(doc, strings.ToLower(string(side.side))), comments[i])
		}
	})
	if err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	if err := os.WriteFile(path, append([]byte(schemaLine("setup")), text...), 0o644); err != nil {
		return writeError(path, err)
	}
	return nil
}

// saved is how the files of a side are read, each by itself where they are read in several ways, and what is open about
// each as comments.
func (s *matchSide) saved() (setup.Side, []string) {
	var parts []setup.Side
	var comments []string
	alike := true
	for _, f := range s.files {
		part := setup.Side{Source: f.source, Currency: f.how.Currency, MaxRejected: f.how.MaxRejected}
		open := ""
		if f.reader != nil {
			var fields recon.FieldMap
			fields, open = skeleton(f.reader, f.refused)
			part.Map = &fields
		}
		parts, comments = append(parts, part), append(comments, open)
		// a file that was not opened is read as the first
		alike = alike && (f.reader == nil || reflect.DeepEqual(part.Map, parts[0].Map) && open == comments[0])
	}
	if alike {
		return parts[0], comments[:1]
	}
	patterns := map[string]int{}
	for _, f := range s.files {
		patterns[f.how.Files]++
	}
	for i, f := range s.files {
		if parts[i].Files = f.how.Files; f.how.Files == "" || patterns[f.how.Files] > 1 {
			parts[i].Files = filepath.Base(f.path)
		}
	}
	return setup.Several(parts), comments
}

// asYAML writes a value as YAML in the order and with the names of its JSON; edit may comment it.
func asYAML(value any, edit func(doc *yaml.Node)) ([]byte, error) {
	text, err := json.Marshal(value)
	if err != nil {
		return nil, err
	}
	var node yaml.Node
	if err := yaml.Unmarshal(text, &node); err != nil {
		return nil, err
	}
	plainStyle(&node)
	if edit != nil {
		edit(node.Content[0])
	}
	var out bytes.Buffer
	encoder := yaml.NewEncoder(&out)
	encoder.SetIndent(2)
	err = encoder.Encode(&node)
	return out.Bytes(), err
}

// plainStyle drops JSON's braces and quotes, which YAML writes again only where it needs them, and what is null.
func plainStyle(n *yaml.Node) {
	n.Style = 0
	for i := len(n.Content) - 1; n.Kind == yaml.MappingNode && i > 0; i -= 2 {
		if n.Content[i].ShortTag() == "!!null" {
			n.Content = slices.Delete(n.Content, i-1, i+1)
		}
	}
	for _, child := range n.Content {
		plainStyle(child)
	}
}

// readAnswers reads "right.direction=2".
func (in *matchInput) readAnswers(answers []string) error {
	for _, text := range answers {
		name, n, ok := mapping.ParseAnswer(text)
		sideName, id, named := strings.Cut(name, ".")
		side := map[string]*matchSide{"left": in.left, "right": in.right}[sideName]
		if !ok || !named || side == nil {
			return usageError("--answer %q: write left.ID=N or right.ID=N, as the question prints it", text)
		}
		if side.answers == nil {
			side.answers = map[string]int{}
		}
		side.answers[id] = n
	}
	return nil
}
