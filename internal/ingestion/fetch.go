package ingestion

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"

	"matcher/internal/auth"
	"matcher/internal/inbox"
	"matcher/internal/postgres"
	"matcher/internal/recon"
	"matcher/internal/secret"
)

const (
	// filesALook bounds what one job takes in: then other tenants have their turn.
	filesALook = 10
	// failuresALook bounds the files that cannot be read before a look is given up: one of them holds up no other.
	failuresALook = 3
	// quiet is how long a file must not have changed: one that grows is still being written.
	quiet = 10 * time.Second
	// A place that fails is tried again after a minute, then after twice as long each time, up to an hour.
	retryFirst, retryLast = time.Minute, time.Hour
	// callTimeout bounds listing, opening and moving; stallTimeout each wait for bytes of a file.
	callTimeout, stallTimeout = 2 * time.Minute, 5 * time.Minute
	// importTimeout bounds one file, as that of an upload.
	importTimeout = time.Hour
	// messageMax is what is kept of a reason.
	messageMax = 500
	// fetchOK is the result of a look that went well.
	fetchOK = "OK"
)

// Fetcher takes files in from the places of sources.
type Fetcher struct {
	Imports  *Service
	Places   inbox.Opener
	Keys     secret.Keys
	BytesMax func() int64          // of one file
	Now      func() time.Time      // nil: the database's clock
	Room     func() (int64, error) // on the disk; nil has no limit
}

// Put stores where a source's files are fetched from. Without credentials the stored ones stay, as long as they go to
// the same server. version is what the caller read, 0 when it does not care.
func (f *Fetcher) Put(
	ctx context.Context, tx *postgres.Tx, stored recon.StoredFetch, with *recon.FetchCredentials,
) (recon.StoredFetch, error) {
	now, err := tx.Now(ctx)
	if err != nil {
		return stored, err
	}
	version, place := stored.Version, &stored.Fetch
	place.Settle()
	faults := place.Check(now)
	var sealed secret.Sealed
	if with == nil && place.Kind != recon.FetchFolder {
		before, old, err := tx.SealedFetch(ctx, stored.SourceID)
		switch {
		case err != nil && recon.KindOf(err) != recon.KindNotFound:
			return stored, err
		case err != nil || !before.Fetch.SameServer(place):
			faults = append(faults, recon.FieldError{
				Pointer: "/credentials", Code: recon.CodeMissingValue, Message: "are needed with a new server or user",
			})
		}
		sealed = old
	}
	if with != nil || place.Kind == recon.FetchFolder {
		with = cmp.Or(with, &recon.FetchCredentials{})
		faults = append(faults, f.Places.Check(*place, *with)...)
	}
	if len(faults) > 0 {
		return stored, recon.Unprocessable(recon.CodeValidationFailed, "the fetch cannot be used", faults...)
	}
	if with != nil && *with != (recon.FetchCredentials{}) {
		if sealed, err = f.seal(tx.TenantID(), stored.SourceID, *with); err != nil {
			return stored, err
		}
	}
	if stored.NextAt, err = place.Next(now); err != nil {
		return stored, err
	}
	return tx.PutFetch(ctx, version, stored, sealed)
}

// secretUse binds credentials to their source.
func secretUse(tenantID, sourceID string) string { return "fetch/" + tenantID + "/" + sourceID }

func (f *Fetcher) seal(tenantID, sourceID string, with recon.FetchCredentials) (sealed secret.Sealed, err error) {
	if !f.Keys.Any() {
		return sealed, recon.Conflict(recon.CodeSecretsKeyMissing,
			"this installation keeps no credentials: it sets MATCHER_SECRETS_KEY for it")
	}
	plain, err := json.Marshal(with) //nolint:gosec // G117: it is sealed
	if err == nil {
		sealed = f.Keys.Seal(plain, secretUse(tenantID, sourceID))
	}
	return sealed, err
}

// Due queues the look of a place whose time has come.
func (f *Fetcher) Due(ctx context.Context, job recon.Job) error {
	return f.Imports.DB.TxRetry(ctx, func(tx *postgres.Tx) error {
		now, err := f.now(ctx, tx)
		if err != nil {
			return err
		}
		return tx.FireFetch(ctx, job, now)
	})
}

// Expect looks whether the file of a source that is due has come.
func (f *Fetcher) Expect(ctx context.Context, job recon.Job) error {
	return f.Imports.DB.TxRetry(ctx, func(tx *postgres.Tx) error {
		now, err := f.now(ctx, tx)
		if err != nil {
			return err
		}
		return tx.FireExpectation(ctx, job, now)
	})
}

func (f *Fetcher) now(ctx context.Context, tx *postgres.Tx) (time.Time, error) {
	if f.Now != nil {
		return f.Now(), nil
	}
	return tx.Now(ctx)
}

