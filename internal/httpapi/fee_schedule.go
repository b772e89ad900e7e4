package httpapi

import (
	"context"

	"matcher/internal/postgres"
	"matcher/internal/recon"
)

func (a *API) listFeeSchedules(ctx context.Context, in *Paged) (out *list[postgres.StoredFeeSchedule], err error) {
	err = a.DB.Read(ctx, func(tx *postgres.Tx) error {
		items, next, err := tx.FeeSchedules(ctx, in.page())
		out = listOf(items, next)
		return err
	})
	return out, err
}

type createFeeScheduleInput struct {
	Keyed
	Body recon.FeeSchedule
}

func (a *API) createFeeSchedule(ctx context.Context, tx *postgres.Tx, in *createFeeScheduleInput) (*reply[postgres.StoredFeeSchedule], error) {
	if err := check(in.Body.Check()); err != nil {
		return nil, err
	}
	made, err := tx.CreateFeeSchedule(ctx, in.Body)
	return &reply[postgres.StoredFeeSchedule]{Location: "/v1/fee-schedules/" + made.ID, ETag: entityTag(made.Version), Body: made}, err
}

// FeeSchedulePath names the fee schedule that a path is about.
type FeeSchedulePath struct {
	FeeScheduleID string `path:"feeScheduleId"`
}

func (a *API) getFeeSchedule(ctx context.Context, in *FeeSchedulePath) (out *one[postgres.StoredFeeSchedule], err error) {
	err = a.DB.Read(ctx, func(tx *postgres.Tx) error {
		found, err := tx.FeeSchedule(ctx, in.FeeScheduleID)
		out = configuredOut(found)
		return err
	})
	return out, err
}

type putFeeScheduleInput struct {
	FeeSchedulePath
	Matched
	Body recon.FeeSchedule
}

func (a *API) putFeeSchedule(ctx context.Context, tx *postgres.Tx, in *putFeeScheduleInput) (*one[postgres.StoredFeeSchedule], error) {
	version, err := versionOf(in.IfMatch)
	if err != nil {
		return nil, err
	}
	if _, err := tx.FeeSchedule(ctx, in.FeeScheduleID); err != nil {
		return nil, err
	}
	if err := check(in.Body.Check()); err != nil {
		return nil, err
	}
	changed, err := tx.UpdateFeeSchedule(ctx, in.FeeScheduleID, version, in.Body)
	return configuredOut(changed), err
}

type deleteFeeScheduleInput struct {
	FeeSchedulePath
	Matched
}

func (a *API) deleteFeeSchedule(ctx context.Context, tx *postgres.Tx, in *deleteFeeScheduleInput) (*none, error) {
	version, err := versionOf(in.IfMatch)
	if err != nil {
		return nil, err
	}
	return &none{}, tx.DeleteFeeSchedule(ctx, in.FeeScheduleID, version)
}

type simulateFeeInput struct {
	FeeSchedulePath
	Keyed
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

func (a *API) simulateFee(ctx context.Context, tx *postgres.Tx, in *simulateFeeInput) (*reply[feeSimulation], error) {
	stored, err := tx.FeeSchedule(ctx, in.FeeScheduleID)
	if err != nil {
		return nil, err
	}
	amount, err := moneyAt("/amount", in.Body.Amount, stored.Value.Currency)
	if err != nil {
		return nil, err
	}
	simulated, err := stored.Value.Simulate(amount)
	if err != nil {
		return nil, check([]recon.FieldError{{Pointer: "/amount", Code: recon.CodeValue, Message: err.Error()}})
	}
	out := simulationOf(simulated, stored.Value.Currency)
	if in.Body.Actual == "" {
		return &reply[feeSimulation]{Body: out}, nil
	}
	actual, err := moneyAt("/actual", in.Body.Actual, stored.Value.Currency)
	if err != nil {
		return nil, err
	}
	v, err := stored.Value.Verify(amount, actual)
	if err != nil {
		return nil, check([]recon.FieldError{{Pointer: "/actual", Code: recon.CodeValue, Message: err.Error()}})
	}
	text := decimals(stored.Value.Currency)
	out.Verified = &feeActual{Actual: text(v.Actual), Delta: text(v.Delta), Verdict: v.Verdict}
	return &reply[feeSimulation]{Body: out}, nil
}

func simulationOf(s recon.FeeSimulation, currency string) feeSimulation {
	text := decimals(currency)
	out := feeSimulation{Currency: currency, Amount: text(s.Amount), Lines: []feeLine{}, Fee: text(s.Fee), Net: text(s.Net)}
	for _, l := range s.Lines {
		out.Lines = append(out.Lines, feeLine{l.Name, text(l.Base), text(l.Fee)})
	}
	return out
}

// decimals writes amounts of a currency.
func decimals(currency string) func(recon.Minor) string {
	return func(m recon.Minor) string { return recon.Money{Amount: m, Currency: currency}.String() }
}

// moneyAt reads an amount that stands at a pointer of the body.
func moneyAt(pointer, text, currency string) (recon.Minor, error) {
	money, err := recon.ParseMoney(text, currency)
	if err != nil {
		return 0, check([]recon.FieldError{{Pointer: pointer, Code: recon.CodeValue, Message: err.Error()}})
	}
	return money.Amount, nil
}
