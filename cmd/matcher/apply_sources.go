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
		name, err := p.planSource(ctx, s.side, s.want, there)
		if err != nil {
			return err
		}
		names = append(names, name)
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
	at := slices.IndexFunc(there, func(s recon.Source) bool { return s.Name == name })
	if at < 0 {
		p.newSource(side, name, want)
		return name, nil
	}
	source := there[at]
	if source.Side != side {
		return name, fmt.Errorf("the context has a source %q on the %s side, and the file wants it on the %s: "+
			"a source keeps its side, so give one of them another name", name, source.Side, side)
	}
	return name, p.oldSource(ctx, source, want)
}

func (p *applyPlan) newSource(side recon.Side, name string, want setup.Side) {
	var made recon.Source
	p.missing("source", name, string(side), func(ctx context.Context) error {
		source := map[string]any{"name": name, "side": side, "currency": want.Currency}
		return p.c.post(ctx, "/v1/contexts/"+p.context.ID+"/sources", source, &made)
	})
	if want.Map != nil {
		p.missing("field map", name, report.Plural(int64(len(want.Map.Fields)), "field"),
			func(ctx context.Context) error {
				return p.putMap(ctx, &made, want.Map)
			})
	}
}

// oldSource compares what the file names; what it leaves out stays.
func (p *applyPlan) oldSource(ctx context.Context, source recon.Source, want setup.Side) error {
	var fields []fieldChange
	if want.Currency != "" {
		fields = diffFields(map[string]string{"currency": source.Currency},
			map[string]string{"currency": want.Currency})
	}
	p.differs("source", source.Name, fields, func(ctx context.Context) error {
		return p.c.do(ctx, apiCall{
			method: http.MethodPatch, path: "/v1/sources/" + source.ID, ifMatch: entityTag(source.Version),
			json: map[string]any{"currency": want.Currency},
		}, &source)
	})
	if source.Negate {
		p.note("source %q has its signs inverted in the service (negate), on top of its map", source.Name)
	}
	switch {
	case want.Map == nil && source.FieldMapVersion == 0:
		return nil
	case want.Map == nil:
		p.note("the file has no map for %q: version %d of its map stays in force", source.Name, source.FieldMapVersion)
		return nil
	case source.FieldMapVersion == 0:
		p.missing("field map", source.Name, report.Plural(int64(len(want.Map.Fields)), "field"),
			func(ctx context.Context) error {
				return p.putMap(ctx, &source, want.Map)
			})
		return nil
	}
	var raw struct {
		FieldMap any `json:"fieldMap"`
	}
	if err := p.c.get(ctx, "/v1/sources/"+source.ID+"/field-map", &raw); err != nil {
		return err
	}
	p.differs("field map", source.Name, diffFields(raw.FieldMap, want.Map), func(ctx context.Context) error {
		return p.putMap(ctx, &source, want.Map)
	})
	return nil
}

// putMap stores the next version of a source's map, unless the source changed meanwhile.
func (p *applyPlan) putMap(ctx context.Context, source *recon.Source, fieldMap *recon.FieldMap) error {
	return p.c.do(ctx, apiCall{
		method: http.MethodPut, path: "/v1/sources/" + source.ID + "/field-map", ifMatch: entityTag(source.Version),
		json: fieldMap,
	}, nil)
}