// Fetch looks at the place of a source and takes in what is new. What prevents it is kept with the place, so an error
// is only one of the database.
func (f *Fetcher) Fetch(ctx context.Context, sourceID string) error {
	look := look{Fetcher: f, FetchLook: postgres.FetchLook{SourceID: sourceID, Result: fetchOK}}
	err := f.Imports.DB.Read(ctx, func(tx *postgres.Tx) (err error) {
		if look.stored, look.sealed, err = tx.SealedFetch(ctx, sourceID); err != nil {
			return err
		}
		if look.began, err = f.now(ctx, tx); err != nil {
			return err
		}
		source, err := tx.Source(ctx, sourceID)
		if err == nil {
			look.open, err = tx.Context(ctx, source.ContextID)
		}
		return err
	})
	if err != nil || look.stored.Fetch.Paused {
		return err
	}
	look.fails(ctx, look.take(ctx))
	return f.Imports.DB.TxRetry(context.WithoutCancel(ctx), func(tx *postgres.Tx) error {
		now, err := f.now(ctx, tx)
		if err != nil {
			return err
		}
		return tx.EndFetch(ctx, look.stored.Version, look.FetchLook, now)
	})
}

// look is one look at a place.
type look struct {
	*Fetcher
	postgres.FetchLook

	stored recon.StoredFetch
	sealed secret.Sealed
	open   recon.Context
	began  time.Time
	place  inbox.Place
}

// fails writes down what ended a look, and when it is tried again.
func (l *look) fails(ctx context.Context, err error) {
	if err == nil {
		return
	}
	l.Failed, l.Result, l.Message = true, recon.CodePlaceUnavailable, err.Error()
	if code := recon.CodeOf(err); code != "" {
		l.Result = code
	}
	l.Message = storableText(l.Message[:min(len(l.Message), messageMax)])
	l.Again = min(retryFirst<<min(l.stored.Failures, 10), retryLast)
	slog.WarnContext(ctx, "fetching files", "source", l.SourceID, "code", l.Result, "error", err)
}

func (l *look) take(ctx context.Context) error {
	if l.open.Status == recon.ContextArchived {
		return recon.Conflict(recon.CodeContextInactive, "the context is archived")
	}
	with, err := l.credentials(ctx)
	if err != nil {
		return err
	}
	files, err := l.list(ctx, with)
	if err != nil {
		return err
	}
	defer l.place.Close()
	names := make([]string, len(files))
	for i := range files {
		names[i] = files[i].Name
	}
	known := map[string]recon.FetchedFile{}
	err = l.Imports.DB.Read(ctx, func(tx *postgres.Tx) error {
		before, err := tx.KnownFiles(ctx, l.SourceID, names)
		for _, file := range before {
			known[file.Name+"\x00"+file.Stamp] = file
		}
		return err
	})
	if err != nil {
		return err
	}
	taken := 0
	var failed []error
	for _, file := range files {
		done, seen := known[file.Name+"\x00"+file.Stamp]
		if !seen || done.Status == recon.FileRefused && done.Moved { // which a person put back
			switch age := l.began.Sub(file.Changed); {
			case !file.Changed.IsZero() && age > -quiet && age < quiet:
				l.Again = quiet + time.Second
				continue
			case taken == filesALook:
				l.More = true
				return errors.Join(failed...)
			}
			taken++
			if done, err = l.takeFile(ctx, file); err != nil {
				if failed = append(failed, err); len(failed) == failuresALook || ctx.Err() != nil {
					return failed[0]
				}
				continue
			}
		}
		if err := l.move(ctx, done); err != nil {
			l.Message = storableText(fmt.Sprintf("%s cannot be moved, so it stays: %v", done.Name, err))
		}
	}
	return errors.Join(failed...)
}

// credentials opens those of the place, and seals them anew where the key has changed.
func (l *look) credentials(ctx context.Context) (with recon.FetchCredentials, err error) {
	if l.sealed.KeyID == "" {
		return with, nil
	}
	tenantID, err := auth.TenantID(ctx)
	if err != nil {
		return with, err
	}
	plain, err := l.Keys.Open(l.sealed, secretUse(tenantID, l.SourceID))
	if err != nil {
		return with, recon.Conflict(recon.CodeSecretsKeyMissing, "%v", err)
	}
	if err := json.Unmarshal(plain, &with); err != nil {
		return with, errors.New("the credentials cannot be read")
	}
	if l.sealed.KeyID != l.Keys.Current() {
		l.Resealed = l.Keys.Seal(plain, secretUse(tenantID, l.SourceID))
	}
	return with, nil
}

