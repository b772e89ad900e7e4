package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"matcher/internal/recon"
	"matcher/internal/secret"
)

const fetchColumns = `source_id, num, body AS fetch, key_id <> '' AS credentials, key_id, next_at, last_at, last_result,
	last_message, failures, version, created_at, updated_at, created_by`

var fetches = noun[recon.StoredFetch]{
	name: "fetch", sql: `SELECT ` + fetchColumns + ` FROM fetches WHERE source_id = $1`,
	version: func(f recon.StoredFetch) int { return f.Version },
}

// Fetch returns where the files of a source are fetched from.
func (tx *Tx) Fetch(ctx context.Context, sourceID string) (recon.StoredFetch, error) {
	return fetches.read(ctx, tx, sourceID, "")
}

// Fetches lists the places of all sources.
func (tx *Tx) Fetches(ctx context.Context, page Page) ([]recon.StoredFetch, string, error) {
	hidden, err := tx.hidden(ctx)
	if err != nil {
		return nil, "", err
	}
	return list[recon.StoredFetch]{
		what: "fetches", key: func(f recon.StoredFetch) int64 { return f.Num }, sql: `
			SELECT ` + fetchColumns + ` FROM fetches
			WHERE num > @after::bigint AND source_id NOT IN (
				SELECT s.id FROM sources s JOIN contexts c ON c.id = s.context_id WHERE c.num = ANY (@hidden))
			ORDER BY num LIMIT @limit`,
		args: pgx.NamedArgs{"hidden": hidden},
	}.page(ctx, tx, page)
}

// SealedFetch is a place with its credentials, closed.
func (tx *Tx) SealedFetch(ctx context.Context, sourceID string) (f recon.StoredFetch, sealed secret.Sealed, err error) {
	if f, err = tx.Fetch(ctx, sourceID); err != nil {
		return f, sealed, err
	}
	sealed.KeyID = f.KeyID
	sealed.Box, err = value[[]byte](tx.query(ctx, `SELECT sealed FROM fetches WHERE source_id = $1`, sourceID))
	return f, sealed, err
}

// PutFetch stores the place of a source, planned, and queues the job of its next time. version is what the caller read,
// 0 when it does not care.
func (tx *Tx) PutFetch(
	ctx context.Context, version int, f recon.StoredFetch, sealed secret.Sealed,
) (recon.StoredFetch, error) {
	source, err := tx.lockSource(ctx, f.SourceID, 0)
	if err != nil {
		return f, err
	}
	now, err := tx.Now(ctx)
	if err != nil {
		return f, err
	}
	if version != 0 {
		if _, err := fetches.forChange(ctx, tx, f.SourceID, version); err != nil {
			return f, err
		}
	}
	stored, err := one[recon.StoredFetch](tx.query(ctx, `
		INSERT INTO fetches (source_id, body, key_id, sealed, next_at, created_by)
		VALUES (@source, @body, @key, @sealed, @next, @actor)
		ON CONFLICT (source_id) DO UPDATE SET body = @body, key_id = @key, sealed = @sealed, next_at = @next,
			failures = 0, version = fetches.version + 1, updated_at = @now
		RETURNING `+fetchColumns, pgx.NamedArgs{
		"source": source.ID, "body": f.Fetch, "key": sealed.KeyID, "sealed": sealed.Box, "next": f.NextAt,
		"actor": tx.actor, "now": now,
	}), "fetch")
	if err == nil {
		tx.enqueueFetch(stored)
		tx.Audit("fetch.put", "source", source.ID, stored)
	}
	return stored, err
}

// enqueueFetch puts the one job of a place's next time into the queue. An earlier one finds nothing to do.
func (tx *Tx) enqueueFetch(f recon.StoredFetch) {
	if f.NextAt != nil {
		tx.Enqueue(recon.Job{Kind: recon.JobFetchDue, Subject: f.SourceID, At: *f.NextAt})
	}
}

