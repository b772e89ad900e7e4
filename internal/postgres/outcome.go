package postgres

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"matcher/internal/recon"
	"matcher/internal/shared/safego"
)

// errOutcomeUnknown: the connection was lost between COMMIT and its answer. The server may have done either.
var errOutcomeUnknown = errors.New("it is not known whether the transaction was committed")

const (
	// A commit under way ends within milliseconds of its caller's connection; a stuck one is not waited for.
	outcomeAttempts = 10
	outcomePause    = 100 * time.Millisecond
)

// commitError marks an error of COMMIT that says nothing of its outcome.
func commitError(err error) error {
	var pgErr *pgconn.PgError
	if errors.As(err, &pgErr) && !serverGone(pgErr) {
		return err
	}
	if !connectionLost(err) {
		return err
	}
	return errors.Join(errOutcomeUnknown, err)
}

// serverGone says that the server ended the session for reasons of its own.
func serverGone(pgErr *pgconn.PgError) bool {
	return strings.HasPrefix(pgErr.Code, "57P") || strings.HasPrefix(pgErr.Code, "08")
}

// resolve finds out whether an idempotent request was done whose commit was not answered. Its row was in that commit,
// and its lock is held until the commit has ended one way or the other. When it was not done the error says so; when
// nobody can tell, the error stays what it was.
func (db *DB) resolve(ctx context.Context, endpoint, key string, bodyHash []byte, unknown error) (Stored, error) {
	for attempt := range outcomeAttempts {
		if attempt > 0 && safego.Pause(ctx, outcomePause, nil) != nil {
			break
		}
		var answer *Stored
		// Read committed: the look-up must see what was committed before the lock was free, not before it was asked for.
		err := db.Tx(ctx, func(tx *Tx) (err error) {
			answer, err = tx.claimKey(ctx, endpoint, key, bodyHash)
			return err
		})
		switch {
		case recon.KindOf(err) == recon.KindUnprocessable:
			return Stored{}, err // the key is another request's after all
		case err != nil: // still under way, or the database is
			continue
		case answer != nil:
			answer.Replayed = false // it is this request's own answer
			return *answer, nil
		default:
			return Stored{}, &translated{cause: unknown, facing: recon.Unavailable(
				"TRY_AGAIN", retryAfterConflict, "the connection to the database was lost and nothing was changed")}
		}
	}
	return Stored{}, unknown
}
