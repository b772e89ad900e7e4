package ingestion

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"matcher/internal/postgres"
	"matcher/internal/recon"
)

// farewell bounds how long it may take to write down that a file did not come in.
const farewell = 5 * time.Second

// failedImport is a file that was turned away whole. Nothing of it is stored, so it has no id.
type failedImport struct {
	ContextID string `json:"contextId"`
	SourceID  string `json:"sourceId"`
	FileName  string `json:"fileName"`
	Code      string `json:"code"`
	Message   string `json:"message"`
}

// Failed writes down that Store refused the file, after its transaction was rolled back, and hands err on. An err that
// did not come from Store has nothing to do with the file and is only returned.
func (p *Parsed) Failed(ctx context.Context, err error) error {
	p.stored = err == nil && p.stored || recon.CodeOf(err) == recon.CodeOutcomeUnknown
	if err == nil || p.refused == nil {
		return err
	}
	_ = p.service.failed(ctx, p.load.Source, p.load.Import.FileName, p.refused)
	return err
}

// failed leaves an audit row and an event in a transaction of their own: operators must hear of a file that a system
// sent at night and that was refused. An upload that broke off was never a file, and one that has to wait was not
// refused: they leave nothing at all. It returns cause.
func (s *Service) failed(ctx context.Context, source recon.Source, fileName string, cause error) error {
	kind := recon.KindOf(cause)
	if ctx.Err() != nil || recon.CodeOf(cause) == recon.CodeBodyIncomplete ||
		kind == recon.KindRateLimited || kind == recon.KindUnavailable {
		return cause
	}
	told := failedImport{
		source.ContextID, source.ID, storableName(fileName), recon.CodeInternal,
		"the import failed for a reason that the log has",
	}
	if known := (*recon.Error)(nil); errors.As(cause, &known) {
		told.Code, told.Message = known.Code, storableText(known.Error())
	}
	ctx, cancel := context.WithTimeout(ctx, farewell)
	defer cancel()
	err := s.DB.Tx(ctx, func(tx *postgres.Tx) error {
		tx.Audit("import.fail", "source", source.ID, told)
		tx.Emit(recon.EventImportFailed, told)
		return nil
	})
	if err != nil {
		slog.WarnContext(ctx, "writing down that an import failed", "source", source.ID, "cause", cause, "error", err)
	}
	return cause
}
