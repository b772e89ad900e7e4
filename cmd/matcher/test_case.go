package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"matcher/internal/engine"
	"matcher/internal/recon"
	"matcher/internal/report"
	"matcher/internal/setup"
)

// runCase reconciles the rows of a case by its setup and compares what comes out.
func runCase(ctx context.Context, setup setup.Setup, c *setup.Case, path string) caseResult {
	r, err := reconcileCase(ctx, setup, c, path)
	if err != nil {
		return caseResult{Name: c.Name, Faults: []report.CaseFault{}, Error: err.Error()}
	}
	faults := report.CheckCase(r.report(), &c.Expect)
	return caseResult{Name: c.Name, Passed: len(faults) == 0, Faults: faults}
}

func reconcileCase(ctx context.Context, file setup.Setup, c *setup.Case, path string) (*reconciliation, error) {
	in := newMatchInput(newMatchSetup(file, path), nil, newProgress(io.Discard))
	if c.AsOf != nil {
		in.options.AsOf = *c.AsOf
	}
	for _, s := range in.sides() { // the rows of a case are all that there are
		s.setup.CoveredThrough = max(s.setup.CoveredThrough, in.options.AsOf)
	}
	plan, _ := engine.Compile(in.Rules, in.options) // open refuses what is wrong with it
	for i, rows := range [2]*setup.CaseRows{&c.Left, &c.Right} {
		input, err := in.sides()[i].caseInput(rows, plan, filepath.Dir(path))
		if err != nil {
			return nil, err
		}
		in.sides()[i].files = []*matchFile{{inputFile: input, how: in.sides()[i].caseReading(rows)}}
	}
	r, err := in.open()
	if err != nil {
		return nil, err
	}
	if err := r.load(ctx, nil); err != nil {
		return nil, err
	}
	return r, r.run(ctx)
}

// caseReading is how the rows of a case are read: as the file that they are, or as the first part of the side.
func (s *matchSide) caseReading(rows *setup.CaseRows) setup.Side {
	if rows.File == "" {
		return s.setup.Parts()[0]
	}
	how, _ := s.setup.For(rows.File)
	return how
}

// caseInput returns the rows of one side as a file. It has the columns that the map or a rule names even where no row
// fills them.
func (s *matchSide) caseInput(rows *setup.CaseRows, plan *engine.Plan, folder string) (inputFile, error) {
	if rows.File != "" {
		path := rows.File
		if !filepath.IsAbs(path) {
			path = filepath.Join(folder, path)
		}
		return inputFile{side: s.side, source: cmp.Or(s.caseReading(rows).Source, sourceName(path)), path: path}, nil
	}
	how := s.caseReading(rows)
	name := strings.ToLower(string(s.side))
	columns := slices.Clone(rows.Header)
	if how.Map != nil {
		for _, field := range recon.MappedFields {
			columns = append(columns, how.Map.Fields[field].Columns...)
		}
	}
	if plan != nil {
		columns = append(columns, metadataColumns(plan.Fields(s.side))...)
	}
	var header []string
	for _, column := range columns {
		if !slices.Contains(header, column) {
			header = append(header, column)
		}
	}
	if len(header) == 0 {
		return inputFile{}, fmt.Errorf("%s has no rows, and the setup has no map of their columns: write %s.map", name,
			name)
	}
	var body bytes.Buffer
	out := csv.NewWriter(&body)
	for _, line := range append([][]string{header}, rows.Rows...) {
		if err := out.Write(append(slices.Clip(line), make([]string, len(header)-len(line))...)); err != nil {
			return inputFile{}, err
		}
	}
	out.Flush()
	return inputFile{
		side: s.side, source: cmp.Or(how.Source, name), path: "the " + name + " rows",
		body: body.Bytes(),
	}, out.Error()
}
