package auth

import "context"

type requestIDKey struct{}

// WithRequestID returns a context that carries the id of the request at hand, which the HTTP edge has made or checked.
// It is kept with the tenant and the caller because records of who did something also name the request.
func WithRequestID(ctx context.Context, id string) context.Context {
	return context.WithValue(ctx, requestIDKey{}, id)
}

// RequestID is the id of the request at hand, "" outside one.
func RequestID(ctx context.Context) string {
	id, _ := ctx.Value(requestIDKey{}).(string)
	return id
}
