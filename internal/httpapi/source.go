package httpapi

import (
	"cmp"
	"context"

	"matcher/internal/postgres"
	"matcher/internal/recon"
)

type sourcesInput struct {
	ContextPath
	Paged
}

func (a *API) listSources(ctx context.Context, in *sourcesInput) (out *list[recon.Source], err error) {
	err = a.DB.Read(ctx, func(tx *postgres.Tx) error {
		items, next, err := tx.Sources(ctx, in.ContextID, in.page())
		out = listOf(items, next)
		return err
	})
	return out, err
}

type createSourceInput struct {
	ContextPath
	Keyed
	Body struct {
		Name     string `json:"name" minLength:"1" maxLength:"200"`
		Side     string `json:"side" enum:"LEFT,RIGHT" doc:"LEFT is what you expect (books, orders), RIGHT what happened (bank, processor)"`
		Currency string `json:"currency,omitempty" doc:"ISO 4217 code of rows whose file names none"`
		TimeZone string `json:"timeZone,omitempty" doc:"IANA name; decides which day an instant belongs to. Default UTC"`
		Negate   bool   `json:"negate,omitempty" doc:"The file counts the other way round: its + is money away from us"`
	}
}

func (a *API) createSource(ctx context.Context, tx *postgres.Tx, in *createSourceInput) (*reply[recon.Source], error) {
	s := recon.Source{
		ContextID: in.ContextID, Name: in.Body.Name, Side: recon.Side(in.Body.Side), Currency: in.Body.Currency,
		TimeZone: cmp.Or(in.Body.TimeZone, "UTC"), Negate: in.Body.Negate,
	}
	if err := check(s.Check()); err != nil {
		return nil, err
	}
	s, err := tx.CreateSource(ctx, s)
	return &reply[recon.Source]{Location: "/v1/sources/" + s.ID, ETag: entityTag(s.Version), Body: s}, err
}

// SourcePath names the source that a path is about.
type SourcePath struct {
	SourceID string `path:"sourceId"`
}

func (a *API) getSource(ctx context.Context, in *SourcePath) (out *one[recon.Source], err error) {
	err = a.DB.Read(ctx, func(tx *postgres.Tx) error {
		s, err := tx.Source(ctx, in.SourceID)
		out = &one[recon.Source]{ETag: entityTag(s.Version), Body: s}
		return err
	})
	return out, err
}

type updateSourceInput struct {
	SourcePath
	Matched
	Body struct {
		Name     *string `json:"name,omitempty" minLength:"1" maxLength:"200"`
		Currency *string `json:"currency,omitempty"`
		TimeZone *string `json:"timeZone,omitempty"`
		Negate   *bool   `json:"negate,omitempty" doc:"Holds for files loaded from now on"`
	}
}

func (a *API) updateSource(ctx context.Context, tx *postgres.Tx, in *updateSourceInput) (*one[recon.Source], error) {
	version, err := versionOf(in.IfMatch)
	if err != nil {
		return nil, err
	}
	s, err := tx.UpdateSource(ctx, in.SourceID, version, func(s *recon.Source) error {
		set(&s.Name, in.Body.Name)
		set(&s.Currency, in.Body.Currency)
		set(&s.TimeZone, in.Body.TimeZone)
		set(&s.Negate, in.Body.Negate)
		return check(s.Check())
	})
	return &one[recon.Source]{ETag: entityTag(s.Version), Body: s}, err
}

type deleteSourceInput struct {
	SourcePath
	Matched
}

func (a *API) deleteSource(ctx context.Context, tx *postgres.Tx, in *deleteSourceInput) (*none, error) {
	version, err := versionOf(in.IfMatch)
	if err != nil {
		return nil, err
	}
	return &none{}, tx.DeleteSource(ctx, in.SourceID, version)
}
