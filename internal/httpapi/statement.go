package httpapi

import (
	"context"

	"matcher/internal/postgres"
	"matcher/internal/recon"
)

type statementInput struct {
	ContextPath
	AsOf string `query:"asOf" doc:"Last booking date that counts, YYYY-MM-DD; default the latest in the data"`
}

func (a *API) getStatement(ctx context.Context, in *statementInput) (out *one[recon.Statement], err error) {
	asOf, err := optionalDay("asOf", in.AsOf)
	if err != nil {
		return nil, err
	}
	err = a.DB.ReadStale(ctx, func(tx *postgres.Tx) error {
		statement, err := tx.Statement(ctx, in.ContextID, asOf)
		out = &one[recon.Statement]{Body: statement}
		return err
	})
	return out, err
}
