package httpapi

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"math"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/validation"

	"matcher/internal/recon"
)

const problemType = "application/problem+json"

// problem is an RFC 9457 error. Code is stable; Errors point into the request and never repeat what was sent.
type problem struct {
	Type      string         `json:"type" doc:"Always about:blank: the code tells problems apart"`
	Title     string         `json:"title" doc:"The status in words"`
	Status    int            `json:"status"`
	Code      string         `json:"code" doc:"Stable and upper case; act on this one"`
	Detail    string         `json:"detail,omitempty" doc:"A sentence for people"`
	Errors    []problemField `json:"errors,omitempty" doc:"What is wrong, one entry a value"`
	RequestID string         `json:"requestId,omitempty" doc:"Names this request in the log"`

	retryAfter time.Duration
}

// problemField points at one bad value: Pointer into the body (RFC 6901), or Parameter of the path, query or headers.
type problemField struct {
	Pointer   string `json:"pointer,omitempty"`
	Parameter string `json:"parameter,omitempty"`
	Code      string `json:"code,omitempty"`
	Message   string `json:"message"`
}

func (p *problem) Error() string               { return p.Detail }
func (p *problem) GetStatus() int              { return p.Status }
func (p *problem) ContentType(_ string) string { return problemType }

// GetHeaders are what the status asks for beside the body.
func (p *problem) GetHeaders() http.Header {
	headers := http.Header{}
	if p.Status == http.StatusUnauthorized {
		headers.Set("WWW-Authenticate", "Bearer")
	}
	if p.retryAfter > 0 {
		headers.Set("Retry-After", strconv.Itoa(int(math.Ceil(p.retryAfter.Seconds()))))
	}
	return headers
}

// statusOf maps each kind of error to its status.
var statusOf = map[recon.Kind]int{
	recon.KindInvalid:       http.StatusBadRequest,
	recon.KindUnauthorized:  http.StatusUnauthorized,
	recon.KindForbidden:     http.StatusForbidden,
	recon.KindNotFound:      http.StatusNotFound,
	recon.KindConflict:      http.StatusConflict,
	recon.KindStale:         http.StatusPreconditionFailed,
	recon.KindTooLarge:      http.StatusRequestEntityTooLarge,
	recon.KindUnprocessable: http.StatusUnprocessableEntity,
	recon.KindRateLimited:   http.StatusTooManyRequests,
	recon.KindUnavailable:   http.StatusServiceUnavailable,
}

// codeOf names errors that the router and the request decoder find, which carry a status only.
var codeOf = map[int]string{
	http.StatusBadRequest:            "REQUEST_UNREADABLE",
	http.StatusNotFound:              "NOT_FOUND",
	http.StatusMethodNotAllowed:      "METHOD_NOT_ALLOWED",
	http.StatusNotAcceptable:         "NOT_ACCEPTABLE",
	http.StatusRequestTimeout:        "BODY_TOO_SLOW",
	http.StatusRequestEntityTooLarge: "BODY_TOO_LARGE",
	http.StatusUnsupportedMediaType:  "MEDIA_TYPE_UNKNOWN",
	http.StatusUnprocessableEntity:   "VALIDATION_FAILED",
}

func newProblem(ctx context.Context, status int, code, detail string) *problem {
	return &problem{
		Type: "about:blank", Title: http.StatusText(status), Status: status, Code: code, Detail: detail,
		RequestID: requestOf(ctx).id,
	}
}

// problemOf turns what a handler returned into what the caller may read. Whatever is no recon.Error is a fault of ours:
// its text goes to the log and nowhere else.
func problemOf(ctx context.Context, log *slog.Logger, err error) *problem {
	var known *recon.Error
	var ready *problem
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &ready):
		ready.RequestID = requestOf(ctx).id
		return ready
	case errors.As(err, &known):
		p := newProblem(ctx, statusOf[known.Kind], known.Code, known.Message)
		p.retryAfter = known.RetryAfter
		for _, field := range known.Fields {
			p.Errors = append(p.Errors, problemField{Pointer: field.Pointer, Code: field.Code, Message: field.Message})
		}
		return p
	case errors.As(err, &tooLarge):
		return newProblem(ctx, http.StatusRequestEntityTooLarge, "BODY_TOO_LARGE",
			"the body is larger than "+strconv.FormatInt(tooLarge.Limit, 10)+" bytes")
	case errors.Is(err, context.DeadlineExceeded):
		log.WarnContext(ctx, "request timed out", "error", err)
		p := newProblem(ctx, http.StatusServiceUnavailable, "TIMEOUT", "this took too long and was given up")
		p.retryAfter = time.Second
		return p
	case errors.Is(err, context.Canceled):
		return newProblem(ctx, statusClientGone, "CLIENT_GONE", "the caller closed the connection")
	}
	log.ErrorContext(ctx, "request failed", "error", err)
	return newProblem(ctx, http.StatusInternalServerError, "INTERNAL", "this is a fault of ours; the request id finds it in the log")
}

