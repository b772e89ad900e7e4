package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"syscall"
	"time"

	"matcher/internal/recon"
)

// retryPolicy bounds retries against a busy or unreachable server. The zero value makes one attempt.
type retryPolicy struct {
	attempts    int           // in all
	first, most time.Duration // the first pause, doubled after each attempt up to the most
	onWait      func(why string, pause time.Duration)
}

// defaultRetries waits half a minute in all when the server names no time of its own.
func defaultRetries(onWait func(string, time.Duration)) retryPolicy {
	return retryPolicy{attempts: 8, first: 250 * time.Millisecond, most: 10 * time.Second, onWait: onWait}
}

// retryAfterMax bounds what a server may ask for; a longer wait is left to the user.
const retryAfterMax = time.Minute

// do makes a request and repeats it where repeating has no effect of its own: reads and replacements are idempotent,
// and a POST carries a key.
func (c client) do(ctx context.Context, r apiCall, to any) error {
	if err := r.prepare(); err != nil {
		return err
	}
	pause := c.retry.first
	for attempt := 1; ; attempt++ {
		err := c.attempt(ctx, &r, to)
		again, why := c.shouldRetry(&r, err)
		if err == nil || ctx.Err() != nil || !again || attempt >= c.retry.attempts {
			return c.describe(err, attempt)
		}
		wait := pause + rand.N(pause/4+1)
		var refused *refusal
		if errors.As(err, &refused) && refused.retryAfter > 0 {
			wait = refused.retryAfter
		}
		if wait > retryAfterMax {
			return fmt.Errorf("%w: the server asks to come back in %s", err, wait.Round(time.Second))
		}
		if c.retry.onWait != nil {
			c.retry.onWait(why, wait)
		}
		if err := pauseFor(ctx, wait); err != nil {
			return c.describe(err, attempt)
		}
		pause = min(2*pause, c.retry.most)
	}
}

// shouldRetry reports whether another attempt may succeed, and why the last one failed.
func (c client) shouldRetry(r *apiCall, err error) (again bool, why string) {
	repeatable := !r.bodyOnce && (r.method != http.MethodPost || r.key != "")
	var refused *refusal
	switch {
	case err == nil:
		return false, ""
	case errors.As(err, &refused):
		switch {
		case r.bodyOnce:
			return false, ""
		case refused.Status == http.StatusTooManyRequests, refused.Status == http.StatusServiceUnavailable:
			return true, "the server is busy (" + refused.Code + ")" // it did nothing
		case refused.Status == http.StatusBadGateway, refused.Status == http.StatusGatewayTimeout:
			return repeatable, "the server is unavailable"
		}
		return refused.Code == recon.CodeIdempotencyInFlight, "the first attempt is still running"
	case !isNetwork(err):
		return false, ""
	}
	var op *net.OpError
	dialFailed := errors.As(err, &op) && op.Op == "dial"
	return repeatable && (c.reached() || !dialFailed), "the connection was lost"
}

// reached reports whether the server has answered before: then the address is right, and the server will be back.
func (c client) reached() bool { return c.answered != nil && c.answered.Load() }

// isNetwork reports whether an error came from the connection, and not from a local file or a malformed answer.
func isNetwork(err error) bool {
	var transport *url.Error
	var path *fs.PathError
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.ECONNRESET):
		return true
	case errors.As(err, &path), errors.Is(err, context.Canceled):
		return false
	}
	return errors.As(err, &transport) && !strings.Contains(err.Error(), "tls: ")
}

// describe words a connection's failure for people; it never repeats a header.
func (c client) describe(err error, attempts int) error {
	var transport *url.Error
	switch {
	case errors.Is(err, context.Canceled):
		return errors.New("interrupted")
	case errors.As(err, &transport):
		var path *fs.PathError
		if errors.As(err, &path) {
			return path
		}
		err = fmt.Errorf("%s does not answer (%w)", withoutUser(c.url), transport.Err)
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.ECONNRESET):
		err = fmt.Errorf("the connection to %s was lost (%w)", withoutUser(c.url), err)
	default:
		return err
	}
	switch {
	case attempts > 1:
		return fmt.Errorf("%w; %d attempts were made: repeat the command when the service is back", err, attempts)
	case c.reached():
		return fmt.Errorf("%w; 1 attempt was made: repeat the command when the service is back", err)
	}
	return fmt.Errorf("%w: check that the service runs there and that MATCHER_URL is its address", err)
}

// withoutUser removes a user and password from an address, for messages.
func withoutUser(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return "MATCHER_URL"
	}
	u.User = nil
	return u.String()
}

func pauseFor(ctx context.Context, wait time.Duration) error {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// retryAfterOf reads the header's seconds; its other form, a date, is not part of this API.
func retryAfterOf(response *http.Response) time.Duration {
	for _, value := range response.Header["Retry-After"] {
		if seconds, err := strconv.Atoi(value); err == nil && seconds > 0 {
			return time.Duration(seconds) * time.Second
		}
	}
	return 0
}
