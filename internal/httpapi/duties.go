package httpapi

import (
	"context"

	"matcher/internal/postgres"
	"matcher/internal/recon"
)

type dutiesInput struct {
	pathID
	From string `query:"from" format:"date" doc:"The first day of decisions, in UTC; default the first there is"`
	To   string `query:"to" format:"date" doc:"The last day"`
}

func getDuties(ctx context.Context, tx *postgres.Tx, in *dutiesInput) (recon.Duties, error) {
	from, err := optionalDay("from", in.From)
	if err != nil {
		return recon.Duties{}, err
	}
	to, err := optionalDay("to", in.To)
	if err != nil {
		return recon.Duties{}, err
	}
	return tx.Duties(ctx, in.ID, from, to)
}
