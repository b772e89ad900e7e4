package main

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"matcher/internal/auth"
	"matcher/internal/engine"
	"matcher/internal/recon"
	"matcher/internal/report"
	"matcher/internal/setup"
)

// change is one effect of a plan, as people read it.
type change struct {
	Action string        `json:"action"` // create, change or remove
	What   string        `json:"what"`
	Name   string        `json:"name"`
	Detail string        `json:"detail,omitempty"`
	Fields []fieldChange `json:"fields,omitempty"`
}

const (
	actionCreate = "create"
	actionChange = "change"
	actionRemove = "remove"
)

// step is one request, or a few, that a plan makes.
type step struct {
	name string
	do   func(context.Context) error
}

// applyPlan is the difference between a setup and a context. Steps run in order and fill in what later ones need.
type applyPlan struct {
	c            *applyCommand
	setup        *setup.Setup
	exists       bool // the context
	context      recon.Context
	rules        []recon.StoredRule // as stored
	rulesVersion int                // of the set, 0 where the context is new
	known        recon.RunOptions   // calendars and fee schedules, those of the service and those of the setup
	changes      []change
	steps        []step
	notes        []string
	same         int
	retried      bool // the rules of an existing context change, so a back-test is due
}

func (p *applyPlan) note(format string, args ...any) {
	p.notes = append(p.notes, fmt.Sprintf(format, args...))
}

// differs adds a step with its change, unless no field differs.
func (p *applyPlan) differs(what, name string, fields []fieldChange, do func(context.Context) error) {
	if len(fields) == 0 {
		p.same++
		return
	}
	p.changes = append(p.changes, change{Action: actionChange, What: what, Name: name, Fields: fields})
	p.steps = append(p.steps, step{what + " " + name, do})
}

func (p *applyPlan) missing(what, name, detail string, do func(context.Context) error) {
	p.changes = append(p.changes, change{Action: actionCreate, What: what, Name: name, Detail: detail})
	p.steps = append(p.steps, step{what + " " + name, do})
}

// plan compares the setup with the service. Rules come last, so that nothing runs differently before all they name is
// there.
func (c *applyCommand) plan(ctx context.Context, setup *setup.Setup, path string) (*applyPlan, error) {
	p := &applyPlan{c: c, setup: setup, known: setup.Options()}
	for _, part := range []func(context.Context) error{
		p.planContext, p.planCalendars, p.planFees, p.planRates, p.planSources, p.planRules,
	} {
		if err := part(ctx); err != nil {
			return nil, err
		}
	}
	if setup.AsOf != nil && setup.AsOf.Set() {
		p.note("asOf belongs to a run: matcher run --context %q --as-of %s", p.context.Name, setup.AsOf)
	}
	_, faults := engine.Compile(setup.Rules, p.known)
	for i := range faults {
		faults[i].Pointer = "/rules" + faults[i].Pointer
	}
	if len(faults) > 0 {
		return nil, recon.Unprocessable(recon.CodeRuleInvalid, path+" cannot be applied", faults...)
	}
	return p, nil
}

func (p *applyPlan) planContext(ctx context.Context) (err error) {
	c := p.c
	p.context.Name = c.context
	if auth.IsUUID(c.context) {
		if p.context, err = c.remote.context(ctx, c.context); err != nil {
			return err
		}
	} else {
		named, err := all[recon.Context](ctx, c.client, "/v1/contexts?name="+url.QueryEscape(c.context))
		if err != nil {
			return err
		}
		if len(named) > 0 {
			p.context = named[0]
		}
	}
	p.exists = p.context.ID != ""
	if p.context.Status == recon.ContextArchived {
		return fmt.Errorf("context %q is archived: activate it, or name another with --context", p.context.Name)
	}
	settings := p.context.Settings
	settings.DuplicateDays, settings.MaxWriteOff = p.setup.DuplicateDays, nil
	settings.AccountField, settings.ReturnDays = p.setup.AccountField, p.setup.ReturnDays
	if limits := p.setup.MaxWriteOff.ByCurrency; len(limits) > 0 {
		settings.MaxWriteOff = make(map[string]string, len(limits))
		for currency, amount := range limits {
			settings.MaxWriteOff[currency] = string(amount)
		}
	}
	if !p.exists {
		p.missing("context", p.context.Name, "", func(ctx context.Context) error {
			return c.post(ctx, "/v1/contexts", map[string]any{"name": p.context.Name, "settings": settings}, &p.context)
		})
		return nil
	}
	call := apiCall{
		method: http.MethodPatch, path: "/v1/contexts/" + p.context.ID, version: p.context.Version,
		json: map[string]any{"settings": settings},
	}
	p.differs("context", p.context.Name, diffFields(p.context.Settings, settings),
		func(ctx context.Context) error { return c.do(ctx, call, &p.context) })
	return nil
}

