package httpapi

import (
	"context"

	"matcher/internal/matching"
	"matcher/internal/postgres"
	"matcher/internal/recon"
)

type transactionsInput struct {
	pathID
	paged
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
		return badPlace(parameter, recon.CodeCurrencyUnknown, parameter+" is not an ISO 4217 currency code such as EUR")
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
		err = badPlace(toPlace, recon.CodeInvalidValue, nameOf(toPlace)+" is before "+nameOf(fromPlace))
	}
	return first, last, err
}

func optionalDay(place, text string) (recon.Day, error) {
	if text == "" {
		return recon.NoDay, nil
	}
	day, err := recon.ParseDay(text)
	if err != nil {
		return recon.NoDay, badPlace(place, recon.CodeDateUnreadable,
			nameOf(place)+" must be a date YYYY-MM-DD between 1900 and 2199")
	}
	return day, nil
}

func listTransactions(
	ctx context.Context, tx *postgres.Tx, in *transactionsInput,
) ([]recon.StoredTransaction, string, error) {
	filter, err := in.filter()
	if err == nil && in.SourceID != "" {
		_, err = tx.Source(ctx, in.SourceID)
	}
	if err != nil {
		return nil, "", err
	}
	return tx.Transactions(ctx, in.ID, filter, in.page())
}

func explainTransaction(ctx context.Context, tx *postgres.Tx, in *pathID) (recon.Explanation, error) {
	return matching.Explain(ctx, tx, in.ID)
}

type ignoreInput struct {
	pathID
	keyed
	Body struct {
		Reason string `json:"reason" minLength:"1" maxLength:"500" doc:"Why this row is no longer expected to match"`
	}
}

func ignoreTransaction(ctx context.Context, tx *postgres.Tx, in *ignoreInput) (recon.StoredTransaction, error) {
	return tx.Ignore(ctx, in.ID, in.Body.Reason)
}
