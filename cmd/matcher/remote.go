package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"matcher/internal/auth"
	"matcher/internal/recon"
	"matcher/internal/report"
)

// remote is what the commands against a service share.
type remote struct {
	client
	outside
	json     bool
	progress *progress
}

// remoteHelp ends the help of every command against a service.
const remoteHelp = `

The service is the one at MATCHER_URL, and MATCHER_TOKEN identifies you and your tenant. Names work wherever ids
do. Requests to a busy or restarting service are repeated for half a minute.`

// open reads the address and the token from the environment.
func (r *remote) open() error {
	address, token := settingOf(r.env, "MATCHER_URL"), strings.TrimSpace(settingOf(r.env, "MATCHER_TOKEN"))
	if address == "" {
		return usageError("MATCHER_URL is not set: give the address of the service, as in export " +
			"MATCHER_URL=http://127.0.0.1:8080")
	}
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return usageError("MATCHER_URL is no address: write it as http://127.0.0.1:8080 or https://matcher.example.com")
	}
	if token == "" {
		return usageError("MATCHER_TOKEN is not set: take a token from your identity provider, " +
			"or export MATCHER_TOKEN=$(matcher token …) where the service runs")
	}
	if strings.ContainsAny(token, " \t\r\n\"'") {
		return usageError("MATCHER_TOKEN contains white space or quotes: set it to the token alone, without Bearer")
	}
	r.progress = newProgress(r.stderr)
	r.client = client{
		url: strings.TrimRight(address, "/"), token: token, answered: new(atomic.Bool),
		retry: defaultRetries(r.showWaiting),
	}
	return nil
}

// showWaiting prints why the command waits.
func (r *remote) showWaiting(why string, pause time.Duration) {
	if pause >= progressAfter {
		r.progress.close()
		fmt.Fprintf(r.stderr, "%s: again in %s\n", why, pause.Round(time.Second))
	}
}

// newKey returns an idempotency key, which makes the POST that carries it safe to repeat.
func newKey() string { return "cli-" + uuid.NewString() }

// page is one part of a list.
type page[T any] struct {
	Items      []T    `json:"items"`
	NextCursor string `json:"nextCursor"`
}

// pageItems is the API's largest page.
const pageItems = 200

// each walks a list to its end, or until take wants no more (errEnough).
func each[T any](ctx context.Context, c client, path string, take func(T) error) error {
	join := "?"
	if strings.Contains(path, "?") {
		join = "&"
	}
	path += join + "limit=" + strconv.Itoa(pageItems)
	for from := path; ; {
		var part page[T]
		if err := c.get(ctx, from, &part); err != nil {
			return err
		}
		for _, item := range part.Items {
			if err := take(item); errors.Is(err, errEnough) {
				return nil
			} else if err != nil {
				return err
			}
		}
		if part.NextCursor == "" {
			return nil
		}
		from = path + "&cursor=" + url.QueryEscape(part.NextCursor)
	}
}

// errEnough ends a walk early.
var errEnough = errors.New("enough")

// all returns a list whole, for what is short by nature.
func all[T any](ctx context.Context, c client, path string) (items []T, err error) {
	err = each(ctx, c, path, func(item T) error {
		items = append(items, item)
		return nil
	})
	return items, err
}

// context finds a context by id or name.
func (r *remote) context(ctx context.Context, idOrName string) (found recon.Context, err error) {
	of := lookup{"context", idOrName, r.contextNames}
	if idOrName == "" {
		return found, usageError("which context? --context takes its name or id%s", of.meant(ctx))
	}
	if auth.IsUUID(idOrName) {
		err = r.get(ctx, "/v1/contexts/"+idOrName, &found)
		return found, r.unknown(ctx, err, of)
	}
	named, err := all[recon.Context](ctx, r.client, "/v1/contexts?name="+url.QueryEscape(idOrName))
	if err != nil {
		return found, err
	}
	if len(named) == 0 {
		return found, r.unknown(ctx, recon.NotFound("context"), of)
	}
	return named[0], nil // names are unique
}

