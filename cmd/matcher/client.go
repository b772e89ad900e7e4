package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// client speaks to the API as its users do.
type client struct {
	url, token string
	apiKey     string // goes instead of the token where there is one
}

// refusal is a problem that the API answered.
type refusal struct {
	Status int    `json:"status"`
	Code   string `json:"code"`
	Detail string `json:"detail"`
	Errors []struct {
		Pointer string `json:"pointer"`
		Message string `json:"message"`
	} `json:"errors"`
}

func (r *refusal) Error() string {
	var text strings.Builder
	fmt.Fprintf(&text, "%d %s: %s", r.Status, r.Code, r.Detail)
	for _, e := range r.Errors {
		fmt.Fprintf(&text, "; %s %s", e.Pointer, e.Message)
	}
	return text.String()
}

// get reads a path into to.
func (c client) get(ctx context.Context, path string, to any) error {
	return c.call(ctx, http.MethodGet, path, "", "", nil, to)
}

// post sends body as JSON under an idempotency key and reads the answer into to.
func (c client) post(ctx context.Context, path, key string, body, to any) error {
	text, err := json.Marshal(body)
	if err != nil {
		return err
	}
	return c.call(ctx, http.MethodPost, path, key, "application/json", bytes.NewReader(text), to)
}

// put replaces what is at path.
func (c client) put(ctx context.Context, path string, body, to any) error {
	return c.send(ctx, http.MethodPut, path, body, to)
}

// send sends body as JSON and reads the answer into to.
func (c client) send(ctx context.Context, method, path string, body, to any) error {
	text, err := json.Marshal(body)
	if err != nil {
		return err
	}
	return c.call(ctx, method, path, "", "application/json", bytes.NewReader(text), to)
}

// upload streams a file.
func (c client) upload(ctx context.Context, path, key string, body io.Reader, to any) error {
	return c.call(ctx, http.MethodPost, path, key, "application/octet-stream", body, to)
}

func (c client) call(ctx context.Context, method, path, key, contentType string, body io.Reader, to any) error {
	request, err := http.NewRequestWithContext(ctx, method, c.url+path, body)
	if err != nil {
		return err
	}
	if c.apiKey != "" {
		request.Header.Set("X-API-Key", c.apiKey)
	} else {
		request.Header.Set("Authorization", "Bearer "+c.token)
	}
	if contentType != "" {
		request.Header.Set("Content-Type", contentType)
	}
	if key != "" {
		request.Header.Set("Idempotency-Key", key)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode >= http.StatusBadRequest {
		answer := &refusal{Status: response.StatusCode}
		_ = json.NewDecoder(response.Body).Decode(answer) // a proxy's answer may be no problem; the status says enough
		return fmt.Errorf("%s %s: %w", method, path, answer)
	}
	return json.NewDecoder(response.Body).Decode(to)
}

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
