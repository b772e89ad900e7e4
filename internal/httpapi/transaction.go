package httpapi

import (
	"context"

	"matcher/internal/matching"
	"matcher/internal/postgres"
	"matcher/internal/recon"
)

type transactionsInput struct {
	ContextPath
	Paged
	Side       string `query:"side" enum:"LEFT,RIGHT"`
	SourceID   string `query:"sourceId" maxLength:"36"`
	State      string `query:"state" enum:"OPEN,PROPOSED,PARTIAL,CONFIRMED,IGNORED"`
	Currency   string `query:"currency" maxLength:"3"`
	From       string `query:"from" doc:"First booking date, YYYY-MM-DD"`
	To         string `query:"to" doc:"Last booking date, YYYY-MM-DD"`
	ExternalID string `query:"externalId" maxLength:"500"`
	Text       string `query:"text" maxLength:"200" doc:"Part of the reference or the description, whatever its case"`
	Amount     string `query:"amount" maxLength:"40" doc:"Exact decimal; needs currency"`
}

func (in *transactionsInput) filter() (recon.TransactionFilter, error) {
	if err := knownCurrency("currency", in.Currency); err != nil {
		return recon.TransactionFilter{}, err
	}
	from, to, err := period("from", in.From, "to", in.To)
	return recon.TransactionFilter{
		Side: recon.Side(in.Side), SourceID: in.SourceID, State: recon.State(in.State), Currency: in.Currency,
		From: from, To: to, ExternalID: in.ExternalID, Text: in.Text, Amount: in.Amount,
	}, err
}

// knownCurrency refuses a currency that no row can be in, rather than finding none.
func knownCurrency(parameter, code string) error {
	if _, known := recon.CurrencyDigits(code); code != "" && !known {
		return badPlace(parameter, "CURRENCY_UNKNOWN", parameter+" is not an ISO 4217 currency code such as EUR")
	}
	return nil
}

// period reads two optional days; places are as of badPlace.
func period(fromPlace, from, toPlace, to string) (recon.Day, recon.Day, error) {
	first, err := optionalDay(fromPlace, from)
	if err != nil {
		return recon.NoDay, recon.NoDay, err
	}
	last, err := optionalDay(toPlace, to)
	if err == nil && first.Set() && last.Set() && last < first {
		err = badPlace(toPlace, "PERIOD_REVERSED", nameOf(toPlace)+" lies before "+nameOf(fromPlace))
	}
	return first, last, err
}

func optionalDay(place, text string) (recon.Day, error) {
	if text == "" {
		return recon.NoDay, nil
	}
	day, err := recon.ParseDay(text)
	if err != nil {
		return recon.NoDay, badPlace(place, "DATE_UNREADABLE", nameOf(place)+" is not a date as YYYY-MM-DD between 1900 and 2199")
	}
	return day, nil
}

func (a *API) listTransactions(ctx context.Context, in *transactionsInput) (out *list[recon.StoredTransaction], err error) {
	filter, err := in.filter()
	if err != nil {
		return nil, err
	}
	err = a.DB.Read(ctx, func(tx *postgres.Tx) error {
		if in.SourceID != "" {
			if _, err := tx.Source(ctx, in.SourceID); err != nil {
				return err
			}
		}
		items, next, err := tx.Transactions(ctx, in.ContextID, filter, in.page())
		out = listOf(items, next)
		return err
	})
	return out, err
}

// TransactionPath names the transaction that a path is about.
type TransactionPath struct {
	TransactionID string `path:"transactionId"`
}

func (a *API) getTransaction(ctx context.Context, in *TransactionPath) (out *one[recon.StoredTransaction], err error) {
	err = a.DB.Read(ctx, func(tx *postgres.Tx) error {
		t, err := tx.Transaction(ctx, in.TransactionID)
		out = &one[recon.StoredTransaction]{Body: t}
		return err
	})
	return out, err
}

func (a *API) explainTransaction(ctx context.Context, in *TransactionPath) (out *one[recon.Explanation], err error) {
	err = a.DB.Read(ctx, func(tx *postgres.Tx) error {
		e, err := matching.Explain(ctx, tx, in.TransactionID)
		out = &one[recon.Explanation]{Body: e}
		return err
	})
	return out, err
}

type ignoreInput struct {
	TransactionPath
	Keyed
	Body struct {
		Reason string `json:"reason" minLength:"1" maxLength:"500" doc:"Why this row is no longer expected to match"`
	}
}

func (a *API) ignoreTransaction(ctx context.Context, tx *postgres.Tx, in *ignoreInput) (*reply[recon.StoredTransaction], error) {
	t, err := tx.Ignore(ctx, in.TransactionID, in.Body.Reason)
	return &reply[recon.StoredTransaction]{Body: t}, err
}

type restoreInput struct {
	TransactionPath
	Keyed
}

func (a *API) restoreTransaction(ctx context.Context, tx *postgres.Tx, in *restoreInput) (*reply[recon.StoredTransaction], error) {
	t, err := tx.Restore(ctx, in.TransactionID)
	return &reply[recon.StoredTransaction]{Body: t}, err
}
