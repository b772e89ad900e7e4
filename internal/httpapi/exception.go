package httpapi

import (
	"context"

	"matcher/internal/postgres"
	"matcher/internal/recon"
)

type exceptionsInput struct {
	Paged
	ContextID string               `query:"contextId" maxLength:"36"`
	Status    string               `query:"status" enum:"OPEN,RESOLVED"`
	Class     textOf[recon.Class]  `query:"class"`
	Reason    textOf[recon.Reason] `query:"reason" doc:"As exceptions carry it"`
	Side      string               `query:"side" enum:"LEFT,RIGHT"`
	MinAge    int                  `query:"minAgeDays" minimum:"0" maximum:"36500" doc:"Only rows booked at least so many days ago"`
}

func (a *API) listExceptions(ctx context.Context, in *exceptionsInput) (out *list[recon.Exception], err error) {
	filter := recon.ExceptionFilter{
		ContextID: in.ContextID, Status: in.Status, Class: valueOf(in.Class), Reason: valueOf(in.Reason), Side: recon.Side(in.Side),
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
