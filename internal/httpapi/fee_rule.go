package httpapi

import (
	"context"

	"matcher/internal/postgres"
	"matcher/internal/recon"
)

func (a *API) listFeeRules(ctx context.Context, in *ContextPath) (out *list[recon.StoredFeeRule], err error) {
	err = a.DB.Read(ctx, func(tx *postgres.Tx) error {
		items, err := tx.FeeRules(ctx, in.ContextID)
		out = listOf(items, "")
		return err
	})
	return out, err
}

type createFeeRuleInput struct {
	ContextPath
	Keyed
	Body recon.FeeRule
}

func (a *API) createFeeRule(ctx context.Context, tx *postgres.Tx, in *createFeeRuleInput) (*reply[recon.StoredFeeRule], error) {
	if err := check(in.Body.Check()); err != nil {
		return nil, err
	}
	made, err := tx.CreateFeeRule(ctx, in.ContextID, in.Body)
	return &reply[recon.StoredFeeRule]{Location: "/v1/fee-rules/" + made.ID, ETag: entityTag(made.Version), Body: made}, err
}

// FeeRulePath names the fee rule that a path is about.
type FeeRulePath struct {
	FeeRuleID string `path:"feeRuleId"`
}

func (a *API) getFeeRule(ctx context.Context, in *FeeRulePath) (out *one[recon.StoredFeeRule], err error) {
	err = a.DB.Read(ctx, func(tx *postgres.Tx) error {
		found, err := tx.FeeRule(ctx, in.FeeRuleID)
		out = &one[recon.StoredFeeRule]{ETag: entityTag(found.Version), Body: found}
		return err
	})
	return out, err
}

type putFeeRuleInput struct {
	FeeRulePath
	Matched
	Body recon.FeeRule
}

func (a *API) putFeeRule(ctx context.Context, tx *postgres.Tx, in *putFeeRuleInput) (*one[recon.StoredFeeRule], error) {
	version, err := versionOf(in.IfMatch)
	if err != nil {
		return nil, err
	}
	if err := check(in.Body.Check()); err != nil {
		return nil, err
	}
	changed, err := tx.UpdateFeeRule(ctx, in.FeeRuleID, version, in.Body)
	return &one[recon.StoredFeeRule]{ETag: entityTag(changed.Version), Body: changed}, err
}

type deleteFeeRuleInput struct {
	FeeRulePath
	Matched
}

func (a *API) deleteFeeRule(ctx context.Context, tx *postgres.Tx, in *deleteFeeRuleInput) (*none, error) {
	version, err := versionOf(in.IfMatch)
	if err != nil {
		return nil, err
	}
	return &none{}, tx.DeleteFeeRule(ctx, in.FeeRuleID, version)
}

type feeChecksInput struct {
	ContextPath
	Paged
	Verdict string `query:"verdict" enum:"MATCH,OVERCHARGE,UNDERCHARGE"`
}

// listFeeChecks verifies the fees that the context's rows carry.
func (a *API) listFeeChecks(ctx context.Context, in *feeChecksInput) (out *list[recon.FeeCheck], err error) {
	err = a.DB.Read(ctx, func(tx *postgres.Tx) error {
		items, next, err := tx.FeeChecks(ctx, in.ContextID, in.Verdict, in.page())
		out = listOf(items, next)
		return err
	})
	return out, err
}
