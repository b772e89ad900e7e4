package postgres

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"matcher/internal/auth"
	"matcher/internal/engine/solver"
	"matcher/internal/recon"
)

// actorSystem is who acts when no caller does.
const actorSystem = "system"

// Tx is the tenant's store for the length of one transaction. It belongs to one goroutine.
type Tx struct {
	tx       pgx.Tx
	tenantID string
	actor    string
	weight   int       // of its jobs among other tenants'
	began    time.Time // by the database's clock; zero until Now has asked

	audits []auditRecord
	events []eventRecord
	jobs   []recon.Job
	stored *storedResponse // of an idempotent request
	inTurn bool            // takeTurn
	fault  error           // the first thing recorded that cannot be written
}

// takeTurn waits for a turn to compute, since the database works for a large import or run as hard as the process does.
// It comes after the transaction's locks: a turn that waits for a lock whose holder waits for a turn would not end.
func (tx *Tx) takeTurn() (end func()) {
	if tx.inTurn {
		return func() {}
	}
	solver.TakeTurn()
	tx.inTurn = true
	return func() {
		tx.inTurn = false
		solver.EndTurn()
	}
}

// WorkTx is a transaction as the worker role: jobs and outbox markers, and no tenant's table.
type WorkTx struct {
	tx pgx.Tx
}

type auditRecord struct{ action, entity, entityID, detail string }

type eventRecord struct{ key, payload string }

func newTx(ctx context.Context, tx pgx.Tx, tenantID string) *Tx {
	actor := actorSystem
	if principal, ok := auth.PrincipalFrom(ctx); ok && principal.Subject != "" {
		actor = principal.Subject
	}
	return &Tx{tx: tx, tenantID: tenantID, actor: actor}
}

// TenantID is the tenant whose store this is.
func (tx *Tx) TenantID() string { return tx.tenantID }

// Actor is the subject of the caller, "system" for background work.
func (tx *Tx) Actor() string { return tx.actor }

// Now is the database's clock when the transaction began. It is the clock of every time that is stored or compared.
func (tx *Tx) Now(ctx context.Context) (now time.Time, err error) {
	if tx.began.IsZero() {
		if tx.began, err = value[time.Time](tx.query(ctx, `SELECT now()`)); err != nil {
			return now, fmt.Errorf("reading the database's clock: %w", err)
		}
	}
	return tx.began, nil
}

// Audit records who did what to what: one entry a command. detail is marshalled at once to a JSON object; nil is none.
func (tx *Tx) Audit(action, entity, entityID string, detail any) {
	if detail == nil {
		detail = struct{}{}
	}
	tx.audits = append(tx.audits, auditRecord{action, entity, entityID, tx.marshal(action, detail)})
}

// Emit records an event for other systems. It is numbered in the final flush, in commit order.
func (tx *Tx) Emit(key string, payload any) {
	tx.events = append(tx.events, eventRecord{key, tx.marshal(key, payload)})
}

// Enqueue records a job, which is in the queue exactly when the transaction commits. Its tenant is the Tx's.
func (tx *Tx) Enqueue(job recon.Job) {
	job.TenantID, job.Weight = tx.tenantID, tx.weight
	tx.jobs = append(tx.jobs, job)
}

func (tx *Tx) marshal(what string, value any) string {
	text, err := json.Marshal(value)
	if err != nil && tx.fault == nil {
		tx.fault = fmt.Errorf("encoding what is recorded of %s: %w", what, err)
	}
	return string(text)
}