// DeleteFetch forgets a place. Its files are known on, so that another place of the source does not bring them again.
func (tx *Tx) DeleteFetch(ctx context.Context, sourceID string, version int) error {
	f, err := fetches.forChange(ctx, tx, sourceID, version)
	if err != nil {
		return err
	}
	if _, err := tx.exec(ctx, "deleting a fetch", `DELETE FROM fetches WHERE source_id = $1`, sourceID); err != nil {
		return err
	}
	tx.Audit("fetch.delete", "source", sourceID, f)
	return nil
}

// StartFetch queues a look at a place. Refused files that are still there are tried again by it.
func (tx *Tx) StartFetch(ctx context.Context, sourceID string) (recon.StoredFetch, error) {
	f, err := fetches.forChange(ctx, tx, sourceID, 0)
	if err != nil {
		return f, err
	}
	if f.Fetch.Paused {
		return f, recon.Conflict(recon.CodeFetchPaused, "the fetch is paused: put it without paused first")
	}
	_, err = tx.exec(ctx, "forgetting refused files",
		`DELETE FROM fetched_files WHERE source_id = $1 AND status = 'REFUSED' AND NOT moved`, sourceID)
	if err == nil {
		tx.Enqueue(recon.Job{Kind: recon.JobFetch, Subject: sourceID})
		tx.Audit("fetch.start", "source", sourceID, nil)
	}
	return f, err
}

// FireFetch queues the look of a place whose time has come, and the job of its next time.
func (tx *Tx) FireFetch(ctx context.Context, job recon.Job, now time.Time) error {
	f, err := fetches.read(ctx, tx, job.Subject, "FOR UPDATE")
	if err != nil || f.NextAt == nil || !f.NextAt.Equal(job.At) {
		return err
	}
	if wait := job.At.Sub(now); wait > 0 { // woken before its time, with all that waited for a suspended tenant
		return recon.Unavailable(recon.CodeJobWaiting, wait, "the fetch is not due yet")
	}
	next, err := f.Fetch.Next(now)
	if err != nil {
		return err
	}
	f.NextAt = next
	if _, err := tx.exec(ctx, "planning a fetch", `UPDATE fetches SET next_at = $2 WHERE source_id = $1`,
		f.SourceID, next); err != nil {
		return err
	}
	tx.Enqueue(recon.Job{Kind: recon.JobFetch, Subject: f.SourceID})
	tx.enqueueFetch(f)
	return nil
}

// FetchLook is what a look at a place came to.
type FetchLook struct {
	SourceID        string
	Result, Message string
	Failed          bool
	Moved           []recon.FetchedFile
	More            bool          // files are left for another look, at once
	Again           time.Duration // until another look, before the next of the plan; 0: the plan's
	Resealed        secret.Sealed // the credentials, by the current key; no KeyID: they stay as they are
}

// EndFetch stores what a look came to. A place that was changed meanwhile keeps its plan.
func (tx *Tx) EndFetch(ctx context.Context, version int, look FetchLook, now time.Time) error {
	for _, file := range look.Moved {
		_, err := tx.exec(ctx, "marking a moved file",
			`UPDATE fetched_files SET moved = true WHERE source_id = $1 AND name = $2 AND stamp = $3`,
			look.SourceID, file.Name, file.Stamp)
		if err != nil {
			return err
		}
	}
	f, err := fetches.read(ctx, tx, look.SourceID, "FOR UPDATE")
	if err != nil || f.Version != version {
		return err
	}
	first := look.Failed && f.Failures == 0
	if f.Failures++; !look.Failed {
		f.Failures = 0
	}
	again := now.Add(look.Again)
	soon := look.Again > 0 && (f.NextAt == nil || again.Before(*f.NextAt))
	if soon {
		f.NextAt = &again
	}
	_, err = tx.exec(ctx, "ending a look", `
		UPDATE fetches SET last_at = @now, last_result = @result, last_message = @message, failures = @failures,
			next_at = @next, key_id = coalesce(nullif(@key, ''), key_id), sealed = coalesce(@sealed, sealed)
		WHERE source_id = @source`, pgx.NamedArgs{
		"source": look.SourceID, "now": now, "result": look.Result, "message": look.Message,
		"failures": f.Failures, "next": f.NextAt, "key": look.Resealed.KeyID, "sealed": look.Resealed.Box,
	})
	if err != nil {
		return err
	}
	if soon {
		tx.enqueueFetch(f)
	}
	if look.More {
		tx.Enqueue(recon.Job{Kind: recon.JobFetch, Subject: look.SourceID})
	}
	if first {
		tx.Emit(recon.EventFetchFailed, map[string]any{
			"sourceId": look.SourceID, "code": look.Result, "message": look.Message,
		})
	}
	return nil
}

