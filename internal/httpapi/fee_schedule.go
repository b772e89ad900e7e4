package httpapi

import (
	"context"

	"matcher/internal/postgres"
	"matcher/internal/recon"
)

type simulateFeeInput struct {
	pathID
	keyed
	Body struct {
		Amount string `json:"amount" maxLength:"40" doc:"Decimal in the schedule's currency; a negative one, a refund, gives the fee back"`
		Actual string `json:"actual,omitempty" maxLength:"40" doc:"The fee that was taken, to be verified"`
	}
}

// feeSimulation is what a schedule charges on an amount, in decimals of its currency.
type feeSimulation struct {
	Currency string     `json:"currency"`
	Amount   string     `json:"amount"`
	Lines    []feeLine  `json:"lines" nullable:"false"`
	Fee      string     `json:"fee"`
	Net      string     `json:"net"`
	Verified *feeActual `json:"verified,omitempty" doc:"Where a fee to verify was given"`
}

type feeLine struct {
	Name string `json:"name"`
	Base string `json:"base" doc:"What the item was charged on"`
	Fee  string `json:"fee"`
}

type feeActual struct {
	Actual  string `json:"actual"`
	Delta   string `json:"delta" doc:"actual - expected"`
	Verdict string `json:"verdict" enum:"MATCH,OVERCHARGE,UNDERCHARGE"`
}

func simulateFee(ctx context.Context, tx *postgres.Tx, in *simulateFeeInput) (out feeSimulation, err error) {
	stored, err := tx.FeeSchedule(ctx, in.ID)
	if err != nil {
		return out, err
	}
	schedule := stored.Value
	text := func(m recon.Minor) string { return recon.Money{Amount: m, Currency: schedule.Currency}.String() }
	amount, err := recon.ParseMoney(in.Body.Amount, schedule.Currency)
	if err != nil {
		return out, badValue("/amount", recon.CodeInvalidValue, err.Error())
	}
	s, err := schedule.Simulate(amount.Amount)
	if err != nil {
		return out, badValue("/amount", recon.CodeInvalidValue, err.Error())
	}
	out = feeSimulation{
		Currency: schedule.Currency, Amount: text(s.Amount), Lines: []feeLine{}, Fee: text(s.Fee), Net: text(s.Net),
	}
	for _, l := range s.Lines {
		out.Lines = append(out.Lines, feeLine{l.Name, text(l.Base), text(l.Fee)})
	}
	if in.Body.Actual == "" {
		return out, nil
	}
	actual, err := recon.ParseMoney(in.Body.Actual, schedule.Currency)
	if err != nil {
		return out, badValue("/actual", recon.CodeInvalidValue, err.Error())
	}
	v, err := schedule.Verify(amount.Amount, actual.Amount)
	if err != nil {
		return out, badValue("/actual", recon.CodeInvalidValue, err.Error())
	}
	out.Verified = &feeActual{Actual: text(v.Actual), Delta: text(v.Delta), Verdict: v.Verdict}
	return out, nil
}
