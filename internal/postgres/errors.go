package postgres

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"matcher/internal/recon"
)

// What PostgreSQL's codes are called here (Appendix A of its manual).
const (
	codeSerialization    = "40001"
	codeDeadlock         = "40P01"
	codeInvalidParameter = "22023" // SET ROLE to a role that does not exist
	codeInvalidSchema    = "3F000"
	codeQueryCanceled    = "57014"
	codeTooManyClients   = "53300"
	codeDiskFull         = "53100"
)

const (
	retryAfterProvisioning = 2 * time.Second
	retryAfterConflict     = time.Second
	retryAfterOutage       = 2 * time.Second
)

// conflicts turns the name of a violated constraint into what the caller reads.
var conflicts = map[string]struct{ code, message string }{
	"contexts_num_bound":        {recon.CodeNumbersExhausted, "this tenant has used up its 2,147,483,647 context numbers"},
	"sources_num_bound":         {recon.CodeNumbersExhausted, "this tenant has used up its 2,147,483,647 source numbers"},
	"contexts_name_unique":      {recon.CodeNameTaken, "another context has this name"},
	"sources_name_unique":       {recon.CodeNameTaken, "another source of this context has this name"},
	"rules_name_unique":         {recon.CodeNameTaken, "another rule of this context has this name"},
	"rules_priority_unique":     {recon.CodePriorityTaken, "another rule of this context has this priority"},
	"runs_one_running":          {recon.CodeRunActive, "a run of this context is under way"},
	"runs_one_queued":           {recon.CodeRunQueued, "a run of this context is waiting already"},
	"active_items_pkey":         {recon.CodeAlreadyMatched, "a row is in another active group: unmatch or reject that one first"},
	"idempotency_keys_pkey":     {recon.CodeIdempotencyInFlight, "a request with this idempotency key is still at work"},
	"field_maps_pkey":           {recon.CodeChangedMeanwhile, "the field map was changed meanwhile: read it again"},
	"calendars_name_unique":     {recon.CodeNameTaken, "another calendar has this id"},
	"fee_schedules_name_unique": {recon.CodeNameTaken, "another fee schedule has this name"},
	"fee_rules_name_unique":     {recon.CodeNameTaken, "another fee rule of this context has this name"},
	"fee_rules_priority_unique": {recon.CodePriorityTaken, "another fee rule of this context has this priority"},
	"fee_rules_schedule":        {recon.CodeInUse, "a fee rule names this fee schedule: change the rule first"},
	"schedules_name_unique":     {recon.CodeNameTaken, "another schedule of this context has this name"},
	"rule_versions_pkey":        {recon.CodeChangedMeanwhile, "the rule was changed meanwhile: read it again"},
}

// notFound turns "no rows" into the one answer to unknown and foreign ids, and leaves any other error as it is.
func notFound(err error, noun string) error {
	if errors.Is(err, pgx.ErrNoRows) {
		return recon.NotFound(noun)
	}
	return err
}

// retryable reports that PostgreSQL ended the transaction for the sake of another and that it may simply run again.
func retryable(err error) bool {
	var pgErr *pgconn.PgError
	return errors.As(err, &pgErr) && (pgErr.Code == codeDeadlock || pgErr.Code == codeSerialization)
}

// beginError is for the statement that opens a tenant's transaction: a schema or role that is not there means that the
// tenant is being provisioned, since both come with one commit.
func beginError(ctx context.Context, err error) error {
	var pgErr *pgconn.PgError
	if errors.As(err, &pgErr) && (pgErr.Code == codeInvalidSchema || pgErr.Code == codeInvalidParameter) {
		return recon.Unavailable(recon.CodeTenantProvisioning, retryAfterProvisioning, "this tenant is being set up")
	}
	return domainError(ctx, fmt.Errorf("beginning the tenant's transaction: %w", err))
}

// domainError turns an error that the caller can act on into a recon.Error, together with its cause for the log. Any
// other error stays as it is and is an internal error: a table that is missing from a tenant's schema (42P01) is
// never looked for anywhere else.
func domainError(ctx context.Context, err error) error {
	if err == nil || recon.KindOf(err) != "" {
		return err
	}
	if cause := context.Cause(ctx); cause != nil && ctx.Err() != nil {
		return errors.Join(cause, err)
	}
	if public := publicError(err); public != nil {
		return &translated{public: public, cause: err}
	}
	return err
}

// publicError returns the error shown to callers, or nil if it is internal.
func publicError(err error) *recon.Error {
	unreachable := recon.Unavailable(recon.CodeDatabaseUnavailable, retryAfterOutage,
		"the database cannot be reached at the moment")
	var pgErr *pgconn.PgError
	if !errors.As(err, &pgErr) {
		if connectionLost(err) {
			return unreachable
		}
		return nil
	}
	if conflict, known := conflicts[pgErr.ConstraintName]; known {
		return recon.Conflict(conflict.code, "%s", conflict.message)
	}
	switch {
	case retryable(err):
		return recon.Unavailable(recon.CodeTryAgain, retryAfterConflict,
			"another change got in the way and nothing was stored: repeat the request")
	case pgErr.Code == codeQueryCanceled:
		return recon.Unavailable(recon.CodeTimeout, retryAfterOutage,
			"the database took too long: repeat the request, or ask for less")
	case pgErr.Code == codeDiskFull:
		return recon.Unavailable(recon.CodeDatabaseFull, retryAfterOutage,
			"the database has no space left: it needs a larger disk")
	case pgErr.Code == codeTooManyClients, serverGone(pgErr):
		return unreachable
	default:
		return nil
	}
}

// serverGone reports whether the server ended the session for reasons of its own.
func serverGone(pgErr *pgconn.PgError) bool {
	return strings.HasPrefix(pgErr.Code, "57P") || strings.HasPrefix(pgErr.Code, "08")
}

// connectionLost reports whether the session is gone. It may have been lost at any moment of a statement.
func connectionLost(err error) bool {
	if err == nil {
		return false
	}
	var pgErr *pgconn.PgError
	if errors.As(err, &pgErr) {
		return serverGone(pgErr)
	}
	var connectErr *pgconn.ConnectError
	var netErr net.Error
	return errors.As(err, &connectErr) || errors.As(err, &netErr) || pgconn.SafeToRetry(err) ||
		strings.Contains(err.Error(), "conn closed") || strings.Contains(err.Error(), "unexpected EOF")
}

// translated reads as the domain's error and keeps the cause for the log and for errors.As.
type translated struct {
	public         *recon.Error
	cause          error
	outcomeUnknown bool // of a commit
}

func (e *translated) Error() string   { return e.public.Error() + " (" + e.cause.Error() + ")" }
func (e *translated) Unwrap() []error { return []error{e.public, e.cause} }