func (l *look) list(ctx context.Context, with recon.FetchCredentials) (files []inbox.File, err error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	if l.place, err = l.Places.Open(ctx, l.stored.Fetch, with); err != nil {
		return nil, err
	}
	if files, err = l.place.List(ctx); err != nil {
		_ = l.place.Close()
	}
	return files, err
}

// takeFile imports a file. An error means that it could not be read, whatever is in it.
func (l *look) takeFile(ctx context.Context, file inbox.File) (recon.FetchedFile, error) {
	ctx, cancel := context.WithTimeout(ctx, importTimeout)
	defer cancel()
	done := recon.FetchedFile{Name: file.Name, Stamp: file.Stamp, SizeBytes: file.Size}
	from, err := l.place.Open(ctx, file.Name)
	if err != nil {
		return done, fmt.Errorf("opening %s: %w", file.Name, err)
	}
	body := &arriving{from: from, stalled: time.AfterFunc(stallTimeout, cancel)}
	defer body.Close()
	parsed, err := l.Imports.Parse(ctx, l.SourceID, File{
		Name: file.Name, Body: body, BytesMax: l.BytesMax(), Room: l.room,
	})
	body.stalled.Stop()
	if err == nil {
		defer parsed.Close()
		if done.SHA256 = parsed.Hash(); parsed.load.Import.SizeBytes != file.Size {
			return done, fmt.Errorf("%s changed while it was read", file.Name)
		}
		err = l.store(ctx, parsed, &done)
	}
	switch {
	case body.err != nil:
		return done, fmt.Errorf("reading %s: %w", file.Name, body.err)
	case err != nil && !refuses(err):
		return done, err
	case err != nil:
		done.Status, done.Code, done.Message = recon.FileRefused, recon.CodeOf(err), storableText(err.Error())
		err = l.Imports.DB.Tx(ctx, func(tx *postgres.Tx) error { return tx.StoreFetched(ctx, l.SourceID, &done) })
	}
	return done, err
}

// refuses reports whether an error is about the file, so that the next try would come to the same.
func refuses(err error) bool {
	switch recon.KindOf(err) {
	case "", recon.KindUnavailable, recon.KindRateLimited, recon.KindForbidden, recon.KindNotFound:
		return false
	}
	return recon.CodeOf(err) != recon.CodeChangedMeanwhile && recon.CodeOf(err) != recon.CodeContextInactive
}

// store takes the file in with the mark that it was, in one commit, unless the source has an import of the same bytes.
func (l *look) store(ctx context.Context, parsed *Parsed, done *recon.FetchedFile) error {
	err := l.Imports.DB.Tx(ctx, func(tx *postgres.Tx) error {
		if _, err := parsed.lockSource(ctx, tx); err != nil {
			return err
		}
		known, err := tx.KnownFiles(ctx, l.SourceID, []string{done.Name})
		if err != nil {
			return err
		}
		for _, file := range known {
			if file.Stamp == done.Stamp && file.Status != recon.FileRefused { // another look was faster
				*done = file
				return nil
			}
		}
		before, err := tx.SameImport(ctx, l.SourceID, done.SHA256)
		if err != nil {
			return err
		}
		done.Status, done.ImportID = recon.FileKnown, before
		if before == "" {
			stored, err := parsed.Store(ctx, tx)
			if err != nil {
				return err
			}
			done.Status, done.ImportID = recon.FileImported, stored.ID
		}
		return tx.StoreFetched(ctx, l.SourceID, done)
	})
	return parsed.Failed(ctx, err)
}

// room leaves the disk to uploads where little is left of it.
func (l *look) room() error {
	if l.Room == nil {
		return nil
	}
	free, err := l.Room()
	if err == nil && free < RoomStep {
		err = recon.Unavailable(recon.CodeDiskFull, retryFirst, "the disk for uploads is full")
	}
	return err
}

// filed is where files go, by what became of them.
var filed = map[string]string{
	recon.FileImported: "imported", recon.FileKnown: "imported", recon.FileRefused: "refused",
}

// move files a file away under a name that no other file has.
func (l *look) move(ctx context.Context, done recon.FetchedFile) error {
	if l.stored.Fetch.After != recon.FetchMove {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	err := l.place.Move(ctx, done.Name, filed[done.Status], done.At.UTC().Format("20060102-150405.000-")+done.Name)
	if err == nil {
		l.Moved = append(l.Moved, done)
	}
	return err
}

// arriving is the body of a file, which ends its context where no bytes come for a while.
type arriving struct {
	from    io.ReadCloser
	stalled *time.Timer
	err     error // that is not the end of the file
}

func (a *arriving) Read(p []byte) (int, error) {
	a.stalled.Reset(stallTimeout)
	n, err := a.from.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		a.err = err
	}
	return n, err //nolint:wrapcheck // a reader hands io.EOF on as it is
}

func (a *arriving) Close() error {
	a.stalled.Stop()
	return a.from.Close()
}
