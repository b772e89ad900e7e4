package rabbitmq

import (
	"context"
	"errors"
	"math/rand/v2"
	"strings"
	"time"

	"matcher/internal/postgres"
	"matcher/internal/recon"
)

// goneAfter is how many visits in a row must find that a tenant does not exist before its visits end: a configuration
// authority may be wrong for a while.
const goneAfter = 20

// visit sends the events of one tenant and ends its claim. ctx carries the tenant; taking ends the visit early.
func (r *Relay) visit(taking, ctx context.Context, visit postgres.OutboxVisit) {
	r.counts.visits.Add(1)
	end, fault := r.drain(taking, ctx, visit)
	if fault != nil {
		r.counts.failures.Add(1)
		r.cfg.Log.WarnContext(ctx, "relaying a tenant's events failed", "error", fault, "failures", end.Failures,
			"pause", end.Pause)
	}
	err := r.cfg.DB.Work(ctx, r.cfg.Database, func(tx *postgres.WorkTx) error {
		if recon.KindOf(fault) == recon.KindNotFound && end.Failures > goneAfter {
			return tx.ForgetOutboxVisit(ctx, visit)
		}
		return tx.EndOutboxVisit(ctx, visit, end)
	})
	if err != nil {
		r.cfg.Log.WarnContext(ctx, "recording the end of a relay visit failed; the tenant waits for its lease to end",
			"error", err)
	}
}

// drain sends batch after batch. After a failure it goes event by event, so that what fails is the first of its batch.
func (r *Relay) drain(taking, ctx context.Context, visit postgres.OutboxVisit) (postgres.OutboxVisitEnd, error) {
	publisher, err := r.publisher(ctx, visit.TenantID)
	if err != nil {
		return pauseAfter(visit.Attempts, err), err
	}
	defer publisher.Release()
	limit, failures := r.cfg.Batch, visit.Attempts
	if failures > 0 {
		limit = 1
	}
	for until := time.Now().Add(visitMax); ; {
		b, err := r.next(ctx, limit)
		if err != nil {
			return pauseAfter(failures, err), err
		}
		if len(b.Events) == 0 && len(b.Parked) == 0 {
			return postgres.OutboxVisitEnd{Done: true, Position: b.Position, Retry: b.Retry}, nil
		}
		result, fault := r.publish(ctx, publisher, b, failures)
		r.at(ctx, "confirmed, not recorded")
		retry, err := r.record(ctx, result)
		if err != nil {
			return pauseAfter(failures, err), err
		}
		if result.To > result.From {
			failures = 0
		}
		switch {
		case fault != nil:
			return pauseAfter(failures, fault), fault
		case len(b.Events) < limit && len(b.Parked) == 0:
			return postgres.OutboxVisitEnd{Done: true, Position: result.To, Retry: retry}, nil
		case taking.Err() != nil || time.Now().After(until):
			return postgres.OutboxVisitEnd{Failures: failures}, nil // due again at once
		}
	}
}

func (r *Relay) publisher(ctx context.Context, tenantID string) (*Publisher, error) {
	if r.cfg.VHost == nil {
		return r.cfg.Broker.Publisher(ctx, "")
	}
	vhost, err := r.cfg.VHost(ctx, tenantID)
	if err != nil {
		return nil, err
	}
	return r.cfg.Broker.Publisher(ctx, vhost)
}

func (r *Relay) next(ctx context.Context, limit int) (b postgres.OutboxBatch, err error) {
	err = r.cfg.DB.Read(ctx, func(tx *postgres.Tx) error {
		b, err = tx.OutboxBatch(ctx, limit)
		return err
	})
	return b, err
}

func (r *Relay) record(ctx context.Context, result postgres.OutboxResult) (retry time.Time, err error) {
	err = r.cfg.DB.Tx(ctx, func(tx *postgres.Tx) error {
		retry, err = tx.RecordOutbox(ctx, result)
		return err
	})
	if err == nil {
		sent := result.To - result.From + int64(len(result.Sent)-firsts(result))
		r.counts.sent.Add(sent)
		r.cfg.Figures.confirmed(ctx, sent)
		r.counts.parked.Add(int64(len(result.Parked)))
	}
	return retry, err
}

