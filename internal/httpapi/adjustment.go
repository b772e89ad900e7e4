package httpapi

import (
	"context"

	"matcher/internal/postgres"
	"matcher/internal/recon"
)

type createAdjustmentInput struct {
	pathID
	keyed
	Body struct {
		Amount string                 `json:"amount,omitempty" maxLength:"40" doc:"Decimal in the group's currency, of the sign of its difference; default all that is left of it"`
		Reason recon.AdjustmentReason `json:"reason"`
		Note   string                 `json:"note,omitempty" maxLength:"2000"`
	}
}

func createAdjustment(ctx context.Context, tx *postgres.Tx, in *createAdjustmentInput) (recon.Adjustment, error) {
	return tx.Adjust(ctx, in.ID, recon.Adjustment{Amount: in.Body.Amount, Reason: in.Body.Reason, Note: in.Body.Note})
}

type adjustmentsInput struct {
	pathID
	paged
	Status string `query:"status" enum:"UNPOSTED,POSTED,REVERSED"`
	Posted string `query:"posted" enum:"true,false" doc:"true: those in the books; false: those that are owed to them"`
}

func listAdjustments(
	ctx context.Context, tx *postgres.Tx, in *adjustmentsInput,
) ([]recon.Adjustment, string, error) {
	filter := postgres.AdjustmentFilter{Status: recon.PostingStatus(in.Status)}
	if in.Posted != "" {
		asked := map[string]recon.PostingStatus{"true": recon.Posted, "false": recon.Unposted}[in.Posted]
		if filter.Status != "" && filter.Status != asked {
			return nil, "", recon.Invalid(recon.CodeInvalidValue,
				"status and posted ask for different adjustments: send one of them")
		}
		filter.Status = asked
	}
	return tx.Adjustments(ctx, in.ID, filter, in.page())
}

type postAdjustmentInput struct {
	pathID
	keyed
	matched
	Body struct {
		Reference string `json:"reference,omitempty" maxLength:"200" doc:"Of the entry in the books that carries it"`
	}
}

func postAdjustment(ctx context.Context, tx *postgres.Tx, in *postAdjustmentInput) (recon.Adjustment, error) {
	return tx.PostAdjustment(ctx, in.ID, recon.Posting{
		To: recon.Posted, Reference: in.Body.Reference, Version: in.version,
	})
}

type reverseAdjustmentInput struct {
	pathID
	keyed
	matched
}

func reverseAdjustment(
	ctx context.Context, tx *postgres.Tx, in *reverseAdjustmentInput,
) (recon.Adjustment, error) {
	return tx.PostAdjustment(ctx, in.ID, recon.Posting{To: recon.Reversed, Version: in.version})
}
