package postgres

import (
	"context"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"matcher/internal/recon"
)

// A file is any import of the source that was not voided, however it came.
const expectationSelect = `
	SELECT e.source_id, e.num, s.name AS source, s.context_id, e.body AS expectation, e.next_at, e.since, e.missed_at,
		CASE WHEN last.at > e.missed_at THEN NULL ELSE e.missed_at END AS missing, last.at AS last_file_at, e.version,
		e.created_at, e.updated_at, e.created_by
	FROM expectations e JOIN sources s ON s.id = e.source_id LEFT JOIN LATERAL (
		SELECT i.created_at AS at FROM imports i
		WHERE i.source_id = e.source_id AND i.status = 'COMPLETED' ORDER BY i.num DESC LIMIT 1) last ON true `

var expectations = noun[recon.StoredExpectation]{
	name: "expectation", sql: expectationSelect + `WHERE e.source_id = $1`, lock: "FOR UPDATE OF e",
	version: func(e recon.StoredExpectation) int { return e.Version },
}

// Expectation returns when a source's next file is due.
func (tx *Tx) Expectation(ctx context.Context, sourceID string) (recon.StoredExpectation, error) {
	return expectations.read(ctx, tx, sourceID, "")
}

// Expectations lists those of all sources, or those that are not met.
func (tx *Tx) Expectations(
	ctx context.Context, missing bool, page Page,
) ([]recon.StoredExpectation, string, error) {
	hidden, err := tx.hidden(ctx)
	if err != nil {
		return nil, "", err
	}
	return list[recon.StoredExpectation]{
		what: "expectations", key: func(e recon.StoredExpectation) int64 { return e.Num },
		sql: expectationSelect + `
			WHERE e.num > @after::bigint AND (NOT @missing OR e.missed_at >= coalesce(last.at, e.missed_at))
				AND s.context_id NOT IN (SELECT id FROM contexts WHERE num = ANY (@hidden))
			ORDER BY e.num LIMIT @limit`,
		args: pgx.NamedArgs{"missing": missing, "hidden": hidden},
	}.page(ctx, tx, page)
}

// PutExpectation sets when a source's files are due, from now on, and queues the job of the first time. version is what
// the caller read, 0 when it does not care.
func (tx *Tx) PutExpectation(
	ctx context.Context, sourceID string, version int, e recon.Expectation,
) (recon.StoredExpectation, error) {
	stored := recon.StoredExpectation{SourceID: sourceID, Expectation: e}
	if _, err := tx.lockSource(ctx, sourceID, 0); err != nil {
		return stored, err
	}
	if version != 0 {
		if _, err := expectations.forChange(ctx, tx, sourceID, version); err != nil {
			return stored, err
		}
	}
	now, err := tx.Now(ctx)
	if err != nil {
		return stored, err
	}
	if err := tx.planExpectation(ctx, &stored, now); err != nil {
		return stored, err
	}
	_, err = tx.exec(ctx, "storing an expectation", `
		INSERT INTO expectations (source_id, body, next_at, since, created_by)
		VALUES (@source, @body, @next, @now, @actor)
		ON CONFLICT (source_id) DO UPDATE SET body = @body, next_at = @next, since = @now, missed_at = NULL,
			version = expectations.version + 1, updated_at = @now`,
		pgx.NamedArgs{"source": sourceID, "body": e, "next": stored.NextAt, "now": now, "actor": tx.actor})
	if err != nil {
		return stored, err
	}
	if stored, err = tx.Expectation(ctx, sourceID); err == nil {
		tx.Audit("expectation.put", "source", sourceID, stored)
	}
	return stored, err
}

// planExpectation finds the next time and queues its job.
func (tx *Tx) planExpectation(ctx context.Context, e *recon.StoredExpectation, now time.Time) error {
	calendar := recon.Calendar{}
	if name := e.Expectation.Calendar; name != "" {
		all, err := tx.calendars().values(ctx, "FOR SHARE")
		if err != nil {
			return err
		}
		at := slices.IndexFunc(all, func(c recon.Calendar) bool { return c.ID == name })
		if at < 0 {
			return recon.Unprocessable(recon.CodeValidationFailed, "the expectation cannot be used", recon.FieldError{
				Pointer: "/calendar", Code: recon.CodeInvalidValue, Message: "is the id of no calendar",
			})
		}
		calendar = all[at]
	}
	next, err := e.Expectation.Next(now, &calendar)
	if e.NextAt = nil; err == nil && !next.IsZero() {
		e.NextAt = &next
		tx.Enqueue(recon.Job{Kind: recon.JobExpect, Subject: e.SourceID, At: next})
	}
	return err
}

// DeleteExpectation expects no files of a source any more.
func (tx *Tx) DeleteExpectation(ctx context.Context, sourceID string, version int) error {
	e, err := expectations.forChange(ctx, tx, sourceID, version)
	if err != nil {
		return err
	}
	if _, err := tx.exec(ctx, "deleting an expectation",
		`DELETE FROM expectations WHERE source_id = $1`, sourceID); err != nil {
		return err
	}
	tx.Audit("expectation.delete", "source", sourceID, e)
	return nil
}

// FireExpectation looks whether the file of a time has come, and emits an event where it has not. A file that comes
// later on a missed day is that day's; one on a later day is of its own.
func (tx *Tx) FireExpectation(ctx context.Context, job recon.Job, now time.Time) error {
	e, err := expectations.forChange(ctx, tx, job.Subject, 0)
	if err != nil || e.NextAt == nil || !e.NextAt.Equal(job.At) {
		return err
	}
	if wait := job.At.Sub(now); wait > 0 { // woken before its time, with all that waited for a suspended tenant
		return recon.Unavailable(recon.CodeJobWaiting, wait, "the file is not due yet")
	}
	if e.LastFileAt != nil && e.LastFileAt.After(e.Since) {
		e.Since, e.MissedAt = job.At, nil
	} else {
		e.Since = e.Expectation.EndOfDay(job.At)
		if e.MissedAt == nil || e.Missing == nil {
			e.MissedAt = &job.At
		}
		tx.Emit(recon.EventFileMissing, map[string]any{
			"contextId": e.ContextID, "sourceId": e.SourceID, "source": e.Source, "due": job.At,
			"missingSince": e.MissedAt,
		})
	}
	if err := tx.planExpectation(ctx, &e, now); err != nil {
		return err
	}
	_, err = tx.exec(ctx, "planning an expectation", `
		UPDATE expectations SET next_at = $2, since = $3, missed_at = $4 WHERE source_id = $1`,
		e.SourceID, e.NextAt, e.Since, e.MissedAt)
	return err
}
