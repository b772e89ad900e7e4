package httpapi

import (
	"context"

	"matcher/internal/postgres"
	"matcher/internal/recon"
)

type exceptionsInput struct {
	paged
	ContextID string               `query:"contextId" maxLength:"36"`
	Status    string               `query:"status" enum:"OPEN,RESOLVED"`
	Class     textOf[recon.Class]  `query:"class"`
	Reason    textOf[recon.Reason] `query:"reason" doc:"As exceptions carry it"`
	Side      string               `query:"side" enum:"LEFT,RIGHT"`
	MinAge    int                  `query:"minAgeDays" minimum:"0" maximum:"36500" doc:"Only rows booked at least so many days ago"`
}

func listExceptions(ctx context.Context, tx *postgres.Tx, in *exceptionsInput) ([]recon.Exception, string, error) {
	filter := recon.ExceptionFilter{
		ContextID: in.ContextID, Status: in.Status, Class: valueOf(in.Class), Reason: valueOf(in.Reason),
		Side: recon.Side(in.Side), MinAgeDays: in.MinAge,
	}
	return tx.Exceptions(ctx, filter, in.page())
}
