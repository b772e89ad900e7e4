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

// numberRecords gives audit rows and events the numbers that follow in the head row and writes them. The head row is
// locked from here to the commit and nowhere else: numbers are gapless, in the order of the commits.
const numberRecords = `
	WITH counted AS (
		UPDATE head SET audit_seq = audit_seq + cardinality(@actions::text[]), event_seq = event_seq + cardinality(@keys::text[])
		RETURNING audit_seq - cardinality(@actions::text[]) AS audit_before,
			event_seq - cardinality(@keys::text[]) AS event_before, event_seq AS event_last
	), audited AS (
		INSERT INTO audit_log (seq, at, actor, action, entity, entity_id, request_id, detail)
		SELECT audit_before + n, clock_timestamp(), @actor, action, entity, entity_id, @request_id, detail::jsonb
		FROM counted, unnest(@actions::text[], @entities::text[], @entity_ids::text[], @details::text[])
			WITH ORDINALITY AS a (action, entity, entity_id, detail, n)
	), emitted AS (
		INSERT INTO events (seq, id, key, payload, occurred_at, traceparent)
		SELECT event_before + n, id, key, payload::jsonb, clock_timestamp(), @traceparent
		FROM counted, unnest(@ids::uuid[], @keys::text[], @payloads::text[]) WITH ORDINALITY AS e (id, key, payload, n)
	)
	SELECT event_last FROM counted`

// flush writes what fn recorded: first, as the tenant, the numbered rows and the stored answer in one batch; then, as
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
	if err := db.jobs.InsertMany(ctx, pgxTx, tx.jobs); err != nil {
		return fmt.Errorf("enqueueing jobs: %w", err)
	}
	return nil
}

func flushRecords(ctx context.Context, pgxTx pgx.Tx, tx *Tx) (lastEvent int64, err error) {
	var batch pgx.Batch
	if len(tx.audits) > 0 || len(tx.events) > 0 {
		batch.Queue(numberRecords, recordArgs(ctx, tx)).QueryRow(func(row pgx.Row) error { return row.Scan(&lastEvent) })
	}
	if tx.stored != nil {
		tx.stored.queue(&batch)
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
		"actor": tx.actor, "request_id": auth.RequestID(ctx), "traceparent": traceparent(ctx),
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
