package main

import (
	"bytes"
	"context"
	"encoding/json"
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
)

// patience is how long a client bears with a server that is busy, restarting or behind a bad line. The zero value is none.
type patience struct {
	attempts    int           // in all
	first, most time.Duration // pauses: the first one, then twice as long each, at most
	say         func(why string, pause time.Duration)
}

// usualPatience adds up to half a minute where the server names no time of its own.
func usualPatience(say func(string, time.Duration)) patience {
	return patience{attempts: 8, first: 250 * time.Millisecond, most: 10 * time.Second, say: say}
}

// retryAfterMax bounds what a server may ask for: whoever is told to wait longer is told to come back later.
const retryAfterMax = time.Minute

// do makes a request, again where that can do nothing twice: reads and replacements are the same however often they come,
// and a POST carries a key.
func (c client) do(ctx context.Context, r apiCall, to any) error {
	pause := c.patience.first
	for attempt := 1; ; attempt++ {
		err := c.once(ctx, r, to)
		again, why := c.worthAnother(r, err)
		if err == nil || ctx.Err() != nil || !again || attempt >= c.patience.attempts {
			return c.told(err, attempt)
		}
		wait := pause + rand.N(pause/4+1)
		var refused *refusal
		if errors.As(err, &refused) && refused.retryAfter > 0 {
			wait = refused.retryAfter
		}
		if wait > retryAfterMax {
			return fmt.Errorf("%w: the server asks to come back in %s", err, wait.Round(time.Second))
		}
		if c.patience.say != nil {
			c.patience.say(why, wait)
		}
		if err := pauseFor(ctx, wait); err != nil {
			return c.told(err, attempt)
		}
		pause = min(2*pause, c.patience.most)
	}
}

// worthAnother says whether another attempt may do better, and why the last one failed.
func (c client) worthAnother(r apiCall, err error) (again bool, why string) {
	repeatable := !r.unrepeatable && (r.method != http.MethodPost || r.key != "")
	var refused *refusal
	switch {
	case err == nil:
		return false, ""
	case errors.As(err, &refused):
		switch {
		case r.unrepeatable:
			return false, ""
		case refused.Status == http.StatusTooManyRequests, refused.Status == http.StatusServiceUnavailable:
			return true, "the server is busy (" + refused.Code + ")" // it did nothing
		case refused.Status == http.StatusBadGateway, refused.Status == http.StatusGatewayTimeout:
			return repeatable, "the server is not there at the moment"
		}
		return refused.Code == "IDEMPOTENCY_IN_FLIGHT", "the first attempt is still at work"
	case !isNetwork(err):
		return false, ""
	}
	return repeatable && (c.met() || !isDial(err)), "the connection was lost"
}

// met says whether the server has answered before: then it is the right one, and will be back.
func (c client) met() bool { return c.answered != nil && c.answered.Load() }

func isDial(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && op.Op == "dial"
}

// isNetwork: everything between the two ends, but not what this side could not read or the other side wrote wrong.
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

var errInterrupted = errors.New("interrupted")

// told says what happened to the connection in words; it never repeats a header.
func (c client) told(err error, attempts int) error {
	var transport *url.Error
	switch {
	case errors.Is(err, context.Canceled):
		return errInterrupted
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
	if attempts > 1 || c.met() {
		return fmt.Errorf("%w; %s made: repeat the command when the service is back", err, attemptsMade(attempts))
	}
	return fmt.Errorf("%w: check that the service runs there and that MATCHER_URL is its address", err)
}

func attemptsMade(n int) string {
	if n == 1 {
		return "1 attempt was"
	}
	return strconv.Itoa(n) + " attempts were"
}

// withoutUser keeps a password that somebody wrote into the address out of messages.
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

// retryAfterOf reads the header's seconds; its other form, a date, is no part of this API.
func retryAfterOf(response *http.Response) time.Duration {
	for _, value := range response.Header["Retry-After"] {
		if seconds, err := strconv.Atoi(value); err == nil && seconds > 0 {
			return time.Duration(seconds) * time.Second
		}
	}
	return 0
}

// jsonCall is a request with a JSON body; a nil body is none.
func jsonCall(method, path string, body any) (apiCall, error) {
	r := apiCall{method: method, path: path}
	if body == nil {
		return r, nil
	}
	text, err := json.Marshal(body)
	if err != nil {
		return r, err
	}
	r.contentType, r.size = "application/json", int64(len(text))
	r.body = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(text)), nil }
	return r, nil
}