// statusClientGone is nginx's 499: nobody reads it but the access log.
const statusClientGone = 499

// writeProblem is for what answers outside of huma: the router, raw handlers and middleware.
func writeProblem(w http.ResponseWriter, p *problem) {
	maps.Copy(w.Header(), p.GetHeaders())
	w.Header().Set("Content-Type", problemType)
	w.WriteHeader(p.Status)
	if err := huma.DefaultJSONFormat.Marshal(w, p); err != nil {
		return // the caller is gone; the access log has the status
	}
}

var setErrorShape sync.Once

// useProblems makes huma's own errors problems too. Its variables are process-wide, hence once.
func useProblems() {
	setErrorShape.Do(func() {
		huma.NewError = func(status int, message string, errs ...error) huma.StatusError {
			return humaProblem(context.Background(), status, message, errs)
		}
		huma.NewErrorWithContext = func(c huma.Context, status int, message string, errs ...error) huma.StatusError {
			p := humaProblem(c.Context(), status, message, errs)
			for name, values := range p.GetHeaders() {
				c.SetHeader(name, values[0])
			}
			return p
		}
	})
}

func humaProblem(ctx context.Context, status int, message string, errs []error) *problem {
	var tooLarge *http.MaxBytesError
	if errors.As(errors.Join(errs...), &tooLarge) { // huma takes it for a body that cannot be read
		status, message = http.StatusRequestEntityTooLarge, "the body is larger than "+strconv.FormatInt(tooLarge.Limit, 10)+" bytes"
	}
	code := codeOf[status]
	if code == "" {
		code = strings.ToUpper(strings.ReplaceAll(http.StatusText(status), " ", "_"))
	}
	p := newProblem(ctx, status, code, message)
	for _, err := range errs {
		var detail *huma.ErrorDetail
		if !errors.As(err, &detail) {
			continue // only huma's own findings are safe to show: others may quote the body
		}
		p.Errors = append(p.Errors, fieldOf(detail))
	}
	return p
}

// badPlace is one wrong value: place is the JSON pointer of a property of the body, or the name of a parameter.
func badPlace(place, code, message string) error {
	if strings.HasPrefix(place, "/") {
		return recon.Unprocessable(code, message, recon.FieldError{Pointer: place, Code: code, Message: message})
	}
	p := newProblem(context.Background(), http.StatusUnprocessableEntity, code, message)
	p.Errors = []problemField{{Parameter: place, Code: code, Message: message}}
	return p
}

// nameOf is what sentences call a place.
func nameOf(place string) string { return strings.TrimPrefix(place, "/") }

// fieldOf reads huma's location ("body.keys[0].op", "query.limit") and leaves the submitted value out.
func fieldOf(detail *huma.ErrorDetail) problemField {
	in, rest, _ := strings.Cut(detail.Location, ".")
	if in != "body" {
		return problemField{Parameter: rest, Message: detail.Message}
	}
	pointer := pointerOf(rest)
	if name, missing := missingProperty(detail.Message); missing { // huma points at the object that lacks it
		pointer += "/" + pointerEscapes.Replace(name)
	}
	return problemField{Pointer: pointer, Message: detail.Message}
}

// missingProperty is the name in the one message of huma's that says that a property is missing; it stands nowhere else.
func missingProperty(message string) (name string, missing bool) {
	before, after, _ := strings.Cut(validation.MsgExpectedRequiredProperty, "%s")
	if name, missing = strings.CutPrefix(message, before); missing {
		name, missing = strings.CutSuffix(name, after)
	}
	return name, missing
}

var pointerEscapes = strings.NewReplacer("~", "~0", "/", "~1")

func pointerOf(path string) string {
	if path == "" {
		return ""
	}
	path = strings.NewReplacer("[", ".", "]", "").Replace(pointerEscapes.Replace(path))
	return "/" + strings.ReplaceAll(path, ".", "/")
}