const fetchedColumns = `num, name, stamp, size_bytes, sha256, status, coalesce(import_id::text, '') AS import_id, code,
	message, moved, at`

// KnownFiles returns those of the named files that were fetched before, some of them in several versions.
func (tx *Tx) KnownFiles(ctx context.Context, sourceID string, names []string) ([]recon.FetchedFile, error) {
	known, err := all[recon.FetchedFile](tx.query(ctx, `
		SELECT `+fetchedColumns+` FROM fetched_files WHERE source_id = $1 AND name = ANY($2)`, sourceID, names))
	if err != nil {
		return nil, fmt.Errorf("looking for files that were fetched: %w", err)
	}
	return known, nil
}

// StoreFetched records what became of a file, and when.
func (tx *Tx) StoreFetched(ctx context.Context, sourceID string, file *recon.FetchedFile) (err error) {
	if file.At, err = tx.Now(ctx); err != nil {
		return err
	}
	_, err = tx.exec(ctx, "recording a fetched file", `
		INSERT INTO fetched_files (source_id, name, stamp, size_bytes, sha256, status, import_id, code, message, at)
		VALUES (@source, @name, @stamp, @size, @sha, @status, nullif(@import, '')::uuid, @code, @message, @now)
		ON CONFLICT (source_id, name, stamp) DO UPDATE SET sha256 = @sha, status = @status,
			import_id = nullif(@import, '')::uuid, code = @code, message = @message, moved = false, at = @now`, pgx.NamedArgs{
		"source": sourceID, "name": file.Name, "stamp": file.Stamp, "size": file.SizeBytes, "sha": file.SHA256,
		"status": file.Status, "import": file.ImportID, "code": file.Code, "message": file.Message,
		"now": file.At,
	})
	return err
}

// SameImport returns the id of an import of the same bytes that a source has, "" where there is none.
func (tx *Tx) SameImport(ctx context.Context, sourceID, sha256 string) (string, error) {
	return value[string](tx.query(ctx, `
		SELECT coalesce((SELECT id::text FROM imports
			WHERE source_id = $1 AND sha256 = decode($2, 'hex') AND status = 'COMPLETED' ORDER BY num LIMIT 1), '')`,
		sourceID, sha256))
}

// FetchedFiles lists the files that a source fetched, latest first.
func (tx *Tx) FetchedFiles(ctx context.Context, sourceID string, page Page) ([]recon.FetchedFile, string, error) {
	if _, err := tx.Source(ctx, sourceID); err != nil {
		return nil, "", err
	}
	return list[recon.FetchedFile]{
		what: "fetched files", first: firstOfDescending, key: func(f recon.FetchedFile) int64 { return f.Num }, sql: `
			SELECT ` + fetchedColumns + ` FROM fetched_files
			WHERE source_id = @source AND num < @after ORDER BY num DESC LIMIT @limit`,
		args: pgx.NamedArgs{"source": sourceID},
	}.page(ctx, tx, page)
}
