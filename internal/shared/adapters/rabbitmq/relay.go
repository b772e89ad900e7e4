package rabbitmq

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"matcher/internal/auth"
	"matcher/internal/postgres"
	"matcher/internal/shared/safego"
)

// RelayConfig is what a relay needs; limits left zero take their defaults.
type RelayConfig struct {
	DB       *postgres.DB
	Database string  // whose tenants, as DB.Work names it; "" is the installation's own
	Broker   *Broker // nil: nothing is sent, and the markers are kept from piling up
	Log      *slog.Logger
	Figures  *RelayFigures // may be nil

	// Publishers are found by the first word of an event's key; Default has the rest.
	Publishers map[string]EventPublisher
	Default    EventPublisher
	// VHost names a tenant's virtual host, "" being the installation's own. Nil: no tenant has one.
	VHost func(ctx context.Context, tenantID string) (string, error)

	Workers     int           // tenants visited at once; 8
	Batch       int           // events in flight of a tenant; InFlightMax
	Poll        time.Duration // how often an idle relay looks for work; 200 ms
	Lease       time.Duration // after which another relay takes a silent visit over; 1 min
	AttemptsMax int           // tries of an event that the broker refuses, before it is parked; 8
	ParkedFirst time.Duration // the first pause of a parked event, doubled each time up to an hour; 5 s
	ParkedMax   int           // tries of a parked event before it waits for an operator; 20
}

const (
	relayWorkers = 8
	relayPoll    = 200 * time.Millisecond
	relayLease   = time.Minute
	// visitMax ends the visit of a tenant with a long backlog, so that others get their turn: with a confirm that does
	// not come it stays below half the lease.
	visitMax      = 10 * time.Second
	attemptsMax   = 8
	parkedFirst   = 5 * time.Second
	parkedTries   = 20
	parkedPause   = time.Hour
	failureFirst  = 200 * time.Millisecond
	failurePause  = 30 * time.Second
	brokerPause   = time.Second // a tenant whose broker is gone; the gate holds the rest
	databasePause = time.Second
	backlogEvery  = time.Minute // between two looks at the backlog, and the age from which it is logged
)

func (c *RelayConfig) setDefaults() {
	c.Workers, c.Batch = cmp.Or(c.Workers, relayWorkers), min(cmp.Or(c.Batch, InFlightMax), InFlightMax)
	c.AttemptsMax, c.ParkedMax = cmp.Or(c.AttemptsMax, attemptsMax), cmp.Or(c.ParkedMax, parkedTries)
	c.Poll, c.Lease = cmp.Or(c.Poll, relayPoll), cmp.Or(c.Lease, relayLease)
	c.ParkedFirst = cmp.Or(c.ParkedFirst, parkedFirst)
}

// Relay publishes committed events from the tenants' outboxes: at least once, in commit order within a
// tenant, visiting only tenants that have something to send. Several may run on one database.
type Relay struct {
	cfg    RelayConfig
	counts relayCounts
	// at is called where a crash must lose nothing; tests crash there.
	at func(ctx context.Context, point string)

	life   safego.Life
	active atomic.Int64
	ended  chan struct{} // a visit has
	visits sync.WaitGroup
}

// relayCounts are what a relay has done since its start: visits of tenants, events confirmed by the broker, events set
// aside, and visits that broke off.
type relayCounts struct{ visits, sent, parked, failures atomic.Int64 }

// NewRelay returns a relay, which does nothing before Start.
func NewRelay(cfg RelayConfig) *Relay {
	cfg.setDefaults()
	return &Relay{cfg: cfg, at: func(context.Context, string) {}, ended: make(chan struct{}, 1)}
}

// Start relays until Stop, which lets visits under way end with the batch they are at, or until ctx ends, which breaks
// them off: what had no confirm by then is sent again by the next relay.
func (r *Relay) Start(ctx context.Context) error {
	return r.life.Run(ctx, func(taking context.Context) error {
		if r.cfg.Broker == nil {
			r.fold(taking)
			return nil
		}
		r.visits.Go(func() { r.watch(taking) })
		r.run(taking, ctx)
		r.visits.Wait()
		if ctx.Err() != nil {
			return fmt.Errorf("the relay was broken off: %w", context.Cause(ctx))
		}
		return nil
	})
}

