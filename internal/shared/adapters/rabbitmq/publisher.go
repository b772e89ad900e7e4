package rabbitmq

import (
	"context"
	"fmt"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"matcher/internal/auth"
	"matcher/internal/recon"
)

const (
	// InFlightMax is how many messages a publisher may have unconfirmed: 500 make some 12,000 a second of 1,100.
	InFlightMax = 500
	openTimeout = 5 * time.Second
	// confirmTimeout bounds the wait for one confirm. Quorum queues confirm after a majority has the message on disk.
	confirmTimeout = 15 * time.Second
	// publishersKept bounds the channels that a connection keeps open for the next visit.
	publishersKept = 16
)

// RejectionError is why the broker did not take a message, which stays unsent.
type RejectionError string

// The rejections.
const (
	ErrReturned RejectionError = "no queue is bound to the routing key"
	ErrNacked   RejectionError = "the broker refused the message"
	ErrRefused  RejectionError = "the broker closed the channel because of a message"
)

func (r RejectionError) Error() string { return string(r) }

// Publisher is a channel in confirm mode. It belongs to one goroutine, so that a message which makes the broker close
// the channel costs no other tenant anything.
type Publisher struct {
	host     *host
	channel  *amqp.Channel
	confirms chan amqp.Confirmation
	returns  chan amqp.Return
	closed   chan *amqp.Error
	inFlight []string // message ids, in the order in which they were sent
	broken   error
}

// Publisher opens a channel to a virtual host, "" being the installation's own. Release returns it.
func (b *Broker) Publisher(ctx context.Context, vhost string) (*Publisher, error) {
	h, err := b.host(vhost)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, openTimeout)
	defer cancel()
	conn, err := h.await(ctx)
	if err != nil {
		return nil, err
	}
	if p := h.takeIdle(); p != nil {
		return p, nil
	}
	p, err := h.open(conn)
	if err != nil {
		return nil, fmt.Errorf("%w: opening a channel: %w", ErrUnavailable, err)
	}
	return p, nil
}

func (h *host) takeIdle() *Publisher {
	h.mu.Lock()
	defer h.mu.Unlock()
	for len(h.idle) > 0 {
		p := h.idle[len(h.idle)-1]
		h.idle = h.idle[:len(h.idle)-1]
		if !p.channel.IsClosed() {
			return p
		}
	}
	return nil
}

// open declares the exchange with every channel: an operator may have deleted it.
func (h *host) open(conn *amqp.Connection) (*Publisher, error) {
	channel, err := conn.Channel()
	if err != nil {
		return nil, err
	}
	err = channel.ExchangeDeclare(Exchange, amqp.ExchangeTopic, true, false, false, false, nil)
	if err == nil {
		err = channel.Confirm(false)
	}
	if err != nil {
		_ = channel.Close()
		return nil, err
	}
	// The buffers hold all there can be, so the library's reader never waits for us.
	return &Publisher{
		host: h, channel: channel,
		confirms: channel.NotifyPublish(make(chan amqp.Confirmation, InFlightMax)),
		returns:  channel.NotifyReturn(make(chan amqp.Return, InFlightMax)),
		closed:   channel.NotifyClose(make(chan *amqp.Error, 1)),
	}, nil
}

// Send publishes an event of the tenant in ctx without waiting for its confirm, which Outcomes does. At most
// InFlightMax may be unconfirmed. An error means that this message was not sent and no more can be.
func (p *Publisher) Send(ctx context.Context, routingKey string, event recon.Event) error {
	tenantID, err := auth.TenantID(ctx)
	if err != nil {
		return err
	}
	if len(p.inFlight) == InFlightMax {
		return fmt.Errorf("more than %d messages unconfirmed", InFlightMax)
	}
	message, err := publishing(tenantID, event)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrRefused, err)
	}
	const mandatory, immediate = true, false
	if err := p.channel.PublishWithContext(ctx, Exchange, routingKey, mandatory, immediate, message); err != nil {
		p.broken = p.cause(err)
		return p.broken
	}
	p.inFlight = append(p.inFlight, event.ID)
	return nil
}

// Outcomes waits for the confirms of all messages sent since the last call and returns the outcome of each, in their
// order: nil means that the broker has it on every queue that is bound to its key.
func (p *Publisher) Outcomes(ctx context.Context) []error {
	outcomes := make([]error, len(p.inFlight))
	returned := map[string]bool{}
	for at, id := range p.inFlight {
		if p.broken == nil {
			outcomes[at] = p.next(ctx, id, returned)
		} else {
			outcomes[at] = p.late(id, returned)
		}
	}
	p.inFlight = p.inFlight[:0]
	return outcomes
}

// next waits for the confirm of the oldest message: the library brings them in order.
func (p *Publisher) next(ctx context.Context, id string, returned map[string]bool) error {
	timer := time.NewTimer(confirmTimeout)
	defer timer.Stop()
	select {
	case confirm, open := <-p.confirms:
		if open {
			return p.judge(confirm, id, returned)
		}
		p.broken = p.cause(amqp.ErrClosed)
	case <-timer.C:
		p.broken = fmt.Errorf("%w: no confirm within %s", ErrUnavailable, confirmTimeout)
	case <-ctx.Done():
		p.broken = fmt.Errorf("%w: %w", ErrUnavailable, context.Cause(ctx))
	}
	return p.broken
}

// late takes a confirm that had arrived before the channel broke.
func (p *Publisher) late(id string, returned map[string]bool) error {
	select {
	case confirm, open := <-p.confirms:
		if open {
			return p.judge(confirm, id, returned)
		}
	default:
	}
	return p.broken
}

// judge needs the returns first: the broker sends a message's return before its confirm, so it is in the buffer.
func (p *Publisher) judge(confirm amqp.Confirmation, id string, returned map[string]bool) error {
	for waiting := true; waiting; {
		select {
		case message, open := <-p.returns:
			waiting = open
			returned[message.MessageId] = true
		default:
			waiting = false
		}
	}
	switch {
	case !confirm.Ack:
		return ErrNacked
	case returned[id]:
		return ErrReturned
	default:
		return nil
	}
}

// cause distinguishes a message that the broker cannot take from a broker that is unreachable.
func (p *Publisher) cause(err error) error {
	select {
	case reason := <-p.closed:
		if reason == nil {
			break
		}
		if reason.Code == amqp.PreconditionFailed || reason.Code == amqp.ContentTooLarge {
			return fmt.Errorf("%w: %s", ErrRefused, reason.Reason)
		}
		err = reason
	default:
	}
	return fmt.Errorf("%w: %w", ErrUnavailable, err)
}

// Release returns the channel for the next visit; a broken one, or one with confirms outstanding, is closed.
func (p *Publisher) Release() {
	if p.broken == nil && len(p.inFlight) == 0 && p.keep() {
		return
	}
	go func() { _ = p.channel.Close() }() // asks the broker, which may not be listening
}

func (p *Publisher) keep() bool {
	h := p.host
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.conn == nil || p.channel.IsClosed() || len(h.idle) == publishersKept {
		return false
	}
	h.idle = append(h.idle, p)
	return true
}
