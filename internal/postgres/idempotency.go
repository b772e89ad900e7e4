package postgres

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"matcher/internal/recon"
	"matcher/internal/shared/safego"
)

const (
	maxKeyBytes = 255
	// idempotencySeed keeps these locks apart from the provisioner's in the one 64-bit space of advisory locks.
	idempotencySeed = 13
	// A commit under way ends within milliseconds of its caller's connection; a stuck one is not waited for.
	outcomeAttempts = 10
	outcomePause    = 100 * time.Millisecond
	// answerLife is how long an answer is kept: a client that repeats a request after a month means another one.
	answerLife = 30 * 24 * time.Hour
)

// Request identifies an idempotent request.
type Request struct {
	Endpoint, Key string
	BodyHash      []byte
}

// Stored is the response to an idempotent request. Replayed reports that it was given before and nothing was done now.
type Stored struct {
	Status   int
	Headers  map[string]string
	Body     []byte
	Replayed bool
}

// storedResponse is what the flush writes into idempotency_keys.
type storedResponse struct {
	Request
	Stored
}

// Idempotent runs fn at most once for a request: its response is stored in the commit of its effect. The same request
// again is answered from the store. Another body under the same key is Unprocessable IDEMPOTENCY_KEY_REUSED, the same
// key while its first request runs is Conflict IDEMPOTENCY_IN_FLIGHT. An error of fn, or a status from 400 on, rolls
// back and stores nothing. One idempotent operation is one transaction, run by fn's Tx.
func (db *DB) Idempotent(
	ctx context.Context, r Request, fn func(*Tx) (status int, headers map[string]string, body []byte, err error),
) (Stored, error) {
	if r.Key == "" || len(r.Key) > maxKeyBytes {
		return Stored{}, recon.Invalid(recon.CodeIdempotencyKeyInvalid,
			"an idempotency key has 1 to %d bytes", maxKeyBytes)
	}
	refused := errors.New("the response is a refusal, which is not stored")
	var response Stored
	err := db.Tx(ctx, func(tx *Tx) error {
		before, err := tx.claimKey(ctx, r)
		if err != nil {
			return err
		}
		if before != nil {
			response = *before
			return nil
		}
		if response.Status, response.Headers, response.Body, err = fn(tx); err != nil {
			return err
		}
		if response.Status >= 400 {
			return refused
		}
		tx.stored = &storedResponse{r, response}
		return nil
	})
	var lost *translated
	switch {
	case errors.Is(err, refused):
		return response, nil
	case errors.As(err, &lost) && lost.outcomeUnknown && ctx.Err() == nil:
		return db.resolve(ctx, r, lost)
	case err != nil:
		return Stored{}, err
	default:
		return response, nil
	}
}

// claimKey takes the key for this transaction and returns the response stored under it, nil when there is none. The
// lock is gone when the commit of its holder can be seen, and the look-up is a statement after it, so no response is
// missed.
func (tx *Tx) claimKey(ctx context.Context, r Request) (*Stored, error) {
	name := fmt.Sprintf("%s %q %q", tx.tenantID, r.Endpoint, r.Key)
	claimed, err := value[bool](tx.query(ctx, `SELECT pg_try_advisory_xact_lock(hashtextextended($1, $2))`, name, idempotencySeed))
	if err != nil {
		return nil, fmt.Errorf("claiming the idempotency key: %w", err)
	}
	if !claimed {
		return nil, recon.Conflict(recon.CodeIdempotencyInFlight,
			"a request with this idempotency key is still at work")
	}
	stored, err := all[struct {
		Stored
		BodyHash []byte
	}](tx.query(ctx, `
		SELECT body_hash, status, headers, response AS body FROM idempotency_keys
		WHERE endpoint = $1 AND key = $2 AND created_at > now() - $3::interval`, r.Endpoint, r.Key, answerLife))
	switch {
	case err != nil:
		return nil, fmt.Errorf("looking the idempotency key up: %w", err)
	case len(stored) == 0:
		return nil, nil //nolint:nilnil // nil is "not answered yet"
	case !bytes.Equal(stored[0].BodyHash, r.BodyHash):
		return nil, recon.Unprocessable(recon.CodeIdempotencyKeyReused,
			"this idempotency key was used with another body")
	}
	stored[0].Replayed = true
	return &stored[0].Stored, nil
}

// resolve finds out whether an idempotent request was done whose commit was not answered. Its row was in that commit,
// and its lock is held until the commit has ended one way or the other. When it was not done the error reports that;
// when it cannot be found out, the error stays what it was.
func (db *DB) resolve(ctx context.Context, r Request, unknown *translated) (Stored, error) {
	for attempt := range outcomeAttempts {
		if attempt > 0 && safego.Pause(ctx, outcomePause, nil) != nil {
			break
		}
		var response *Stored
		// Read committed: the look-up must see what was committed before the lock was free, not before it was asked
		// for.
		err := db.Tx(ctx, func(tx *Tx) (err error) {
			response, err = tx.claimKey(ctx, r)
			return err
		})
		switch {
		case recon.KindOf(err) == recon.KindUnprocessable:
			return Stored{}, err // the key is another request's after all
		case err != nil: // the request is still under way, or the database is unreachable
			continue
		case response != nil:
			response.Replayed = false // it is this request's own response
			return *response, nil
		default:
			return Stored{}, &translated{cause: unknown.cause, public: recon.Unavailable(
				recon.CodeTryAgain, retryAfterConflict,
				"the connection to the database was lost and nothing was changed")}
		}
	}
	return Stored{}, unknown
}
