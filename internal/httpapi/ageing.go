package httpapi

import (
	"context"

	"matcher/internal/postgres"
	"matcher/internal/recon"
)

type ageingInput struct {
	ContextPath
	AsOf string `query:"asOf" doc:"The day on which ages are counted, YYYY-MM-DD; default the latest in the data"`
}

func (a *API) getAgeing(ctx context.Context, in *ageingInput) (out *one[recon.Ageing], err error) {
	asOf, err := optionalDay("asOf", in.AsOf)
	if err != nil {
		return nil, err
	}
	err = a.DB.ReadStale(ctx, func(tx *postgres.Tx) error {
		ageing, err := tx.Ageing(ctx, in.ContextID, asOf)
		out = &one[recon.Ageing]{Body: ageing}
		return err
	})
	return out, err
}
