package httpapi

import (
	"context"
	"encoding/json"
	"reflect"

	"github.com/danielgtaylor/huma/v2"

	"matcher/internal/postgres"
	"matcher/internal/recon"
)

type contextsInput struct {
	paged
	Name   string `query:"name" maxLength:"200" doc:"Only the context of this name"`
	Status string `query:"status" enum:"ACTIVE,PAUSED,ARCHIVED"`
}

func listContexts(ctx context.Context, tx *postgres.Tx, in *contextsInput) ([]recon.Context, string, error) {
	filter := postgres.ContextFilter{Name: in.Name, Status: recon.ContextStatus(in.Status)}
	return tx.Contexts(ctx, filter, in.page())
}

type createContextInput struct {
	keyed
	Body struct {
		Name        string                `json:"name" minLength:"1" maxLength:"200"`
		Description string                `json:"description,omitempty" maxLength:"2000"`
		Settings    recon.ContextSettings `json:"settings,omitzero"`
	}
}

func createContext(ctx context.Context, tx *postgres.Tx, in *createContextInput) (recon.Context, error) {
	c := recon.Context{Name: in.Body.Name, Description: in.Body.Description, Settings: in.Body.Settings}
	if err := check(c.Check()); err != nil {
		return c, err
	}
	return tx.CreateContext(ctx, c)
}

type updateContextInput struct {
	pathID
	matched
	Body struct {
		Name        *string                `json:"name,omitempty" minLength:"1" maxLength:"200"`
		Description *string                `json:"description,omitempty" maxLength:"2000"`
		Settings    *recon.ContextSettings `json:"settings,omitempty"`
	}
}

func updateContext(ctx context.Context, tx *postgres.Tx, in *updateContextInput) (recon.Context, error) {
	return tx.UpdateContext(ctx, in.ID, in.version, func(c *recon.Context) (string, error) {
		if c.Status == recon.ContextArchived {
			return "", recon.Conflict(recon.CodeContextInactive, "the context is archived: activate it to change it")
		}
		set(&c.Name, in.Body.Name)
		set(&c.Description, in.Body.Description)
		set(&c.Settings, in.Body.Settings)
		return "context.update", check(c.Check())
	})
}

// set takes over a value that was given.
func set[T any](to, given *T) {
	if given != nil {
		*to = *given
	}
}

// nullable is a field of a change that null takes away and absence leaves as it is.
type nullable[T any] struct {
	given bool
	value *T
}

// UnmarshalJSON reads null or a value; it is not called for an absent field.
func (n *nullable[T]) UnmarshalJSON(data []byte) error {
	n.given = true
	return json.Unmarshal(data, &n.value)
}

// Schema is that of the value, or null.
func (nullable[T]) Schema(r huma.Registry) *huma.Schema {
	s := *huma.SchemaFromType(r, reflect.TypeFor[T]())
	s.Nullable = true
	return &s
}

// setIn changes what to holds if the field was given.
func (n nullable[T]) setIn(to **T) {
	if n.given {
		*to = n.value
	}
}

type contextStatusInput struct {
	pathID
	keyed
	matched
}

// contextTo is the endpoint that brings a context into a status; being there already is no error.
func contextTo(status recon.ContextStatus, action string) endpoint {
	return within(commit, func(ctx context.Context, tx *postgres.Tx, in *contextStatusInput) (recon.Context, error) {
		return tx.UpdateContext(ctx, in.ID, in.version, func(c *recon.Context) (string, error) {
			c.Status = status
			return action, nil
		})
	})
}

type cloneContextInput struct {
	pathID
	keyed
	Body struct {
		Name        string `json:"name" minLength:"1" maxLength:"200"`
		Description string `json:"description,omitempty" maxLength:"2000"`
	}
}

func cloneContext(ctx context.Context, tx *postgres.Tx, in *cloneContextInput) (recon.Context, error) {
	clone := recon.Context{Name: in.Body.Name, Description: in.Body.Description}
	if err := check(clone.Check()); err != nil {
		return clone, err
	}
	return tx.CloneContext(ctx, in.ID, clone)
}
