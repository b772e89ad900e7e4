package httpapi

import (
	"context"
	"reflect"

	"matcher/internal/postgres"
	"matcher/internal/recon"
)

type putFetchInput struct {
	pathID
	matched
	Body struct {
		recon.Fetch

		Credentials *recon.FetchCredentials `json:"credentials,omitempty" doc:"Sealed, and never shown again. Without them the stored ones stay, for the same server and user"`
	}
}

// putFetch is an endpoint that seals credentials by the keys of this installation.
func putFetch() endpoint {
	return newEndpoint(commit, reflect.TypeFor[*putFetchInput](), reflect.TypeFor[recon.StoredFetch](),
		func(a *API, ctx context.Context, tx *postgres.Tx, input any) (any, error) {
			in := input.(*putFetchInput) //nolint:forcetypeassert // newEndpoint reads one
			if _, err := tx.Source(ctx, in.ID); err != nil {
				return nil, err
			}
			return a.Fetches.Put(ctx, tx, recon.StoredFetch{
				SourceID: in.ID, Fetch: in.Body.Fetch, Version: in.version,
			}, in.Body.Credentials)
		})
}
