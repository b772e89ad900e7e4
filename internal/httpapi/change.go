package httpapi

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"reflect"

	"matcher/internal/auth"
	"matcher/internal/postgres"
	"matcher/internal/recon"
)

// changeable is an operation that may need a second person, and how its requests are read.
type changeable struct {
	op *operation
	in *input
}

// byTwo asks for a second person where the context, or any of the tenant's, has four eyes on: the request is tried,
// taken back, and stored as a change that another configurator approves.
func (e endpoint) byTwo() endpoint {
	e.twoPeople = true
	return e
}

// propose stores a request that needs a second person as a change, once it is known that it could be applied. waits
// reports that it needs one.
func (e *endpoint) propose(
	ctx context.Context, a *API, tx *postgres.Tx, in any,
) (change recon.StoredChange, waits bool, err error) {
	r := requestOf(ctx)
	num, waits, err := tx.FourEyes(ctx, r.op.param(), r.thing)
	if err != nil || !waits {
		return change, false, err
	}
	err = tx.Rehearse(ctx, func() error {
		_, err := e.call(a, ctx, tx, in)
		return err
	})
	if err != nil {
		return change, true, err
	}
	asked := recon.Change{Operation: r.op.id, TargetID: r.thing}
	input := reflect.ValueOf(in).Elem()
	if match := input.FieldByName("IfMatch"); match.IsValid() {
		asked.IfMatch = match.String()
	}
	if body := input.FieldByName("Body"); body.IsValid() {
		if asked.Body, err = json.Marshal(body.Interface()); err != nil {
			return change, true, err
		}
	}
	change, err = tx.ProposeChange(ctx, num, asked)
	return change, true, err
}

// waiting is the answer to a request that waits for a second person.
func waiting(change recon.StoredChange) (answer postgres.Stored, err error) {
	answer = postgres.Stored{
		Status: http.StatusAccepted, Headers: map[string]string{"Location": "/v1/changes/" + change.ID},
	}
	answer.Body, err = encode(change)
	return answer, err
}

type changesInput struct {
	paged
	Status string `query:"status" enum:"PROPOSED,APPLIED,REFUSED"`
}

func listChanges(ctx context.Context, tx *postgres.Tx, in *changesInput) ([]recon.StoredChange, string, error) {
	return tx.Changes(ctx, in.Status, in.page())
}

// decideChange is the endpoint that applies, or refuses, what another person asked for.
func decideChange(approve bool) endpoint {
	return newEndpoint(commit, reflect.TypeFor[*mayNoteInput](), reflect.TypeFor[recon.StoredChange](),
		func(a *API, ctx context.Context, tx *postgres.Tx, in any) (any, error) {
			decision := in.(*mayNoteInput) //nolint:forcetypeassert // newEndpoint reads one
			var apply func(recon.Change) error
			if approve {
				apply = func(change recon.Change) error { return a.apply(ctx, tx, change) }
			}
			return tx.DecideChange(ctx, decision.ID, decision.Body.Note, apply)
		})
}

// apply does what a change asks, read again as the request that it was, with the rights of the person who approves it.
func (a *API) apply(ctx context.Context, tx *postgres.Tx, change recon.Change) error {
	asked, known := a.changes[change.Operation]
	if !known {
		return recon.Conflict(recon.CodeChangeDecided,
			"this version has no operation %s: refuse the change", change.Operation)
	}
	op := asked.op
	request := (&http.Request{
		Method: op.method(), URL: &url.URL{Path: op.path()}, Body: io.NopCloser(bytes.NewReader(change.Body)),
		Header: http.Header{"Content-Type": {"application/json"}, "If-Match": {change.IfMatch}},
	}).WithContext(ctx)
	request.SetPathValue(op.param(), change.TargetID)
	in, err := asked.in.read(request)
	if err == nil {
		err = auth.RequireRole(ctx, op.role)
	}
	if err == nil {
		_, err = op.call(a, ctx, tx, in)
	}
	return err
}