// Stop takes no more visits and waits for those under way.
func (r *Relay) Stop() error { return r.life.Stop() }

// run starts visits while the broker takes messages: without a broker there are no attempts at all.
func (r *Relay) run(taking, working context.Context) {
	for taking.Err() == nil {
		if r.cfg.Broker.Ready(taking) != nil {
			_ = safego.Pause(taking, databasePause, nil) // on its way out, or closed
			continue
		}
		more, err := r.round(taking, working)
		if err != nil && taking.Err() == nil {
			r.cfg.Log.WarnContext(taking, "looking for events to relay failed", "error", err)
			_ = safego.Pause(taking, databasePause, nil)
		}
		if !more { // until the next look, or until a visit ends while every worker is at one
			_ = safego.Pause(taking, r.cfg.Poll, r.ended)
		}
	}
}

// fold keeps one marker a tenant instead of one a commit, so that a broker configured later finds the whole backlog.
func (r *Relay) fold(ctx context.Context) {
	for ctx.Err() == nil {
		more := false
		err := r.cfg.DB.Work(ctx, r.cfg.Database, func(tx *postgres.WorkTx) (err error) {
			more, err = tx.FoldOutboxMarkers(ctx)
			return err
		})
		if err != nil && ctx.Err() == nil {
			r.cfg.Log.WarnContext(ctx, "folding outbox markers failed", "error", err)
		}
		if !more {
			_ = safego.Pause(ctx, backlogEvery, nil)
		}
	}
}

// round folds markers and begins as many visits as there are free workers. more reports that there may be further work.
func (r *Relay) round(ctx, working context.Context) (more bool, err error) {
	free := r.cfg.Workers - int(r.active.Load())
	if free <= 0 {
		return false, nil
	}
	var visits []postgres.OutboxVisit
	err = r.cfg.DB.Work(ctx, r.cfg.Database, func(tx *postgres.WorkTx) error {
		if more, err = tx.FoldOutboxMarkers(ctx); err != nil {
			return err
		}
		visits, err = tx.ClaimOutboxVisits(ctx, free, r.cfg.Lease)
		return err
	})
	if err != nil {
		return false, err
	}
	for _, visit := range visits {
		r.active.Add(1)
		r.cfg.Figures.visiting(ctx, 1)
		r.visits.Go(func() {
			defer r.visited()
			defer safego.RecoverAndLogWithContext(working, r.cfg.Log, "outbox.relay") // its lease ends by itself
			r.visit(ctx, auth.WithTenant(working, visit.TenantID), visit)
		})
	}
	return more || len(visits) == free, nil
}

func (r *Relay) visited() {
	r.active.Add(-1)
	r.cfg.Figures.visiting(context.Background(), -1)
	select {
	case r.ended <- struct{}{}:
	default:
	}
}

// watch logs a backlog that grows old, whatever holds it up.
func (r *Relay) watch(ctx context.Context) {
	for safego.Pause(ctx, backlogEvery, nil) == nil {
		backlog, err := r.Backlog(ctx)
		if err == nil && backlog.Oldest > backlogEvery {
			r.cfg.Log.WarnContext(ctx, "events wait for the broker",
				"tenants", backlog.Tenants, "oldest", backlog.Oldest.Round(time.Second))
		}
	}
}

// Backlog returns how many tenants have events to relay, and the age of the oldest wait.
func (r *Relay) Backlog(ctx context.Context) (backlog postgres.OutboxBacklog, err error) {
	err = r.cfg.DB.Work(ctx, r.cfg.Database, func(tx *postgres.WorkTx) (err error) {
		backlog, err = tx.OutboxBacklog(ctx)
		return err
	})
	return backlog, err
}
