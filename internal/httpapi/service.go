package httpapi

import (
	"crypto/subtle"
	"net/http"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"

	"matcher/internal/recon"
)

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

func (a *API) version(w http.ResponseWriter, _ *http.Request) {
	_ = sendJSON(w, a.Build)
}

// metrics serves the registry, to holders of the token where there is one.
func (a *API) metrics(w http.ResponseWriter, r *http.Request) {
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
