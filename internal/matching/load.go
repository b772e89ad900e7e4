package matching

import (
	"context"
	"maps"
	"slices"

	"matcher/internal/engine"
	"matcher/internal/postgres"
	"matcher/internal/recon"
)

// loaded is a run's plan and both sides of its context, as one snapshot shows them.
type loaded struct {
	input       postgres.RunInput
	options     recon.RunOptions
	plan        *engine.Plan
	rules       []planRule // by index into plan.Rules
	left, right *engine.Table
	sourceNum   map[string]int32
	confirmed   []postgres.ConfirmedGroup // of a back-test: what is confirmed today
	given       map[int64]givenRow        // rows of confirmed groups that may come back, or did
	apart       []postgres.ApartGroup     // that this run takes apart
	took        seconds
}

// planRule is where a rule of the plan is stored; ID is "" for one of the default ladder.
type planRule struct {
	id      string
	version int
}

// loadStep is how many rows go by between two looks at whether to stop.
const loadStep = 1 << 14

func (s *Service) load(ctx context.Context, run recon.Run, beat *heart, back *returns) (*loaded, error) {
	job := &loaded{sourceNum: map[string]int32{}}
	err := s.DB.Read(ctx, func(tx *postgres.Tx) (err error) {
		if job.input, err = tx.RunInput(ctx, run, back.apartIDs()...); err != nil {
			return err
		}
		if err := back.fill(&job.input); err != nil {
			return err
		}
		job.apart = back.apart
		if err := job.compile(); err != nil {
			return err
		}
		if job.left, err = job.side(ctx, tx, recon.Left, beat); err != nil {
			return err
		}
		job.right, err = job.side(ctx, tx, recon.Right, beat)
		return err
	})
	return job, err
}

// compile makes the plan of the context's enabled rules, or of the default ladder where it has none at all.
func (job *loaded) compile() error {
	rules := make([]recon.Rule, 0, len(job.input.Rules))
	byName := map[string]planRule{}
	for _, stored := range job.input.Rules {
		rules = append(rules, stored.Rule)
		byName[stored.Rule.Name] = planRule{stored.ID, stored.Version}
	}
	if len(rules) == 0 {
		rules = recon.DefaultLadder()
	}
	job.options = job.input.Options
	job.given = givenRows(&job.options)
	plan, problems := engine.Compile(rules, job.options)
	if len(problems) > 0 {
		return recon.Unprocessable(recon.CodeRuleInvalid, "the context's rules cannot run together", problems...)
	}
	job.plan = plan
	for i := range plan.Rules {
		job.rules = append(job.rules, byName[plan.Rules[i].Name])
	}
	return nil
}

// sources are the context's on one side.
func (job *loaded) sources(side recon.Side) (sources []recon.Source) {
	for _, source := range job.input.Sources {
		if source.Side == side {
			sources = append(sources, source)
			job.sourceNum[source.Name] = source.Num
		}
	}
	return sources
}

func (job *loaded) side(ctx context.Context, tx *postgres.Tx, side recon.Side, beat *heart) (*engine.Table, error) {
	sources := job.sources(side)
	table := engine.NewTable(job.plan, side, job.input.Hint(side))
	unread := job.input.Unread[side]
	table.Rejected, table.SetAside, table.Duplicates = unread.Rejected, unread.SetAside, unread.Duplicates
	if len(sources) == 0 {
		return table, nil
	}
	n := int64(0)
	err := tx.OpenRows(ctx, job.input.Context.Num, postgres.RowReader{
		Sources: sources, Fields: job.plan.Fields(side),
		Add: func(t *recon.Transaction, id int64, source string) error {
			if n++; n%loadStep == 0 {
				beat.set(recon.Progress{Phase: "LOAD", Done: n})
			}
			return job.add(table, t, id, source)
		},
	})
	if err != nil || len(job.given) == 0 {
		return table, err
	}
	return table, tx.RowsByKey(ctx, slices.Sorted(maps.Keys(job.given)), postgres.RowReader{
		Sources: sources, Fields: job.plan.Fields(side),
		Add: func(t *recon.Transaction, id int64, source string) error { return job.add(table, t, id, source) },
	})
}

// add puts a row into its table: one that an earlier run reported, or that came back, is an anchor in every period.
func (job *loaded) add(table *engine.Table, t *recon.Transaction, id int64, source string) error {
	switch job.given[id] {
	case givenSettled:
		return table.Settle(t, id, source)
	case givenOpen:
		return table.Carry(t, id, source)
	}
	if job.options.Reported.Hold(postgres.ImportNum(id), t.Date) {
		return table.Carry(t, id, source)
	}
	return table.Add(t, id, source)
}
