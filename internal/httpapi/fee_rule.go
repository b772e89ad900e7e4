package httpapi

import (
	"context"

	"matcher/internal/postgres"
	"matcher/internal/recon"
)

type feeChecksInput struct {
	pathID
	paged
	Verdict string `query:"verdict" enum:"MATCH,OVERCHARGE,UNDERCHARGE"`
}

// listFeeChecks verifies the fees that the context's rows carry.
func listFeeChecks(ctx context.Context, tx *postgres.Tx, in *feeChecksInput) ([]recon.FeeCheck, string, error) {
	return tx.FeeChecks(ctx, in.ID, in.Verdict, in.page())
}
