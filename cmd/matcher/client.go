package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"time"
)

// client speaks to the API as its users do.
type client struct {
	url, token string
	apiKey     string // goes instead of the token where there is one
	patience   patience
	answered   *atomic.Bool // set once the server has answered; nil where nobody asks
}

// refusal is a problem that the API answered.
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
	fmt.Fprintf(&text, "%d %s: %s", r.Status, cmp.Or(r.Code, http.StatusText(r.Status)), cmp.Or(r.Detail, "the server said no more"))
	for _, e := range r.Errors {
		fmt.Fprintf(&text, "; %s %s", cmp.Or(e.Pointer, e.Parameter), e.Message)
	}
	text.WriteString(r.wayOut())
	return text.String()
}

// wayOut is what the caller can do about it, where the detail alone does not say so.
func (r *refusal) wayOut() string {
	switch {
	case r.Status == http.StatusUnauthorized && r.Code != "API_KEY_INVALID":
		return ": set MATCHER_TOKEN to a token that is valid now, from your identity provider or from matcher token"
	case r.Code == "ROLE_REQUIRED":
		return ": use a token with a role that may do this (docs/roles.md)"
	case r.Status >= http.StatusInternalServerError && r.RequestID != "":
		return " (request " + r.RequestID + ")"
	}
	return ""
}

// get reads a path into to.
func (c client) get(ctx context.Context, path string, to any) error {
	return c.do(ctx, apiCall{method: http.MethodGet, path: path}, to)
}

// post sends body as JSON under an idempotency key and reads the answer into to.
func (c client) post(ctx context.Context, path, key string, body, to any) error {
	r, err := jsonCall(http.MethodPost, path, body)
	if err != nil {
		return err
	}
	r.key = key
	return c.do(ctx, r, to)
}

// put replaces what is at path.
func (c client) put(ctx context.Context, path string, body, to any) error {
	return c.send(ctx, http.MethodPut, path, body, to)
}

// send sends body as JSON and reads the answer into to.
func (c client) send(ctx context.Context, method, path string, body, to any) error {
	r, err := jsonCall(method, path, body)
	if err != nil {
		return err
	}
	return c.do(ctx, r, to)
}

// upload streams a file.
func (c client) upload(ctx context.Context, path, key string, body io.Reader, to any) error {
	return c.call(ctx, http.MethodPost, path, key, "application/octet-stream", body, to)
}

// call sends a body that can be read once.
func (c client) call(ctx context.Context, method, path, key, contentType string, body io.Reader, to any) error {
	r := apiCall{method: method, path: path, key: key, contentType: contentType}
	if body != nil {
		r.unrepeatable = true
		r.body = func() (io.ReadCloser, error) { return io.NopCloser(body), nil }
	}
	return c.do(ctx, r, to)
}

// apiCall is one request. Its body is made anew for every attempt.
type apiCall struct {
	method, path, key    string
	contentType, ifMatch string
	size                 int64 // of the body; 0 is unknown
	body                 func() (io.ReadCloser, error)
	unrepeatable         bool // the body can be had once only
}

// once makes one attempt.
func (c client) once(ctx context.Context, r apiCall, to any) error {
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
		_ = json.NewDecoder(io.LimitReader(response.Body, refusalBytesMax)).Decode(answer) // a proxy's answer may be no problem; the status says enough
		answer.Status, answer.retryAfter = response.StatusCode, retryAfterOf(response)
		path, _, _ := strings.Cut(r.path, "?")
		return fmt.Errorf("%s %s: %w", r.method, path, answer)
	}
	if to == nil {
		_, err := io.Copy(io.Discard, response.Body)
		return err
	}
	err = json.NewDecoder(response.Body).Decode(to)
	if errors.As(err, new(*json.SyntaxError)) {
		return fmt.Errorf("%s does not answer as Matcher's API does: set MATCHER_URL to the address of the service, without a path", withoutUser(c.url))
	}
	_, _ = io.Copy(io.Discard, response.Body) // read to its end, the connection serves the next request
	return err
}

func (c client) request(ctx context.Context, r apiCall) (*http.Request, error) {
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
	for name, value := range map[string]string{"Content-Type": r.contentType, "Idempotency-Key": r.key, "If-Match": r.ifMatch} {
		if value != "" {
			request.Header.Set(name, value)
		}
	}
	return request, nil
}

// refusalBytesMax is far above any problem that the API answers.
const refusalBytesMax = 1 << 20

// apiTransport follows no redirect: a POST would become a GET on the way, and the token would go where nobody sent it.
var apiTransport = &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}

const (
	pollEvery = 100 * time.Millisecond
	runWait   = 5 * time.Minute
)

// runStatus is what a caller needs of a run.
type runStatus struct {
	ID           string          `json:"id"`
	Status       string          `json:"status"`
	ErrorMessage string          `json:"errorMessage"`
	Summary      json.RawMessage `json:"summary"`
}

// await polls a run until it has ended.
func (c client) await(ctx context.Context, id string) (run runStatus, err error) {
	ctx, cancel := context.WithTimeout(ctx, runWait)
	defer cancel()
	ticker := time.NewTicker(pollEvery)
	defer ticker.Stop()
	for {
		if err := c.get(ctx, "/v1/runs/"+id, &run); err != nil {
			return run, err
		}
		switch run.Status {
		case "COMPLETED":
			return run, nil
		case "FAILED", "CANCELLED":
			return run, fmt.Errorf("the run is %s: %s", run.Status, run.ErrorMessage)
		}
		select {
		case <-ctx.Done():
			return run, fmt.Errorf("waiting for run %s: %w", id, ctx.Err())
		case <-ticker.C:
		}
	}
}
