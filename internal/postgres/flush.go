package postgres

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"go.opentelemetry.io/otel/propagation"

	"matcher/internal/auth"
	tenancy "matcher/internal/shared/infrastructure/tenant/adapters"
)

// numberRecords gives audit rows and events the next numbers of the head row and writes them: plain statements of one
// batch. The head row is locked from here to the commit and nowhere else, so numbers are gapless, in the order of the
// commits, and so are times, which are the database's: the head row remembers the last one given.
const (
	numberRecords = `
		UPDATE head SET audit_seq = audit_seq + @audits, event_seq = event_seq + @events, at = greatest(at, now())
		RETURNING event_seq`
	writeAudit = `
		INSERT INTO audit_log (seq, at, actor, action, entity, entity_id, request_id, detail)
		SELECT h.audit_seq - @audits + a.n, h.at, @actor, a.action, a.entity, a.entity_id, @request_id, a.detail::jsonb
		FROM head h, unnest(@actions::text[], @entities::text[], @entity_ids::text[], @details::text[])
			WITH ORDINALITY AS a (action, entity, entity_id, detail, n)`
	writeEvents = `
		INSERT INTO events (seq, id, key, payload, occurred_at, traceparent)
		SELECT h.event_seq - @events + e.n, e.id, e.key, e.payload::jsonb, h.at, @traceparent
		FROM head h, unnest(@ids::uuid[], @keys::text[], @payloads::text[]) WITH ORDINALITY AS e (id, key, payload, n)`
)

// flush writes what fn recorded: first, as the tenant, the numbered rows and the stored response in one batch; then, as
// the worker role, the outbox marker and the jobs.
func (db *DB) flush(ctx context.Context, pgxTx pgx.Tx, tx *Tx) error {
	if tx.fault != nil {
		return tx.fault
	}
	lastEvent, err := flushRecords(ctx, pgxTx, tx)
	if err != nil {
		return fmt.Errorf("writing audit rows and events: %w", err)
	}
	if len(tx.events) == 0 && len(tx.jobs) == 0 {
		return nil
	}
	if err := db.becomeWorker(ctx, pgxTx, tx, lastEvent); err != nil {
		return err
	}
	if len(tx.jobs) == 0 {
		return nil
	}
	if db.jobs == nil {
		return errors.New("a job was enqueued in a process without a queue")
	}
	tx.tx = pgxTx
	now, err := tx.Now(ctx)
	if err != nil {
		return err
	}
	if err := db.jobs.InsertMany(ctx, pgxTx, tx.jobs, now); err != nil {
		return fmt.Errorf("enqueueing jobs: %w", err)
	}
	return (&WorkTx{tx: pgxTx}).GiveTurns(ctx, tx.tenantID)
}

func flushRecords(ctx context.Context, pgxTx pgx.Tx, tx *Tx) (lastEvent int64, err error) {
	var batch pgx.Batch
	if len(tx.audits) > 0 || len(tx.events) > 0 {
		args := recordArgs(ctx, tx)
		batch.Queue(numberRecords, args).QueryRow(func(row pgx.Row) error { return row.Scan(&lastEvent) })
		if len(tx.audits) > 0 {
			batch.Queue(writeAudit, args)
		}
		if len(tx.events) > 0 {
			batch.Queue(writeEvents, args)
		}
	}
	if tx.stored != nil {
		r, headers := tx.stored, tx.stored.Headers
		if headers == nil {
			headers = map[string]string{}
		}
		// An expired answer under this key, and a few others that have expired: the table does not grow by old ones.
		batch.Queue(`
			DELETE FROM idempotency_keys
			WHERE created_at <= now() - $3::interval AND (endpoint = $1 AND key = $2 OR ctid = ANY (ARRAY(
				SELECT ctid FROM idempotency_keys WHERE created_at <= now() - $3::interval
				ORDER BY created_at LIMIT 5 FOR UPDATE SKIP LOCKED)))`, r.Endpoint, r.Key, answerLife)
		batch.Queue(`
			INSERT INTO idempotency_keys (endpoint, key, body_hash, status, headers, response)
			VALUES ($1, $2, $3, $4, $5, $6)`,
			r.Endpoint, r.Key, r.BodyHash, r.Status, headers, append([]byte{}, r.Body...))
	}
	if batch.Len() == 0 {
		return 0, nil
	}
	return lastEvent, pgxTx.SendBatch(ctx, &batch).Close()
}

func recordArgs(ctx context.Context, tx *Tx) pgx.NamedArgs {
	actions, entities, entityIDs, details := []string{}, []string{}, []string{}, []string{}
	for _, a := range tx.audits {
		actions, entities = append(actions, a.action), append(entities, a.entity)
		entityIDs, details = append(entityIDs, a.entityID), append(details, a.detail)
	}
	ids, keys, payloads := [][16]byte{}, []string{}, []string{}
	for _, e := range tx.events {
		ids, keys, payloads = append(ids, uuid.Must(uuid.NewV7())), append(keys, e.key), append(payloads, e.payload)
	}
	return pgx.NamedArgs{
		"audits": len(tx.audits), "events": len(tx.events), "actor": tx.actor,
		"request_id": auth.RequestID(ctx), "traceparent": traceparent(ctx),
		"actions": actions, "entities": entities, "entity_ids": entityIDs, "details": details,
		"ids": ids, "keys": keys, "payloads": payloads,
	}
}

func traceparent(ctx context.Context) string {
	carrier := propagation.MapCarrier{}
	propagation.TraceContext{}.Inject(ctx, carrier)
	return carrier["traceparent"]
}

// becomeWorker switches the role for the rest of the transaction and leaves the outbox marker, in one round trip: the
// simple protocol looks each statement up only after the one before it ran, and the tenant's role may not see work.
func (db *DB) becomeWorker(ctx context.Context, pgxTx pgx.Tx, tx *Tx, lastEvent int64) error {
	statements := ""
	if db.connections.HasRoles() {
		statements = "SET LOCAL ROLE " + tenancy.RoleWork + ";"
	}
	if len(tx.events) > 0 {
		// Both values are safe as text: a canonical UUID and a number.
		statements += "INSERT INTO work.outbox_markers (tenant_id, event_seq) VALUES ('" +
			tx.tenantID + "', " + strconv.FormatInt(lastEvent, 10) + ")"
	}
	if _, err := pgxTx.Conn().PgConn().Exec(ctx, statements).ReadAll(); err != nil {
		return fmt.Errorf("taking the worker role: %w", err)
	}
	return nil
}