func (p *applyPlan) planCalendars(ctx context.Context) error {
	stored, err := all[recon.Configured[recon.Calendar]](ctx, p.c.client, "/v1/calendars")
	for i := range stored {
		slices.Sort(stored[i].Value.Holidays)
	}
	for i := range p.setup.Calendars {
		slices.Sort(p.setup.Calendars[i].Holidays)
	}
	kind := configured[recon.Calendar]{"calendar", "/v1/calendars", func(c recon.Calendar) string { return c.ID }}
	p.known.Calendars = kind.plan(p, stored, p.setup.Calendars)
	return err
}

func (p *applyPlan) planFees(ctx context.Context) error {
	kind := configured[recon.FeeSchedule]{
		"fee schedule", "/v1/fee-schedules", func(f recon.FeeSchedule) string { return f.Name },
	}
	stored, err := all[recon.Configured[recon.FeeSchedule]](ctx, p.c.client, kind.path)
	p.known.FeeSchedules = kind.plan(p, stored, p.setup.Fees)
	return err
}

// configured is a kind of named values of a tenant.
type configured[T any] struct {
	what, path string
	name       func(T) string
}

// plan creates or changes the wanted values. It returns them and those that only the service has: rules may use all.
func (k configured[T]) plan(p *applyPlan, stored []recon.Configured[T], wanted []T) []T {
	known := slices.Clone(wanted)
	for i := range stored {
		if !slices.ContainsFunc(wanted, func(w T) bool { return k.name(w) == k.name(stored[i].Value) }) {
			known = append(known, stored[i].Value)
		}
	}
	for _, want := range wanted {
		at := slices.IndexFunc(stored, func(s recon.Configured[T]) bool { return k.name(s.Value) == k.name(want) })
		if at < 0 {
			p.missing(k.what, k.name(want), "",
				func(ctx context.Context) error { return p.c.post(ctx, k.path, want, nil) })
			continue
		}
		now := &stored[at]
		call := apiCall{method: http.MethodPut, path: k.path + "/" + now.ID, version: now.Version, json: want}
		p.differs(k.what, k.name(want), diffFields(now.Value, want),
			func(ctx context.Context) error { return p.c.do(ctx, call, nil) })
	}
	return known
}

// ratesPerPost keeps a body far below the service's limit.
const ratesPerPost = 2000

type ratePair struct{ from, to, kind string }

func (p *applyPlan) planRates(ctx context.Context) error {
	wanted := map[ratePair][]recon.FXRate{}
	for _, rate := range p.setup.Rates {
		pair := ratePair{rate.From, rate.To, rate.Type}
		wanted[pair] = append(wanted[pair], rate)
	}
	var other []recon.FXRate
	for pair, rates := range wanted {
		differing, err := p.differingRates(ctx, pair, rates)
		if err != nil {
			return err
		}
		other = append(other, differing...)
	}
	if len(other) == 0 {
		p.same += len(p.setup.Rates)
		return nil
	}
	pairs := map[string]bool{}
	for _, rate := range other {
		pairs[rate.From+"/"+rate.To] = true
	}
	name := strings.Join(slices.Sorted(maps.Keys(pairs)), ", ")
	p.missing("rates", name, report.Plural(int64(len(other)), "rate"), func(ctx context.Context) error {
		for part := range slices.Chunk(other, ratesPerPost) {
			if err := p.c.post(ctx, "/v1/fx-rates", map[string]any{"rates": part}, nil); err != nil {
				return err
			}
		}
		return nil
	})
	return nil
}

// differingRates returns the rates of a pair that the service lacks or has with other values.
func (p *applyPlan) differingRates(
	ctx context.Context, pair ratePair, rates []recon.FXRate,
) (other []recon.FXRate, err error) {
	first, last := rates[0].Date, rates[0].Date
	for _, rate := range rates {
		first, last = min(first, rate.Date), max(last, rate.Date)
	}
	query := url.Values{"from": {pair.from}, "to": {pair.to}, "since": {first.String()}, "until": {last.String()}}
	if pair.kind != "" {
		query.Set("type", pair.kind)
	}
	there := map[recon.Day]recon.FXRate{}
	err = each(ctx, p.c.client, "/v1/fx-rates?"+query.Encode(), func(rate recon.FXRate) error {
		if rate.Type == pair.kind {
			there[rate.Date] = rate
		}
		return nil
	})
	for _, rate := range rates {
		stored, found := there[rate.Date]
		current, _ := stored.Rate.Scaled(recon.RateDigits)
		desired, _ := rate.Rate.Scaled(recon.RateDigits) // both have been checked
		if !found || current != desired || stored.Source != rate.Source {
			other = append(other, rate)
		}
	}
	return other, err
}