func (r *remote) contextNames(ctx context.Context) ([]string, error) {
	contexts, err := all[recon.Context](ctx, r.client, "/v1/contexts")
	names := make([]string, len(contexts))
	for i := range contexts {
		names[i] = contexts[i].Name
	}
	return names, err
}

// source finds a source by id, or by name in one context; without a context in all of them.
func (r *remote) source(ctx context.Context, idOrName, of string) (found recon.Source, err error) {
	if auth.IsUUID(idOrName) {
		err = r.get(ctx, "/v1/sources/"+idOrName, &found)
		return found, r.unknown(ctx, err, lookup{"source", idOrName, nil})
	}
	var contexts []recon.Context
	if of == "" {
		contexts, err = all[recon.Context](ctx, r.client, "/v1/contexts")
	} else {
		var only recon.Context
		only, err = r.context(ctx, of)
		contexts = []recon.Context{only}
	}
	if err != nil {
		return found, err
	}
	return r.sourceIn(ctx, idOrName, contexts)
}

func (r *remote) sourceIn(ctx context.Context, name string, contexts []recon.Context) (found recon.Source, err error) {
	var fitting, names []string
	for _, c := range contexts {
		sources, err := all[recon.Source](ctx, r.client, "/v1/contexts/"+c.ID+"/sources")
		if err != nil {
			return found, err
		}
		for _, s := range sources {
			names = append(names, s.Name)
			if s.Name == name {
				found, fitting = s, append(fitting, fmt.Sprintf("%q (%s, source %s)", c.Name, s.Side, s.ID))
			}
		}
	}
	switch len(fitting) {
	case 0:
		return found, r.unknown(ctx, recon.NotFound("source"),
			lookup{"source", name, func(context.Context) ([]string, error) { return names, nil }})
	case 1:
		return found, nil
	}
	return found, usageError("%d contexts have a source called %q: %s; name one with --context",
		len(fitting), name, strings.Join(fitting, ", "))
}

// lookup is a search for a thing by its name or id.
type lookup struct {
	noun, given string
	known       func(context.Context) ([]string, error) // names of such things, nil where they have none
}

// unknown turns a 404 into an error that lists the known names and the tenant of the token.
func (r *remote) unknown(ctx context.Context, err error, of lookup) error {
	var refused *refusal
	if recon.KindOf(err) != recon.KindNotFound && (!errors.As(err, &refused) || refused.Status != http.StatusNotFound) {
		return err
	}
	var me struct {
		TenantID string `json:"tenantId"`
	}
	if err := r.get(ctx, "/v1/me", &me); err != nil {
		return err
	}
	what := fmt.Sprintf("no %s is called %q", of.noun, of.given)
	if auth.IsUUID(of.given) || of.known == nil {
		what = fmt.Sprintf("no %s has the id %s", of.noun, of.given)
	}
	return fmt.Errorf("%s in the tenant of your token (%s)%s", what, me.TenantID, of.meant(ctx))
}

// namesListed is how many names an error lists.
const namesListed = 10

// meant suggests the likeliest name, or lists those there are.
func (of lookup) meant(ctx context.Context) string {
	if of.known == nil {
		return ": check the id, and that the token is of the right tenant"
	}
	names, err := of.known(ctx)
	if err != nil {
		return ""
	}
	if near := recon.Suggest(of.given, names); of.given != "" && near != "" {
		return fmt.Sprintf(": did you mean %q?", near)
	}
	if len(names) == 0 {
		return ": there is none yet; matcher apply makes one from a setup file"
	}
	slices.Sort(names)
	names = slices.Compact(names)
	text := strings.Join(names[:min(len(names), namesListed)], ", ")
	if more := len(names) - namesListed; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	if len(names) == 1 {
		return ": there is only " + text
	}
	return ": there are " + text
}

// printJSON writes one object on a line.
func (r *remote) printJSON(value any) error { return report.WriteJSON(r.stdout, value) }
