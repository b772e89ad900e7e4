package httpapi

import (
	"context"

	"matcher/internal/postgres"
	"matcher/internal/recon"
)

type statementInput struct {
	pathID
	AsOf string `query:"asOf" doc:"Last booking date that counts, YYYY-MM-DD; default the latest in the data"`
}

func getStatement(ctx context.Context, tx *postgres.Tx, in *statementInput) (recon.Statement, error) {
	asOf, err := optionalDay("asOf", in.AsOf)
	if err != nil {
		return recon.Statement{}, err
	}
	return tx.Statement(ctx, in.ID, asOf)
}
