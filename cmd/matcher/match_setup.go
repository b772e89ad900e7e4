package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"reflect"
	"slices"

	"go.yaml.in/yaml/v3"

	"matcher/internal/mapping"
	"matcher/internal/recon"
)

const setupBytesMax = 1 << 20 // a hundred rules with long comments

// readSetup takes everything that the user decided: setup, maps, rules, days and balances. A flag of its own beats
// the setup.
func (m *match) readSetup() error {
	var setup recon.Setup
	if m.opt.setup != "" {
		decoded, err := readSetupFile(m.opt.setup)
		if err != nil {
			return err
		}
		setup = decoded
	}
	m.useSetup(setup)
	for _, s := range []struct {
		path string
		side *matchSide
	}{{m.opt.leftMap, m.left}, {m.opt.rightMap, m.right}} {
		if err := s.side.readMap(s.path); err != nil {
			return err
		}
	}
	if err := m.readRules(setup.Rules); err != nil {
		return err
	}
	return m.readDays()
}

func (m *match) useSetup(setup recon.Setup) {
	m.left = &matchSide{side: recon.Left, setup: setup.Left}
	m.right = &matchSide{side: recon.Right, setup: setup.Right}
	m.setup, m.options = setup, setup.Options()
}

func readSetupFile(path string) (recon.Setup, error) {
	data, err := readWhole(path)
	if err != nil {
		return recon.Setup{}, err
	}
	setup, problems := recon.DecodeSetup(data)
	if len(problems) > 0 {
		return setup, recon.Unprocessable("SETUP_INVALID", path+" cannot work", problems...)
	}
	return setup, nil
}

func (s *matchSide) readMap(path string) error {
	if path == "" {
		return nil
	}
	data, err := readWhole(path)
	if err != nil {
		return err
	}
	fieldMap, err := mapping.ParseFieldMap(data)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	s.setup.Map = &fieldMap
	return nil
}

func (m *match) readRules(fromSetup []recon.Rule) error {
	m.rules = fromSetup
	if m.opt.rules != "" {
		data, err := readWhole(m.opt.rules)
		if err != nil {
			return err
		}
		rules, problems := recon.DecodeRules(data)
		if len(problems) > 0 {
			return recon.Unprocessable("RULES_INVALID", m.opt.rules+" cannot work", problems...)
		}
		m.rules = rules
	}
	if len(m.rules) == 0 {
		m.rules = recon.DefaultLadder()
	}
	return nil
}

// rulesName is where the rules came from.
func (m *match) rulesName() string {
	switch {
	case m.opt.rules != "":
		return m.opt.rules
	case m.opt.setup != "":
		return m.opt.setup
	}
	return "the default rules"
}

// rulesPointer leads to the rules in the file that they came from.
func (m *match) rulesPointer() string {
	if m.opt.rules == "" && m.opt.setup != "" {
		return "/rules"
	}
	return ""
}

func (m *match) readDays() error {
	for _, d := range []struct {
		flag, text string
		to         *recon.Day
	}{{"--from", m.opt.from, &m.options.From}, {"--to", m.opt.to, &m.options.To}, {"--as-of", m.opt.asOf, &m.options.AsOf}} {
		if d.text == "" {
			continue
		}
		day, err := recon.ParseDay(d.text)
		if err != nil {
			return usageError("%s: %v", d.flag, err)
		}
		*d.to = day
	}
	if m.options.From.Set() && m.options.To.Set() && m.options.From > m.options.To {
		return usageError("--from %s lies after --to %s", m.options.From, m.options.To)
	}
	return nil
}

// saveSetup writes what was detected and used, so that the next period is read the same way.
func (m *match) saveSetup() error {
	if m.opt.save == "" {
		return nil
	}
	if err := m.oneMapEach(); err != nil {
		return err
	}
	setup := m.setup // calendars, rates and fees stay as they were given
	setup.Rules, setup.Left, setup.Right, setup.AsOf = m.rules, m.left.saved(), m.right.saved(), nil
	text, err := asYAML(setup)
	if err != nil {
		return fmt.Errorf("writing %s: %w", m.opt.save, err)
	}
	if err := os.WriteFile(m.opt.save, text, 0o644); err != nil {
		return writeError(m.opt.save, err)
	}
	return nil
}

// oneMapEach refuses to save a side whose files are read in different ways: by the map of the first, the dates of the
// second could be read wrong without a word.
func (m *match) oneMapEach() error {
	for _, s := range m.sides() {
		for _, f := range s.files[1:] {
			if !reflect.DeepEqual(f.reader.FieldMap(), s.files[0].reader.FieldMap()) {
				return fmt.Errorf("--save: %s and %s are read in different ways, and a setup has one map a side: save each with the other side by itself",
					s.files[0].path, f.path)
			}
		}
	}
	return nil
}

// saved is the side as its first file was read: a setup has one map a side.
func (s *matchSide) saved() recon.SetupSide {
	f := s.files[0]
	fields := f.reader.FieldMap()
	return recon.SetupSide{Source: f.source, Currency: s.setup.Currency, Map: &fields}
}

// asYAML writes a value as YAML in the order and with the names of its JSON.
func asYAML(value any) ([]byte, error) {
	text, err := json.Marshal(value)
	if err != nil {
		return nil, err
	}
	var node yaml.Node
	if err := yaml.Unmarshal(text, &node); err != nil {
		return nil, err
	}
	plainStyle(&node)
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
