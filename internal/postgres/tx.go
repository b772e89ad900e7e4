package postgres

import (
	"github.com/jackc/pgx/v5"

	"matcher/internal/recon"
)

// Tx is the tenant's store for the length of one transaction. It belongs to one goroutine.
type Tx struct {
	tx       pgx.Tx
	tenantID string
	actor    string
}

// WorkTx is a transaction as the worker role: jobs and outbox markers, and no tenant's table.
type WorkTx struct {
	tx pgx.Tx
}

// TenantID is the tenant whose store this is.
func (tx *Tx) TenantID() string { return tx.tenantID }

// Actor is the subject of the caller, "system" for background work.
func (tx *Tx) Actor() string { return tx.actor }

// Audit records who did what to what: one entry a command. detail is marshalled to a JSON object; nil is none.
func (tx *Tx) Audit(action, entity, entityID string, detail any) { panic("skeleton") }

// Emit records an event for other systems. It is numbered in the final flush, in commit order.
func (tx *Tx) Emit(key string, payload any) { panic("skeleton") }

// Enqueue records a job, which is in the queue exactly when the transaction commits. Its tenant is the Tx's.
func (tx *Tx) Enqueue(job recon.Job) { panic("skeleton") }
