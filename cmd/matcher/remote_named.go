package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"matcher/internal/auth"
	"matcher/internal/recon"
	"matcher/internal/report"
)

// rowName is what a person calls a row: its id, or its external id in a context.
type rowName struct {
	given, contextID string
	side             recon.Side // "" is any
}

// rows returns the rows of a name: more than one where an external id is not unique in its context.
func (r *remote) rows(ctx context.Context, name rowName) (found []recon.StoredTransaction, err error) {
	if auth.IsUUID(name.given) {
		var row recon.StoredTransaction
		err := r.get(ctx, "/v1/transactions/"+name.given, &row)
		if err == nil {
			return []recon.StoredTransaction{row}, nil
		}
		if name.contextID == "" || !isUnknown(err) {
			return nil, r.unknown(ctx, err, lookup{"row", name.given, nil})
		}
	}
	if name.contextID == "" {
		return nil, usageError("%q is no id: give --context, the context in which it is an external id", name.given)
	}
	query := url.Values{"externalId": {name.given}}
	if name.side != "" {
		query.Set("side", string(name.side))
	}
	found, err = all[recon.StoredTransaction](ctx, r.client,
		"/v1/contexts/"+name.contextID+"/transactions?"+query.Encode())
	if err == nil && len(found) == 0 {
		err = fmt.Errorf("no %srow of the context has the external id %q: matcher exceptions lists the open ones",
			sideWord(name.side), name.given)
	}
	return found, err
}

func sideWord(side recon.Side) string {
	if side == "" {
		return ""
	}
	return strings.ToLower(string(side)) + " "
}

// openRow returns the row of a name that is to be put into a group: of several, the only open one.
func (r *remote) openRow(ctx context.Context, name rowName) (found recon.StoredTransaction, err error) {
	rows, err := r.rows(ctx, name)
	if err != nil {
		return found, err
	}
	if len(rows) > 1 {
		open := slices.DeleteFunc(slices.Clone(rows), func(row recon.StoredTransaction) bool {
			return row.State != recon.StateOpen
		})
		if len(open) != 1 {
			return found, usageError("%d rows have the external id %q: %s; name one by its id", len(rows), name.given,
				listed(rows, func(row recon.StoredTransaction) string {
					return fmt.Sprintf("%s %s %s %s %s (%s)", row.Side, row.Date, report.Grouped(row.Amount),
						row.Currency,
						report.Words(row.State), row.ID)
				}))
		}
		rows = open
	}
	if rows[0].State != recon.StateOpen {
		return found, fmt.Errorf("%q is %s: only open rows go into a group%s", name.given, report.Words(rows[0].State),
			wayToOpen[rows[0].State])
	}
	return rows[0], nil
}

// wayToOpen is how a row of a state becomes open.
var wayToOpen = map[recon.State]string{
	recon.StateProposed: ": matcher reject its group first", recon.StateConfirmed: ": matcher unmatch its group first",
	recon.StatePartial: ": matcher unmatch its group first",
	recon.StateIgnored: ": matcher exceptions restore it first",
}

// listed names the first few of what a name may mean.
func listed[T any](items []T, text func(T) string) string {
	names := make([]string, 0, namesListed+1)
	for _, item := range items[:min(len(items), namesListed)] {
		names = append(names, text(item))
	}
	if more := len(items) - namesListed; more > 0 {
		names = append(names, fmt.Sprintf("and %d more", more))
	}
	return strings.Join(names, ", ")
}

// group finds a group by its id, or by the id or external id of one of its rows.
func (r *remote) group(ctx context.Context, given, contextID string) (found recon.StoredGroup, err error) {
	if auth.IsUUID(given) {
		err := r.get(ctx, "/v1/groups/"+given, &found)
		if err == nil || contextID == "" || !isUnknown(err) {
			return found, r.unknown(ctx, err, lookup{"group", given, nil})
		}
	}
	rows, err := r.rows(ctx, rowName{given: given, contextID: contextID})
	if err != nil {
		return found, err
	}
	var ids []string
	for i := range rows {
		if id := rows[i].GroupID; id != "" && !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	switch len(ids) {
	case 0:
		return found, fmt.Errorf("%q is %s and in no group now", given, report.Words(rows[0].State))
	case 1:
		return found, r.get(ctx, "/v1/groups/"+ids[0], &found)
	}
	return found, usageError("rows with the external id %q are in %d groups: %s; name one by its id", given, len(ids),
		listed(ids, strings.Clone))
}

// exception finds an exception by its id, or by the external id of its row.
func (r *remote) exception(ctx context.Context, given, contextID string) (found recon.Exception, err error) {
	if auth.IsUUID(given) || contextID == "" {
		err := r.get(ctx, "/v1/exceptions/"+pathID(given), &found)
		if err == nil || contextID == "" || !isUnknown(err) {
			return found, r.unknown(ctx, err, lookup{"exception", given, nil})
		}
	}
	query := url.Values{"contextId": {contextID}, "text": {given}}
	var fitting []recon.Exception
	err = each(ctx, r.client, "/v1/exceptions?"+query.Encode(), func(e recon.Exception) error {
		if e.ExternalID == given {
			fitting = append(fitting, e)
		}
		return nil
	})
	switch {
	case err != nil:
		return found, err
	case len(fitting) == 1:
		return fitting[0], nil
	case len(fitting) == 0:
		return found,
			fmt.Errorf("no row with the external id %q has an exception in the context: matcher exceptions lists "+
				"those there are", given)
	}
	return found, usageError("%d exceptions are of rows with the external id %q: %s; name one by its id", len(fitting),
		given, listed(fitting, func(e recon.Exception) string {
			return fmt.Sprintf("%s %s %s %s (%s)", e.Side, e.Date, report.Grouped(e.Amount), e.Currency, e.ID)
		}))
}

// contextID returns the id of a context by name or id, "" for none.
func (r *remote) contextID(ctx context.Context, idOrName string) (string, error) {
	if idOrName == "" {
		return "", nil
	}
	of, err := r.context(ctx, idOrName)
	return of.ID, err
}

func isUnknown(err error) bool {
	var refused *refusal
	return errors.As(err, &refused) && refused.Status == http.StatusNotFound
}
