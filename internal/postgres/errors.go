package postgres

import (
	"errors"

	"github.com/jackc/pgx/v5"

	"matcher/internal/recon"
)

// notFound turns "no rows" into the one answer to unknown and foreign ids, and leaves any other error as it is.
func notFound(err error, noun string) error {
	if errors.Is(err, pgx.ErrNoRows) {
		return recon.NotFound(noun)
	}
	return err
}
