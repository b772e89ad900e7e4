package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"matcher/internal/recon"
)

// client calls the HTTP API as any other user of it does.
type client struct {
	url, token string
	apiKey     string // sent instead of the token when set
	retry      retryPolicy
	answered   *atomic.Bool // set once the server has answered; may be nil
}

// apiCall is one request. Its body is made anew for every attempt.
type apiCall struct {
	method, path string // no method is GET
	key          string // idempotency key, which makes a POST repeatable
	version      int    // a change to a later version is refused; 0 is any
	json         any    // the body, unless body is set
	contentType  string
	body         func() (io.ReadCloser, error)
	size         int64 // of body; 0 is unknown
	bodyOnce     bool  // body can be read once only
}

// refusal is a problem document of the API.
type refusal struct {
	Status    int    `json:"status"`
	Code      string `json:"code"`
	Detail    string `json:"detail"`
	RequestID string `json:"requestId"`
	Errors    []struct {
		Pointer   string `json:"pointer"`
		Parameter string `json:"parameter"`
		Message   string `json:"message"`
	} `json:"errors"`
	retryAfter time.Duration
}

func (r *refusal) Error() string {
	var text strings.Builder
	fmt.Fprintf(&text, "%d %s: %s", r.Status, cmp.Or(r.Code, http.StatusText(r.Status)),
		cmp.Or(r.Detail, "(no details)"))
	for _, e := range r.Errors {
		fmt.Fprintf(&text, "; %s %s", cmp.Or(e.Pointer, e.Parameter), e.Message)
	}
	switch {
	case r.Status == http.StatusUnauthorized && r.Code != recon.CodeAPIKeyInvalid:
		text.WriteString(": set MATCHER_TOKEN to a valid token, from your identity provider or from matcher token")
	case r.Code == recon.CodeRoleRequired:
		text.WriteString(": use a token with a role that allows this (docs/roles.md)")
	case r.Status >= http.StatusInternalServerError && r.RequestID != "":
		text.WriteString(" (request " + r.RequestID + ")")
	}
	return text.String()
}

// waitingError is the path of a change that waits for a second person.
type waitingError string

func (w waitingError) Error() string {
	return "this needs a second person: it waits until another configurator approves it (POST " +
		string(w) + "/approve)"
}

// get reads a path into to.
func (c client) get(ctx context.Context, path string, to any) error {
	return c.do(ctx, apiCall{path: path}, to)
}

// post sends body as JSON under a new idempotency key and reads the answer into to.
func (c client) post(ctx context.Context, path string, body, to any) error {
	return c.do(ctx, apiCall{method: http.MethodPost, path: path, key: newKey(), json: body}, to)
}

const (
	pollFirst = 100 * time.Millisecond // a small run ends at once
	pollMost  = 2 * time.Second
)

// await reads a job into job until it has ended, less and less often.
func (c client) await(ctx context.Context, path string, job any, ended func() bool) error {
	for pause := pollFirst; !ended(); pause = min(pause*5/4, pollMost) {
		if err := pauseFor(ctx, pause); err != nil {
			return err
		}
		if err := c.get(ctx, path, job); err != nil {
			return err
		}
	}
	return nil
}

// prepare fills in what follows from the rest of a call.
func (r *apiCall) prepare() error {
	r.method = cmp.Or(r.method, http.MethodGet)
	if r.json == nil || r.body != nil {
		return nil
	}
	text, err := json.Marshal(r.json)
	if err != nil {
		return err
	}
	r.contentType, r.size = "application/json", int64(len(text))
	r.body = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(text)), nil }
	return nil
}

// attempt makes the request once.
func (c client) attempt(ctx context.Context, r *apiCall, to any) error {
	request, err := c.request(ctx, r)
	if err != nil {
		return err
	}
	response, err := apiTransport.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if c.answered != nil {
		c.answered.Store(true)
	}
	if response.StatusCode >= http.StatusMultipleChoices {
		answer := &refusal{}
		// A proxy's answer may be no problem document; the status is enough then.
		_ = json.NewDecoder(io.LimitReader(response.Body, refusalBytesMax)).Decode(answer)
		answer.Status, answer.retryAfter = response.StatusCode, retryAfterOf(response)
		path, _, _ := strings.Cut(r.path, "?")
		return fmt.Errorf("%s %s: %w", r.method, path, answer)
	}
	place := response.Header.Get("Location")
	if response.StatusCode == http.StatusAccepted && strings.HasPrefix(place, "/v1/changes/") {
		return waitingError(place)
	}
	if to != nil {
		err = json.NewDecoder(response.Body).Decode(to)
	}
	if errors.As(err, new(*json.SyntaxError)) {
		return fmt.Errorf("%s does not answer as Matcher's API does: set MATCHER_URL to the address of the service, "+
			"without a path",
			withoutUser(c.url))
	}
	if err == nil {
		_, err = io.Copy(io.Discard, response.Body) // a body read to its end lets the connection serve the next request
	}
	return err
}

func (c client) request(ctx context.Context, r *apiCall) (*http.Request, error) {
	var body io.ReadCloser
	if r.body != nil {
		var err error
		if body, err = r.body(); err != nil {
			return nil, err
		}
	}
	request, err := http.NewRequestWithContext(ctx, r.method, c.url+r.path, body)
	if err != nil {
		return nil, err
	}
	if r.size > 0 {
		request.ContentLength = r.size
	}
	if c.apiKey != "" {
		request.Header.Set("X-API-Key", c.apiKey)
	} else {
		request.Header.Set("Authorization", "Bearer "+c.token)
	}
	if r.version > 0 {
		request.Header.Set("If-Match", strconv.Quote(strconv.Itoa(r.version)))
	}
	for name, value := range map[string]string{"Content-Type": r.contentType, "Idempotency-Key": r.key} {
		if value != "" {
			request.Header.Set(name, value)
		}
	}
	return request, nil
}

// refusalBytesMax is far above any problem document of the API.
const refusalBytesMax = 1 << 20

// apiTransport follows no redirect: a POST would become a GET on the way, and the token would reach another host.
var apiTransport = &http.Client{
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}
