package httpapi

import (
	"context"
	"net/http"

	"matcher/internal/auth"
	"matcher/internal/postgres"
	"matcher/internal/recon"
)

// enter returns ctx with those of the caller's roles that count in the context of what the path names, if the
// operation needs one of them. A context's access list may leave the caller out: then there is no such thing.
// tx is nil for a handler that opens its own transactions, or none.
func (a *API) enter(ctx context.Context, tx *postgres.Tx) (within context.Context, err error) {
	r := requestOf(ctx)
	if r.op.unlisted || !postgres.BelongsToContext(r.op.param()) {
		return ctx, nil
	}
	if tx != nil {
		return entering(ctx, tx, r.op.param(), r.thing)
	}
	err = a.DB.Read(ctx, func(tx *postgres.Tx) (err error) {
		within, err = entering(ctx, tx, r.op.param(), r.thing) //nolint:fatcontext // there is no loop
		return err
	})
	return within, err
}

// entering is enter for a thing that the body names.
func entering(ctx context.Context, tx *postgres.Tx, param, id string) (context.Context, error) {
	ctx, err := tx.Access(ctx, param, id)
	if err == nil {
		err = auth.RequireRole(ctx, requestOf(ctx).op.role)
	}
	return ctx, err
}

// entered runs a stream with the roles that count in the context of what the path names.
func entered(stream streamer) streamer {
	return func(a *API, w http.ResponseWriter, r *http.Request) error {
		ctx, err := a.enter(r.Context(), nil)
		if err != nil {
			return err
		}
		return stream(a, w, r.WithContext(ctx))
	}
}

// named notes the operation and the id in its path.
func (op *operation) named(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		info := requestOf(r.Context())
		info.op = op
		info.thing = r.PathValue(op.param()) //nolint:forbidigo // the id of a thing; it names no tenant
		next.ServeHTTP(w, r)
	})
}

// visible returns ctx with the roles that count in the contexts of all things of a bulk command, and their ids, those
// that an access list hides from the caller as "", which names nothing.
func visible(
	ctx context.Context, tx *postgres.Tx, param string, ids []string,
) (context.Context, []string, error) {
	if listed, err := tx.HasAccessLists(ctx); err != nil || !listed {
		return ctx, ids, err
	}
	seen := make([]string, len(ids))
	for i, id := range ids {
		narrowed, err := entering(ctx, tx, param, id)
		if recon.KindOf(err) == recon.KindNotFound {
			continue
		}
		if err != nil {
			return ctx, nil, err
		}
		ctx, seen[i] = narrowed, id //nolint:fatcontext // each narrows the one before; 500 at most
	}
	return ctx, seen, nil
}

type putAccessInput struct {
	pathID
	matched
	Body recon.AccessList
}

func putAccess(ctx context.Context, tx *postgres.Tx, in *putAccessInput) (out recon.StoredAccess, err error) {
	if err := check(in.Body.Check()); err != nil {
		return out, err
	}
	return tx.PutAccessList(ctx, in.ID, in.version, in.Body)
}
