package httpapi

import (
	"context"

	"matcher/internal/postgres"
	"matcher/internal/recon"
)

type createAdjustmentInput struct {
	GroupPath
	Keyed
	Body struct {
		Amount string                 `json:"amount,omitempty" maxLength:"40" doc:"Decimal in the group's currency, of the sign of its difference; default all that is left of it"`
		Reason recon.AdjustmentReason `json:"reason"`
		Note   string                 `json:"note,omitempty" maxLength:"2000"`
	}
}

func (a *API) createAdjustment(ctx context.Context, tx *postgres.Tx, in *createAdjustmentInput) (*reply[recon.Adjustment], error) {
	made, err := tx.Adjust(ctx, in.GroupID, in.Body.Amount, in.Body.Reason, in.Body.Note)
	return &reply[recon.Adjustment]{Location: "/v1/adjustments/" + made.ID, Body: made}, err
}

type groupAdjustmentsInput struct {
	GroupPath
	Paged
}

func (a *API) listGroupAdjustments(ctx context.Context, in *groupAdjustmentsInput) (out *list[recon.Adjustment], err error) {
	err = a.DB.Read(ctx, func(tx *postgres.Tx) error {
		items, next, err := tx.GroupAdjustments(ctx, in.GroupID, in.page())
		out = listOf(items, next)
		return err
	})
	return out, err
}

type adjustmentsInput struct {
	ContextPath
	Paged
	Status string `query:"status" enum:"UNPOSTED,POSTED,REVERSED"`
	Posted string `query:"posted" enum:"true,false" doc:"true: those in the books; false: those that are owed to them"`
}

func (in *adjustmentsInput) filter() (postgres.AdjustmentFilter, error) {
	status := recon.PostingStatus(in.Status)
	if in.Posted != "" {
		asked := map[string]recon.PostingStatus{"true": recon.Posted, "false": recon.Unposted}[in.Posted]
		if status != "" && status != asked {
			return postgres.AdjustmentFilter{}, recon.Invalid("FILTERS_DIFFER", "status and posted ask for different adjustments: send one of them")
		}
		status = asked
	}
	return postgres.AdjustmentFilter{Status: status}, nil
}

func (a *API) listAdjustments(ctx context.Context, in *adjustmentsInput) (out *list[recon.Adjustment], err error) {
	filter, err := in.filter()
	if err != nil {
		return nil, err
	}
	err = a.DB.Read(ctx, func(tx *postgres.Tx) error {
		items, next, err := tx.Adjustments(ctx, in.ContextID, filter, in.page())
		out = listOf(items, next)
		return err
	})
	return out, err
}

// AdjustmentPath names the adjustment that a path is about.
type AdjustmentPath struct {
	AdjustmentID string `path:"adjustmentId"`
}

func (a *API) getAdjustment(ctx context.Context, in *AdjustmentPath) (out *one[recon.Adjustment], err error) {
	err = a.DB.Read(ctx, func(tx *postgres.Tx) error {
		found, err := tx.Adjustment(ctx, in.AdjustmentID)
		out = &one[recon.Adjustment]{Body: found}
		return err
	})
	return out, err
}

type postAdjustmentInput struct {
	AdjustmentPath
	Keyed
	Body struct {
		Reference string `json:"reference,omitempty" maxLength:"200" doc:"Of the entry in the books that carries it"`
	} `required:"false"`
}

func (a *API) postAdjustment(ctx context.Context, tx *postgres.Tx, in *postAdjustmentInput) (*reply[recon.Adjustment], error) {
	posted, err := tx.PostAdjustment(ctx, in.AdjustmentID, recon.Posted, in.Body.Reference)
	return &reply[recon.Adjustment]{Body: posted}, err
}

type reverseAdjustmentInput struct {
	AdjustmentPath
	Keyed
}

func (a *API) reverseAdjustment(ctx context.Context, tx *postgres.Tx, in *reverseAdjustmentInput) (*reply[recon.Adjustment], error) {
	reversed, err := tx.PostAdjustment(ctx, in.AdjustmentID, recon.Reversed, "")
	return &reply[recon.Adjustment]{Body: reversed}, err
}
