package postgres

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"matcher/internal/recon"
)

const (
	maxKeyBytes = 255
	// idempotencySeed keeps these locks apart from the provisioner's in the one 64-bit space of advisory locks.
	idempotencySeed = 13
)

// Stored is the answer of an idempotent request. Replayed says that it was given before and nothing was done now.
type Stored struct {
	Status   int
	Headers  map[string]string
	Body     []byte
	Replayed bool
}

// storedRow is what the flush writes into idempotency_keys.
type storedRow struct {
	endpoint, key string
	bodyHash      []byte
	answer        Stored
}

// errUnstored ends a transaction whose answer is a refusal: it is returned to the caller, and nothing is kept.
var errUnstored = errors.New("the answer is not stored")

// Idempotent runs fn at most once for an endpoint, key and body: its answer is stored in the commit of its effect. The
// same request again is answered from the store. Another body under the same key is Unprocessable
// IDEMPOTENCY_KEY_REUSED, the same key still at work elsewhere is Conflict IDEMPOTENCY_IN_FLIGHT. An error of fn, or a
// status from 400 on, rolls back and stores nothing. One idempotent operation is one transaction, run by fn's Tx.
func (db *DB) Idempotent(
	ctx context.Context, endpoint, key string, bodyHash []byte,
	fn func(*Tx) (status int, headers map[string]string, body []byte, err error),
) (Stored, error) {
	if key == "" || len(key) > maxKeyBytes {
		return Stored{}, recon.Invalid("IDEMPOTENCY_KEY_INVALID", "an idempotency key has 1 to %d bytes", maxKeyBytes)
	}
	var answer Stored
	err := db.Tx(ctx, func(tx *Tx) error {
		before, err := tx.claimKey(ctx, endpoint, key, bodyHash)
		if err != nil {
			return err
		}
		if before != nil {
			answer = *before
			return nil
		}
		if answer.Status, answer.Headers, answer.Body, err = fn(tx); err != nil {
			return err
		}
		if answer.Status >= 400 {
			return errUnstored
		}
		tx.stored = &storedRow{endpoint, key, bodyHash, answer}
		return nil
	})
	switch {
	case errors.Is(err, errUnstored):
		return answer, nil
	case errors.Is(err, errOutcomeUnknown) && ctx.Err() == nil:
		return db.resolve(ctx, endpoint, key, bodyHash, err)
	case err != nil:
		return Stored{}, err
	default:
		return answer, nil
	}
}

// claimKey takes the key for this transaction and gives the answer stored under it, nil when there is none. The lock is
// gone when the commit of its holder can be seen, and the look-up is a statement after it, so no answer is missed.
func (tx *Tx) claimKey(ctx context.Context, endpoint, key string, bodyHash []byte) (*Stored, error) {
	var claimed bool
	name := fmt.Sprintf("%s %q %q", tx.tenantID, endpoint, key)
	err := tx.tx.QueryRow(ctx, `SELECT pg_try_advisory_xact_lock(hashtextextended($1, $2))`, name, idempotencySeed).Scan(&claimed)
	if err != nil {
		return nil, fmt.Errorf("claiming the idempotency key: %w", err)
	}
	if !claimed {
		return nil, recon.Conflict("IDEMPOTENCY_IN_FLIGHT", "a request with this idempotency key is still at work")
	}
	var hash []byte
	answer := Stored{Replayed: true}
	err = tx.tx.QueryRow(ctx, `
		SELECT body_hash, status, headers, response FROM idempotency_keys WHERE endpoint = $1 AND key = $2`,
		endpoint, key).Scan(&hash, &answer.Status, &answer.Headers, &answer.Body)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return nil, nil //nolint:nilnil // nil is "not answered yet"
	case err != nil:
		return nil, fmt.Errorf("looking the idempotency key up: %w", err)
	case !bytes.Equal(hash, bodyHash):
		return nil, recon.Unprocessable("IDEMPOTENCY_KEY_REUSED", "this idempotency key was used with another body")
	default:
		return &answer, nil
	}
}

func (r *storedRow) queue(batch *pgx.Batch) {
	headers := r.answer.Headers
	if headers == nil {
		headers = map[string]string{}
	}
	body := r.answer.Body
	if body == nil {
		body = []byte{}
	}
	batch.Queue(`
		INSERT INTO idempotency_keys (endpoint, key, body_hash, status, headers, response)
		VALUES ($1, $2, $3, $4, $5, $6)`, r.endpoint, r.key, r.bodyHash, r.answer.Status, headers, body)
}
