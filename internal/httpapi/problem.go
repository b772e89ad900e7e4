package httpapi

import (
	"context"
	"errors"
	"log/slog"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/validation"

	"matcher/internal/ingestion"
	"matcher/internal/recon"
)

const problemType = "application/problem+json"

// problem is an RFC 9457 error. Code is stable; Errors point into the request and never repeat what was sent.
type problem struct {
	Type      string         `json:"type" doc:"Always about:blank: the code distinguishes problems"`
	Title     string         `json:"title" doc:"The status in words"`
	Status    int            `json:"status"`
	Code      string         `json:"code" doc:"Stable and upper case; act on this one. docs/errors.md lists them all"`
	Detail    string         `json:"detail,omitempty" doc:"A sentence for people"`
	Errors    []problemField `json:"errors,omitempty" doc:"What is wrong, one entry a value"`
	RequestID string         `json:"requestId,omitempty" doc:"Names this request in the log"`

	Questions []ingestion.Question `json:"questions,omitempty" doc:"What the file leaves open about its money, with READING_QUESTION"`

	retryAfter time.Duration
}

// problemField points at one bad value: Pointer into the body (RFC 6901), or Parameter of the path, query or headers.
type problemField struct {
	Pointer   string `json:"pointer,omitempty"`
	Parameter string `json:"parameter,omitempty"`
	Code      string `json:"code,omitempty"`
	Message   string `json:"message"`
}

func (p *problem) Error() string { return p.Detail }

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
	http.StatusBadRequest:           recon.CodeRequestUnreadable,
	http.StatusRequestTimeout:       recon.CodeBodyTooSlow,
	http.StatusUnsupportedMediaType: recon.CodeMediaTypeUnknown,
	http.StatusUnprocessableEntity:  recon.CodeValidationFailed,
}

func newProblem(ctx context.Context, status int, code, detail string) *problem {
	return &problem{
		Type: "about:blank", Title: http.StatusText(status), Status: status, Code: code, Detail: detail,
		RequestID: requestOf(ctx).id,
	}
}

// problemOf returns the problem of a handler's error. The text of an error that is no recon.Error goes to the log only.
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
		if open := (*ingestion.OpenQuestionsError)(nil); errors.As(err, &open) {
			p.Questions = open.Questions
		}
		for _, field := range known.Fields {
			p.Errors = append(p.Errors, problemField{Pointer: field.Pointer, Code: field.Code, Message: field.Message})
		}
		return p
	case errors.As(err, &tooLarge):
		return newProblem(ctx, http.StatusRequestEntityTooLarge, recon.CodeBodyTooLarge,
			"the body is larger than "+strconv.FormatInt(tooLarge.Limit, 10)+" bytes")
	case errors.Is(err, context.DeadlineExceeded):
		log.WarnContext(ctx, "request timed out", "error", err)
		p := newProblem(ctx, http.StatusServiceUnavailable, recon.CodeTimeout, "the request timed out")
		p.retryAfter = time.Second
		return p
	case errors.Is(err, context.Canceled):
		return newProblem(ctx, statusClientGone, recon.CodeClientGone, "the caller closed the connection")
	}
	log.ErrorContext(ctx, "request failed", "error", err)
	return internalError(ctx)
}

func internalError(ctx context.Context) *problem {
	return newProblem(ctx, http.StatusInternalServerError, recon.CodeInternal,
		"internal error; quote the request id when reporting it")
}

// statusClientGone is nginx's 499: only the access log shows it.
const statusClientGone = 499

// writeProblem writes a problem and the headers that its status asks for.
func writeProblem(w http.ResponseWriter, p *problem) {
	header := w.Header()
	header.Set("Content-Type", problemType)
	if p.Status == http.StatusUnauthorized {
		header.Set("WWW-Authenticate", "Bearer")
	}
	if p.retryAfter > 0 {
		header.Set("Retry-After", strconv.Itoa(int(math.Ceil(p.retryAfter.Seconds()))))
	}
	w.WriteHeader(p.Status)
	text, _ := encode(p) // a struct of texts and numbers
	_, _ = w.Write(text) // the caller may be gone; the access log has the status
}

// invalidRequest is a problem with what huma found wrong with a request.
func invalidRequest(status int, message string, errs []error) error {
	p := newProblem(context.Background(), status, codeOf[status], message)
	for _, err := range errs {
		var detail *huma.ErrorDetail
		if errors.As(err, &detail) { // nothing else is safe to show: it may quote the body
			p.Errors = append(p.Errors, fieldOf(detail))
		}
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

// missingProperty returns the name in huma's message of a missing property, the only place that has it.
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
