package httpapi

import (
	"crypto/subtle"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"

	"matcher/internal/engine"
	"matcher/internal/recon"
)

// public answers without a token, the documented ones unless MATCHER_PUBLIC_DOCS is false. Metrics carry no tenant's
// name and ask for a token of their own where one is set.
var public = []struct {
	path, id, summary string
	serve             func(*API, http.ResponseWriter, *http.Request)
}{
	{"/health", "health", "Check that the process is alive", (*API).health},
	{"/readyz", "ready", "Check readiness: 503 while starting, draining, without database, room on the disk or the right time", (*API).ready},
	{"/version", "version", "Get the version", documented((*API).version)},
	{"/metrics", "metrics", "Get Prometheus metrics", (*API).metrics},
	{"/openapi.json", "openapi", "Get this document", documented((*API).openAPI)},
	{"/docs", "docs", "Read this document in a browser", documented((*API).docs)},
}

// health reports that the process is alive and nothing more: a broken database must not restart it.
func (a *API) health(w http.ResponseWriter, _ *http.Request) {
	_ = sendJSON(w, map[string]string{"status": "ok"})
}

// ready is what a load balancer asks. It answers no before the server stops taking connections.
func (a *API) ready(w http.ResponseWriter, r *http.Request) {
	select {
	case <-a.draining:
		writeNotReady(w, r, recon.CodeDraining, "the service is stopping")
		return
	default:
	}
	if err := a.Ready(r.Context()); err != nil {
		a.Log.WarnContext(r.Context(), "not ready", "error", err)
		var known *recon.Error
		if errors.As(err, &known) {
			a.refuse(w, r, known)
			return
		}
		writeNotReady(w, r, recon.CodeDatabaseUnavailable, "the database does not answer")
		return
	}
	_ = sendJSON(w, map[string]string{"status": "ready"})
}

func writeNotReady(w http.ResponseWriter, r *http.Request, code, detail string) {
	p := newProblem(r.Context(), http.StatusServiceUnavailable, code, detail)
	p.retryAfter = retryNotReady
	writeProblem(w, p)
}

func (a *API) version(w http.ResponseWriter, r *http.Request) {
	if a.holdsAnyToken(r) {
		_ = sendJSON(w, a.Build)
		return
	}
	_ = sendJSON(w, publicBuild(a.Build))
}

// publicBuild is a build without its commit, which names to a stranger what has been mended since.
func publicBuild(b engine.Build) engine.Build {
	const shown = 12 // of a commit in the version of a build between two releases
	if b.Commit != "" && strings.Contains(b.Version, b.Commit[:min(shown, len(b.Commit))]) {
		b.Version = "dev"
	}
	b.Commit = ""
	return b
}

// documented lets callers with a token through, and every other where documents are public: the rest learns nothing.
func documented(serve func(*API, http.ResponseWriter, *http.Request)) func(*API, http.ResponseWriter, *http.Request) {
	return func(a *API, w http.ResponseWriter, r *http.Request) {
		if a.PublicDocs || a.holdsAnyToken(r) {
			serve(a, w, r)
			return
		}
		writeProblem(w, newProblem(r.Context(), http.StatusNotFound, recon.CodeNotFound, "no such path"))
	}
}

func (a *API) holdsAnyToken(r *http.Request) bool {
	_, err := a.Auth.Authenticate(r.Context(), r.Header.Values("Authorization"))
	return err == nil
}

// metrics serves the registry, to holders of the token where there is one. Without a token it has to be asked for.
func (a *API) metrics(w http.ResponseWriter, r *http.Request) {
	if a.MetricsToken == "" && !a.MetricsOpen {
		writeProblem(w, newProblem(r.Context(), http.StatusNotFound, recon.CodeNotFound, "no such path"))
		return
	}
	if a.MetricsToken != "" && !holdsToken(r.Header.Get("Authorization"), a.MetricsToken) {
		writeProblem(w, newProblem(r.Context(), http.StatusUnauthorized, recon.CodeTokenMissing,
			"send the metrics token: Authorization: Bearer …"))
		return
	}
	promhttp.HandlerFor(a.Registry, promhttp.HandlerOpts{}).ServeHTTP(w, r)
}

func holdsToken(authorization, token string) bool {
	given, ok := strings.CutPrefix(authorization, "Bearer ")
	return ok && subtle.ConstantTimeCompare([]byte(given), []byte(token)) == 1
}

func (a *API) openAPI(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/vnd.oai.openapi+json;version=3.1")
	_, _ = w.Write(a.document)
}

// docs is one page with its own style and script, allowed by their hashes: nothing is loaded from elsewhere.
func (a *API) docs(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", a.page.policy)
	_, _ = w.Write(a.page.html)
}

// retryNotReady is about the time a rolling restart takes to bring the next instance up.
const retryNotReady = 5 * time.Second
