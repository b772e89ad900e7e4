package httpapi

import (
	"context"

	"matcher/internal/postgres"
	"matcher/internal/recon"
)

type fxRatesInput struct {
	paged
	From  string `query:"from" maxLength:"3" doc:"Currency that is converted"`
	To    string `query:"to" maxLength:"3" doc:"Currency that the rate counts in"`
	Type  string `query:"type" maxLength:"60"`
	Since string `query:"since" doc:"First day, YYYY-MM-DD"`
	Until string `query:"until" doc:"Last day, YYYY-MM-DD"`
}

func listFXRates(ctx context.Context, tx *postgres.Tx, in *fxRatesInput) ([]recon.FXRate, string, error) {
	since, until, err := period("since", in.Since, "until", in.Until)
	if err == nil {
		err = knownCurrency("from", in.From)
	}
	if err == nil {
		err = knownCurrency("to", in.To)
	}
	if err != nil {
		return nil, "", err
	}
	filter := recon.FXRateFilter{From: in.From, To: in.To, Type: in.Type, Since: since, Until: until}
	return tx.FXRates(ctx, filter, in.page())
}

type putFXRatesInput struct {
	keyed
	Body struct {
		Rates []recon.FXRate `json:"rates" minItems:"1" maxItems:"5000" nullable:"false"`
	}
}

type fxRatesStored struct {
	Rates   int `json:"rates" doc:"How many were given"`
	Changed int `json:"changed" doc:"How many of them are new or other than before"`
}

// putFXRates creates rates or replaces those of the same pair, type and day. Past runs keep the rates that they read.
func putFXRates(ctx context.Context, tx *postgres.Tx, in *putFXRatesInput) (out fxRatesStored, err error) {
	if err := pointedBelow("/rates", check(recon.CheckRates(in.Body.Rates))); err != nil {
		return out, err
	}
	out.Rates = len(in.Body.Rates)
	out.Changed, err = tx.PutFXRates(ctx, in.Body.Rates)
	return out, err
}
