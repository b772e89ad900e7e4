package httpapi

import (
	"context"

	"matcher/internal/postgres"
	"matcher/internal/recon"
)

type ageingInput struct {
	pathID
	AsOf string `query:"asOf" doc:"The day on which ages are counted, YYYY-MM-DD; default the latest in the data"`
}

func getAgeing(ctx context.Context, tx *postgres.Tx, in *ageingInput) (recon.Ageing, error) {
	asOf, err := optionalDay("asOf", in.AsOf)
	if err != nil {
		return recon.Ageing{}, err
	}
	return tx.Ageing(ctx, in.ID, asOf)
}
