package httpapi

import (
	"context"

	"matcher/internal/postgres"
	"matcher/internal/recon"
)

type exceptionsInput struct {
	Paged
	ContextID string `query:"contextId" maxLength:"36"`
	Status    string `query:"status" enum:"OPEN,RESOLVED"`
	Class     string `query:"class" enum:"TIMING,MISSING,BREAK,AMBIGUOUS,DATA"`
	Reason    string `query:"reason" enum:"NO_CANDIDATE,IN_TRANSIT,AMOUNT_DIFFERS,DATE_OUTSIDE,CURRENCY_DIFFERS,KEY_DIFFERS,KEY_CONTRADICTS,TEXT_BELOW,SCORE_BELOW,PARTNER_TAKEN,AMBIGUOUS,DUPLICATE,SEARCH_BUDGET,PENDING,FIELD_MISSING,SPLIT_INCOMPLETE,FX_RATE_MISSING,FEE_VARIANCE,REJECTED,PARTIAL_REST,UNMATCHED" doc:"As exceptions carry it"`
	Side      string `query:"side" enum:"LEFT,RIGHT"`
	MinAge    int    `query:"minAgeDays" minimum:"0" maximum:"36500" doc:"Only rows booked at least so many days ago"`
}

func (a *API) listExceptions(ctx context.Context, in *exceptionsInput) (out *list[recon.Exception], err error) {
	filter := recon.ExceptionFilter{
		ContextID: in.ContextID, Status: in.Status, Class: in.Class, Reason: in.Reason, Side: recon.Side(in.Side),
		MinAgeDays: in.MinAge,
	}
	err = a.DB.Read(ctx, func(tx *postgres.Tx) error {
		items, next, err := tx.Exceptions(ctx, filter, in.page())
		out = listOf(items, next)
		return err
	})
	return out, err
}

// ExceptionPath names the exception that a path is about.
type ExceptionPath struct {
	ExceptionID string `path:"exceptionId"`
}

func (a *API) getException(ctx context.Context, in *ExceptionPath) (out *one[recon.Exception], err error) {
	err = a.DB.Read(ctx, func(tx *postgres.Tx) error {
		exception, err := tx.Exception(ctx, in.ExceptionID)
		out = &one[recon.Exception]{Body: exception}
		return err
	})
	return out, err
}
