package httpapi

import (
	"context"

	"matcher/internal/postgres"
	"matcher/internal/recon"
)

type contextsInput struct {
	Paged
	Name   string `query:"name" maxLength:"200" doc:"Only the context of this name"`
	Status string `query:"status" enum:"ACTIVE,PAUSED,ARCHIVED"`
}

func (a *API) listContexts(ctx context.Context, in *contextsInput) (out *list[recon.Context], err error) {
	err = a.DB.Read(ctx, func(tx *postgres.Tx) error {
		filter := postgres.ContextFilter{Name: in.Name, Status: recon.ContextStatus(in.Status)}
		items, next, err := tx.Contexts(ctx, filter, in.page())
		out = listOf(items, next)
		return err
	})
	return out, err
}

type createContextInput struct {
	Keyed
	Body struct {
		Name        string                `json:"name" minLength:"1" maxLength:"200"`
		Description string                `json:"description,omitempty" maxLength:"2000"`
		Settings    recon.ContextSettings `json:"settings,omitzero"`
	}
}

func (a *API) createContext(ctx context.Context, tx *postgres.Tx, in *createContextInput) (*reply[recon.Context], error) {
	c := recon.Context{Name: in.Body.Name, Description: in.Body.Description, Settings: in.Body.Settings}
	if err := check(c.Check()); err != nil {
		return nil, err
	}
	c, err := tx.CreateContext(ctx, c)
	return contextReply(c, "/v1/contexts/"+c.ID), err
}

func contextReply(c recon.Context, location string) *reply[recon.Context] {
	return &reply[recon.Context]{Location: location, ETag: entityTag(c.Version), Body: c}
}

// ContextPath names the context that a path is about.
type ContextPath struct {
	ContextID string `path:"contextId"`
}

func (a *API) getContext(ctx context.Context, in *ContextPath) (out *one[recon.Context], err error) {
	err = a.DB.Read(ctx, func(tx *postgres.Tx) error {
		c, err := tx.Context(ctx, in.ContextID)
		out = &one[recon.Context]{ETag: entityTag(c.Version), Body: c}
		return err
	})
	return out, err
}

type updateContextInput struct {
	ContextPath
	Matched
	Body struct {
		Name        *string                `json:"name,omitempty" minLength:"1" maxLength:"200"`
		Description *string                `json:"description,omitempty" maxLength:"2000"`
		Settings    *recon.ContextSettings `json:"settings,omitempty"`
	}
}

func (a *API) updateContext(ctx context.Context, tx *postgres.Tx, in *updateContextInput) (*one[recon.Context], error) {
	version, err := versionOf(in.IfMatch)
	if err != nil {
		return nil, err
	}
	c, err := tx.UpdateContext(ctx, in.ContextID, version, "context.update", func(c *recon.Context) error {
		if c.Status == recon.ContextArchived {
			return recon.Conflict("CONTEXT_ARCHIVED", "the context is archived: activate it to change it")
		}
		set(&c.Name, in.Body.Name)
		set(&c.Description, in.Body.Description)
		set(&c.Settings, in.Body.Settings)
		return check(c.Check())
	})
	return &one[recon.Context]{ETag: entityTag(c.Version), Body: c}, err
}

// set takes over a value that was given.
func set[T any](to, given *T) {
	if given != nil {
		*to = *given
	}
}

type contextStatusInput struct {
	ContextPath
	Keyed
	Matched
}

// contextTo is the handler that brings a context into a status; being there already is no error.
func contextTo(status recon.ContextStatus, action string) func(*API, context.Context, *postgres.Tx, *contextStatusInput) (*reply[recon.Context], error) {
	return func(_ *API, ctx context.Context, tx *postgres.Tx, in *contextStatusInput) (*reply[recon.Context], error) {
		version, err := versionOf(in.IfMatch)
		if err != nil {
			return nil, err
		}
		c, err := tx.UpdateContext(ctx, in.ContextID, version, action, func(c *recon.Context) error {
			c.Status = status
			return nil
		})
		return contextReply(c, ""), err
	}
}

type cloneContextInput struct {
	ContextPath
	Keyed
	Body struct {
		Name        string `json:"name" minLength:"1" maxLength:"200"`
		Description string `json:"description,omitempty" maxLength:"2000"`
	}
}

func (a *API) cloneContext(ctx context.Context, tx *postgres.Tx, in *cloneContextInput) (*reply[recon.Context], error) {
	as := recon.Context{Name: in.Body.Name, Description: in.Body.Description}
	if err := check(as.Check()); err != nil {
		return nil, err
	}
	c, err := tx.CloneContext(ctx, in.ContextID, as)
	return contextReply(c, "/v1/contexts/"+c.ID), err
}
