//go:build integration

package ingestion_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/ingestion"
	"matcher/internal/postgres"
	"matcher/internal/recon"
)

func TestFailedImportsAreToldOf(t *testing.T) {
	t.Parallel()
	s, b := setup(t)
	_, err := s.Import(b.ctx, b.source.ID, ingestion.File{Name: "night\x00.csv", Body: strings.NewReader("id,date\nA,2026-03-01\n")})
	require.Error(t, err)
	parsed, err := s.Parse(b.ctx, b.source.ID, file(header+lines(0, 3)))
	require.NoError(t, err)
	defer parsed.Close()
	require.NoError(t, parsed.Failed(b.ctx, nil))
	require.Error(t, parsed.Failed(b.ctx, recon.Conflict("OTHER", "no fault of the file")))
	require.NoError(t, b.DB.Tx(b.ctx, func(tx *postgres.Tx) error {
		_, err := tx.UpdateSource(b.ctx, b.source.ID, 0, func(s *recon.Source) error { s.Negate = true; return nil })
		return err
	}))
	err = b.DB.Tx(b.ctx, func(tx *postgres.Tx) error {
		_, err := parsed.Store(b.ctx, tx)
		return err
	})
	require.Equal(t, "CHANGED_MEANWHILE", recon.CodeOf(parsed.Failed(b.ctx, err)))

	var events []recon.Event
	require.NoError(t, b.DB.Read(b.ctx, func(tx *postgres.Tx) (err error) {
		events, err = tx.Events(b.ctx, 0, 10)
		return err
	}))
	require.Len(t, events, 2)
	var told struct{ ContextID, SourceID, FileName, Code, Message string }
	for i, code := range []string{"", "CHANGED_MEANWHILE"} {
		require.Equal(t, recon.EventImportFailed, events[i].Key)
		require.NoError(t, json.Unmarshal(events[i].Payload, &told))
		require.Equal(t, b.source.ID, told.SourceID)
		require.NotEmpty(t, told.Message)
		if code != "" {
			require.Equal(t, code, told.Code)
		}
	}
	require.Empty(t, b.imports(t))
}
