package httpapi

import (
	"context"

	"matcher/internal/postgres"
	"matcher/internal/recon"
)

type fxRatesInput struct {
	Paged
	From  string `query:"from" maxLength:"3" doc:"Currency that is converted"`
	To    string `query:"to" maxLength:"3" doc:"Currency that the rate counts in"`
	Type  string `query:"type" maxLength:"60"`
	Since string `query:"since" doc:"First day, YYYY-MM-DD"`
	Until string `query:"until" doc:"Last day, YYYY-MM-DD"`
}

func (a *API) listFXRates(ctx context.Context, in *fxRatesInput) (out *list[recon.FXRate], err error) {
	since, until, err := period("since", in.Since, "until", in.Until)
	if err == nil {
		err = knownCurrency("from", in.From)
	}
	if err == nil {
		err = knownCurrency("to", in.To)
	}
	if err != nil {
		return nil, err
	}
	filter := recon.FXRateFilter{From: in.From, To: in.To, Type: in.Type, Since: since, Until: until}
	err = a.DB.Read(ctx, func(tx *postgres.Tx) error {
		items, next, err := tx.FXRates(ctx, filter, in.page())
		out = listOf(items, next)
		return err
	})
	return out, err
}

type putFXRatesInput struct {
	Keyed
	Body struct {
		Rates []recon.FXRate `json:"rates" minItems:"1" maxItems:"5000" nullable:"false"`
	}
}

type fxRatesStored struct {
	Rates   int `json:"rates" doc:"How many were given"`
	Changed int `json:"changed" doc:"How many of them are new or other than before"`
}

// putFXRates stores rates or replaces those of the same pair, type and day; later runs read them, past ones keep theirs.
func (a *API) putFXRates(ctx context.Context, tx *postgres.Tx, in *putFXRatesInput) (*reply[fxRatesStored], error) {
	faults := recon.CheckRates(in.Body.Rates)
	for i := range faults {
		faults[i].Pointer = "/rates" + faults[i].Pointer
	}
	if err := check(faults); err != nil {
		return nil, err
	}
	changed, err := tx.PutFXRates(ctx, in.Body.Rates)
	return &reply[fxRatesStored]{Body: fxRatesStored{Rates: len(in.Body.Rates), Changed: changed}}, err
}
