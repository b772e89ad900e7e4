package httpapi

import (
	"net/http"
	"strconv"

	"github.com/felixge/httpsnoop"
	"github.com/prometheus/client_golang/prometheus"
)

// figures are the API's metrics. No label names a tenant or an id: both are without bound.
type figures struct {
	requests *prometheus.CounterVec
	seconds  *prometheus.HistogramVec
}

func newFigures(registry prometheus.Registerer) *figures {
	f := &figures{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "matcher_http_requests_total", Help: "Requests answered.",
		}, []string{"route", "status"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "matcher_http_request_seconds", Help: "Time to answer.",
			Buckets: []float64{.001, .002, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 120, 600},
		}, []string{"route"}),
	}
	registry.MustRegister(f.requests, f.seconds)
	return f
}

// observe counts one answer. A path that matched nothing is "none": its text is the caller's.
func (f *figures) observe(method, route string, m httpsnoop.Metrics) {
	if route == "" {
		route = "none"
		if method != http.MethodGet && method != http.MethodPost {
			route = "none (other method)"
		}
	}
	f.requests.WithLabelValues(route, strconv.Itoa(m.Code)).Inc()
	f.seconds.WithLabelValues(route).Observe(m.Duration.Seconds())
}

// limitFigures are about rate limits; their labels have seven values in all.
type limitFigures struct {
	decisions *prometheus.CounterVec
	redisUp   prometheus.Gauge
}

func newLimitFigures(registry prometheus.Registerer) *limitFigures {
	f := &limitFigures{
		decisions: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "matcher_rate_limit_decisions_total", Help: "Requests counted against a limit.",
		}, []string{"scope", "limiter", "result"}),
		redisUp: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "matcher_rate_limit_redis_up",
			Help: "1 while instances share their limits, 0 while each limits by itself.",
		}),
	}
	registry.MustRegister(f.decisions, f.redisUp)
	return f
}

func (f *limitFigures) count(scope string, shared, allowed bool) {
	limiter, result := "local", "refused"
	if shared {
		limiter = "redis"
	}
	if allowed {
		result = "allowed"
	}
	f.decisions.WithLabelValues(scope, limiter, result).Inc()
}
