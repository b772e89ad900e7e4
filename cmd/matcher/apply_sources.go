package main

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"matcher/internal/recon"
	"matcher/internal/report"
	"matcher/internal/setup"
)

func (p *applyPlan) planSources(ctx context.Context) error {
	var there []recon.Source
	if p.exists {
		var err error
		if there, err = all[recon.Source](ctx, p.c.client, "/v1/contexts/"+p.context.ID+"/sources"); err != nil {
			return err
		}
	}
	var names []string
	for _, s := range []struct {
		side recon.Side
		want setup.Side
	}{{recon.Left, p.setup.Left}, {recon.Right, p.setup.Right}} {
		for _, part := range s.want.Parts() {
			name, err := p.planSource(ctx, s.side, part, there)
			if err != nil {
				return err
			}
			names = append(names, name)
		}
	}
	for _, s := range there {
		if !slices.Contains(names, s.Name) {
			p.note("source %q (%s) is not in the file, and stays", s.Name, s.Side)
		}
	}
	return nil
}

// planSource compares one side's source: the one of its name, or where the file names none the only one of its side.
func (p *applyPlan) planSource(
	ctx context.Context, side recon.Side, want setup.Side, there []recon.Source,
) (string, error) {
	onSide := slices.DeleteFunc(slices.Clone(there), func(s recon.Source) bool { return s.Side != side })
	name := want.Source
	switch {
	case name == "" && len(onSide) == 1:
		name = onSide[0].Name
	case name == "":
		name = strings.ToLower(string(side))
	}
	source := &recon.Source{Name: name, Side: side}
	if at := slices.IndexFunc(there, func(s recon.Source) bool { return s.Name == name }); at >= 0 {
		source = &there[at]
	}
	switch {
	case source.Side != side:
		return name, fmt.Errorf("the context has a source %q on the %s side, and the file wants it on the %s: "+
			"a source keeps its side, so give one of them another name", name, source.Side, side)
	case source.ID == "":
		p.missing("source", name, string(side), func(ctx context.Context) error {
			made := map[string]any{"name": name, "side": side, "currency": want.Currency}
			if want.MaxRejected != nil {
				made["maxRejected"] = want.MaxRejected
			}
			if want.CoveredThrough.Set() {
				made["coveredThrough"] = want.CoveredThrough
			}
			return p.c.post(ctx, "/v1/contexts/"+p.context.ID+"/sources", made, source)
		})
	default:
		p.changeSource(source, want)
	}
	return name, p.planMap(ctx, source, want.Map)
}

// changeSource compares what the file names; a currency that it leaves out stays, maxRejected goes back to its default.
func (p *applyPlan) changeSource(source *recon.Source, want setup.Side) {
	there := map[string]any{"maxRejected": source.MaxRejected, "coveredThrough": source.CoveredThrough}
	wanted := map[string]any{"maxRejected": want.MaxRejected, "coveredThrough": want.CoveredThrough}
	if want.Currency != "" {
		there["currency"], wanted["currency"] = source.Currency, want.Currency
	}
	call := apiCall{
		method: http.MethodPatch, path: "/v1/sources/" + source.ID, version: source.Version, json: wanted,
	}
	p.differs("source", source.Name, diffFields(there, wanted),
		func(ctx context.Context) error { return p.c.do(ctx, call, source) })
	if source.Negate {
		p.note("source %q has its signs inverted in the service (negate), on top of its map", source.Name)
	}
}

// planMap stores the next version of a source's map, unless the source changes before that.
func (p *applyPlan) planMap(ctx context.Context, source *recon.Source, want *recon.FieldMap) error {
	put := func(ctx context.Context) error {
		path := "/v1/sources/" + source.ID + "/field-map"
		return p.c.do(ctx, apiCall{method: http.MethodPut, path: path, version: source.Version, json: want}, nil)
	}
	switch {
	case want == nil && source.FieldMapVersion == 0:
		return nil
	case want == nil:
		p.note("the file has no map for %q: version %d of its map stays in force", source.Name, source.FieldMapVersion)
		return nil
	case source.FieldMapVersion == 0:
		p.missing("field map", source.Name, report.Plural(int64(len(want.Fields)), "field"), put)
		return nil
	}
	var raw struct {
		FieldMap any `json:"fieldMap"`
	}
	if err := p.c.get(ctx, "/v1/sources/"+source.ID+"/field-map", &raw); err != nil {
		return err
	}
	p.differs("field map", source.Name, diffFields(raw.FieldMap, want), put)
	return nil
}