func (p *applyPlan) planRules(ctx context.Context) error {
	c := p.c
	if p.exists {
		var there struct {
			Items   []recon.StoredRule `json:"items"`
			Version int                `json:"version"`
		}
		if err := c.get(ctx, "/v1/contexts/"+p.context.ID+"/rules", &there); err != nil {
			return err
		}
		p.rules, p.rulesVersion = there.Items, there.Version
	}
	before := len(p.changes)
	for i := range p.setup.Rules {
		p.compareRule(&p.setup.Rules[i])
	}
	for _, stored := range p.rules {
		if !slices.ContainsFunc(p.setup.Rules, func(r recon.Rule) bool { return r.Name == stored.Rule.Name }) {
			p.changes = append(p.changes,
				change{Action: actionRemove, What: "rule", Name: stored.Rule.Name, Detail: ruleDetail(&stored.Rule)})
		}
	}
	if len(p.setup.Rules) == 0 {
		p.note("the file has no rules: the context runs by the default ladder")
	}
	if len(p.changes) == before {
		return nil
	}
	p.retried = p.exists
	p.steps = append(p.steps, step{"rules", p.publish})
	return nil
}

func (p *applyPlan) compareRule(want *recon.Rule) {
	at := slices.IndexFunc(p.rules, func(s recon.StoredRule) bool { return s.Rule.Name == want.Name })
	if at < 0 {
		p.changes = append(p.changes,
			change{Action: actionCreate, What: "rule", Name: want.Name, Detail: ruleDetail(want)})
		return
	}
	fields := diffFields(p.rules[at].Rule.WithDefaults(), want.WithDefaults())
	if len(fields) == 0 {
		p.same++
		return
	}
	p.changes = append(p.changes, change{Action: actionChange, What: "rule", Name: want.Name, Fields: fields})
}

func ruleDetail(r *recon.Rule) string { return fmt.Sprintf("%s, priority %d", r.Type, r.Priority) }

// publish changes the rules in one commit, if they are still those that the plan was made from.
func (p *applyPlan) publish(ctx context.Context) error {
	return p.c.do(ctx, apiCall{
		method: http.MethodPut, path: "/v1/contexts/" + p.context.ID + "/rules", version: p.rulesVersion,
		json: map[string]any{"rules": p.ruleSet()},
	}, nil)
}

// ruleSet returns the setup's rules, never nil.
func (p *applyPlan) ruleSet() []recon.Rule {
	if p.setup.Rules == nil {
		return []recon.Rule{}
	}
	return p.setup.Rules
}

// fieldChange is one value that differs, by its JSON pointer.
type fieldChange struct {
	Pointer string `json:"pointer"`
	From    any    `json:"from,omitempty"`
	To      any    `json:"to,omitempty"`
}

// diffFields returns the leaves in which two values differ as JSON, in the order of their pointers.
func diffFields(current, desired any) (fields []fieldChange) {
	before, after := leavesOf(current), leavesOf(desired)
	every := maps.Clone(before)
	maps.Copy(every, after)
	for _, pointer := range slices.Sorted(maps.Keys(every)) {
		from, had := before[pointer]
		to, has := after[pointer]
		if had != has || from != to {
			fields = append(fields, fieldChange{pointer, from, to})
		}
	}
	return fields
}

// leavesOf returns the scalars of a value as JSON; an empty list or object is a leaf too.
func leavesOf(thing any) map[string]any {
	text, err := json.Marshal(thing)
	if err != nil {
		panic("a checked value that is no JSON: " + err.Error())
	}
	var value any
	if err := json.Unmarshal(text, &value); err != nil {
		panic("JSON that cannot be read again: " + err.Error())
	}
	leaves := map[string]any{}
	addLeaves(leaves, "", value)
	return leaves
}

func addLeaves(leaves map[string]any, pointer string, value any) {
	switch value := value.(type) {
	case map[string]any:
		for name, child := range value {
			addLeaves(leaves, pointer+"/"+strings.NewReplacer("~", "~0", "/", "~1").Replace(name), child)
		}
		if len(value) == 0 && pointer != "" {
			leaves[pointer] = "{}"
		}
	case []any:
		for i, child := range value {
			addLeaves(leaves, pointer+"/"+strconv.Itoa(i), child)
		}
		if len(value) == 0 {
			leaves[pointer] = "[]"
		}
	default:
		leaves[pointer] = value
	}
}
