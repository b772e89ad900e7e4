package httpapi

import (
	"cmp"
	"context"

	"matcher/internal/postgres"
	"matcher/internal/recon"
)

type createSourceInput struct {
	pathID
	keyed
	Body struct {
		Name     string `json:"name" minLength:"1" maxLength:"200"`
		Side     string `json:"side" enum:"LEFT,RIGHT" doc:"LEFT is what you expect (books, orders), RIGHT what happened (bank, processor)"`
		Currency string `json:"currency,omitempty" doc:"ISO 4217 code of rows whose file names none"`
		TimeZone string `json:"timeZone,omitempty" doc:"IANA name; decides which day an instant belongs to. Default UTC"`
		Negate   bool   `json:"negate,omitempty" doc:"Inverts the signs of the file: its + is money out"`

		MaxRejected *int64 `json:"maxRejected,omitempty" minimum:"0" doc:"Refused rows that a file may have; past it the file is refused whole. Default: one in a hundred and at least one, none where balances prove the file"`

		Account       string `json:"account,omitempty" maxLength:"200" doc:"Account whose statements come in; a file of another one is refused. Default: that of the first statement"`
		ControlTotals string `json:"controlTotals,omitempty" enum:"KEEP,REFUSE" doc:"What becomes of a file whose figures contradict each other: it is kept with a finding, or refused. Default KEEP"`

		CoveredThrough *recon.Day `json:"coveredThrough,omitempty" doc:"Last day of which its files have everything, where that is later than its last statement and its last row"`
	}
}

func createSource(ctx context.Context, tx *postgres.Tx, in *createSourceInput) (recon.Source, error) {
	s := recon.Source{
		ContextID: in.ID, Name: in.Body.Name, Side: recon.Side(in.Body.Side), Currency: in.Body.Currency,
		TimeZone: cmp.Or(in.Body.TimeZone, "UTC"), Negate: in.Body.Negate, MaxRejected: in.Body.MaxRejected,
		Account: in.Body.Account, ControlTotals: in.Body.ControlTotals,
		CoveredThrough: in.Body.CoveredThrough,
	}
	if err := check(s.Check()); err != nil {
		return s, err
	}
	return tx.CreateSource(ctx, s)
}

type updateSourceInput struct {
	pathID
	matched
	Body struct {
		Name     *string `json:"name,omitempty" minLength:"1" maxLength:"200"`
		Currency *string `json:"currency,omitempty"`
		TimeZone *string `json:"timeZone,omitempty"`
		Negate   *bool   `json:"negate,omitempty" doc:"Holds for files loaded from now on"`

		MaxRejected nullable[int64] `json:"maxRejected,omitzero" minimum:"0" doc:"Refused rows that a file may have from now on; null: the default"`

		Account       *string `json:"account,omitempty" maxLength:"200" doc:"Account whose statements come in from now on; empty: that of the last statement"`
		ControlTotals *string `json:"controlTotals,omitempty" enum:"KEEP,REFUSE" doc:"What becomes of a file whose figures contradict each other"`

		CoveredThrough nullable[recon.Day] `json:"coveredThrough,omitzero" doc:"Last day of which its files have everything; null: its last statement, else its last row"`
	}
}

func updateSource(ctx context.Context, tx *postgres.Tx, in *updateSourceInput) (recon.Source, error) {
	return tx.UpdateSource(ctx, in.ID, in.version, func(s *recon.Source) error {
		set(&s.Name, in.Body.Name)
		set(&s.Currency, in.Body.Currency)
		set(&s.TimeZone, in.Body.TimeZone)
		set(&s.Negate, in.Body.Negate)
		set(&s.Account, in.Body.Account)
		set(&s.ControlTotals, in.Body.ControlTotals)
		in.Body.MaxRejected.setIn(&s.MaxRejected)
		in.Body.CoveredThrough.setIn(&s.CoveredThrough)
		return check(s.Check())
	})
}