// firsts counts the events that the position passed unsent.
func firsts(result postgres.OutboxResult) (n int) {
	for _, parking := range result.Parked {
		if parking.Seq > result.From {
			n++
		}
	}
	return n
}

// publish sends a batch and returns what to record of it, and the fault that stopped it.
func (r *Relay) publish(ctx context.Context, p *Publisher, b postgres.OutboxBatch,
	failures int,
) (postgres.OutboxResult, error) {
	result := postgres.OutboxResult{From: b.Position, To: b.Position}
	r.at(ctx, "read, not sent")
	outcomes := r.send(ctx, p, b.Events)
	for at, outcome := range outcomes {
		event := b.Events[at]
		switch {
		case outcome == nil:
		case errors.Is(outcome, ErrReturned), unfit(outcome) && at == 0 && failures+1 >= r.cfg.AttemptsMax:
			r.cfg.Log.WarnContext(ctx, "event parked", "key", event.Key, "seq", event.Seq, "cause", outcome)
			result.Parked = append(result.Parked, r.parking(event, 1, outcome))
		default:
			return result, outcome
		}
		result.To = event.Seq
	}
	return result, r.retryParked(ctx, p, b.Parked, &result)
}

// send pipelines events and gathers an outcome for each; those behind one that could not be sent have none.
func (r *Relay) send(ctx context.Context, p *Publisher, events []recon.Event) []error {
	var fault error
	for _, event := range events {
		if fault = r.publisherOf(event).PublishEvent(ctx, p, event); fault != nil {
			break
		}
	}
	if len(events) > 0 {
		r.at(ctx, "sent, not confirmed")
	}
	outcomes := p.Outcomes(ctx)
	if fault != nil {
		outcomes = append(outcomes, fault)
	}
	return outcomes
}

func (r *Relay) publisherOf(event recon.Event) EventPublisher {
	prefix, _, _ := strings.Cut(event.Key, ".")
	if publisher, known := r.cfg.Publishers[prefix]; known {
		return publisher
	}
	return r.cfg.Default
}

// retryParked tries parked events one by one: any of them may cost the channel.
func (r *Relay) retryParked(ctx context.Context, p *Publisher, parked []postgres.ParkedEvent,
	result *postgres.OutboxResult,
) error {
	for _, event := range parked {
		outcome := r.send(ctx, p, []recon.Event{event.Event})[0]
		switch {
		case outcome == nil:
			result.Sent = append(result.Sent, event.Event.Seq)
		case errors.Is(outcome, ErrReturned), unfit(outcome):
			result.Parked = append(result.Parked, r.parking(event.Event, event.Attempts+1, outcome))
		default:
			return outcome
		}
		if errors.Is(outcome, ErrRefused) {
			return nil // the channel is gone; the rest is due still
		}
	}
	return nil
}

// unfit reports that the broker answered and refused this message.
func unfit(outcome error) bool {
	return errors.Is(outcome, ErrNacked) || errors.Is(outcome, ErrRefused)
}

func (r *Relay) parking(event recon.Event, attempts int, cause error) postgres.Parking {
	parking := postgres.Parking{Seq: event.Seq, Attempts: attempts, Cause: cause.Error()}
	if attempts < r.cfg.ParkedMax {
		parking.RetryIn = doubled(r.cfg.ParkedFirst, attempts-1, parkedPause)
	}
	return parking
}

// pauseAfter backs a tenant off. A broker that is gone is no failure of the tenant's.
func pauseAfter(failures int, fault error) postgres.OutboxVisitEnd {
	switch {
	case errors.Is(fault, postgres.ErrOutboxMoved):
		return postgres.OutboxVisitEnd{Failures: failures}
	case errors.Is(fault, ErrUnavailable):
		return postgres.OutboxVisitEnd{Failures: failures, Pause: brokerPause/2 + rand.N(brokerPause)}
	}
	pause := doubled(failureFirst, failures, failurePause)
	return postgres.OutboxVisitEnd{Failures: failures + 1, Pause: pause/2 + rand.N(pause)}
}

func doubled(first time.Duration, times int, most time.Duration) time.Duration {
	return min(first<<min(times, 20), most)
}
