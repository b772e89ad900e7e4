// Package client calls Matcher's HTTP API from Go. It is generated from the API's own document, so it has every
// operation and every type; what a service refuses is in the answer's ApplicationproblemJSONDefault, with its stable
// code.
//
//	api, err := client.NewClientWithResponses("https://matcher.example.com", client.WithToken(token))
//	…
//	answer, err := api.GetGroupWithResponse(ctx, groupID)
//
//nolint:godoclint // the generated file begins with a sentence of its own
package client

import (
	"context"
	"net/http"
)

//go:generate sh -c "go run ../cmd/matcher schema openapi > openapi.json"
//go:generate go tool -modfile=../tools/go.mod oapi-codegen -config generate.yaml openapi.json
//go:generate rm openapi.json

// WithToken sends a token with every request; it names the caller and the tenant.
func WithToken(token string) ClientOption {
	return WithRequestEditorFn(func(_ context.Context, request *http.Request) error {
		request.Header.Set("Authorization", "Bearer "+token)
		return nil
	})
}
