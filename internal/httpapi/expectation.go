package httpapi

import (
	"context"

	"matcher/internal/postgres"
	"matcher/internal/recon"
)

type expectationsInput struct {
	paged
	Missing string `query:"missing" enum:"true,false" default:"false" doc:"true: only where a file is due and has not come"`
}

func listExpectations(
	ctx context.Context, tx *postgres.Tx, in *expectationsInput,
) ([]recon.StoredExpectation, string, error) {
	return tx.Expectations(ctx, in.Missing == "true", in.page())
}
