package httpapi

import (
	"context"

	"matcher/internal/postgres"
	"matcher/internal/recon"
)

type eventsInput struct {
	After int64 `query:"after" minimum:"0" doc:"seq of the last event that you have; 0 starts at the first"`
	Limit int   `query:"limit" minimum:"1" maximum:"200" default:"50"`
}

// listEvents is the feed. Its cursor is the event's own number, which has no gaps, so nothing is missed or seen twice.
func listEvents(ctx context.Context, tx *postgres.Tx, in *eventsInput) ([]recon.Event, string, error) {
	if err := tx.SeesAll(ctx); err != nil {
		return nil, "", err
	}
	events, err := tx.Events(ctx, in.After, in.Limit)
	return events, "", err
}
