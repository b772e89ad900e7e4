//go:build integration

package ingestion_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/ingestion"
	"matcher/internal/postgres"
	"matcher/internal/recon"
	"matcher/internal/testkit"
)

type bundle struct {
	ctx     context.Context
	db      *postgres.DB
	context recon.Context
	source  recon.Source
}

func setup(t *testing.T) (*ingestion.Service, bundle) {
	t.Helper()
	i := testkit.Tenants(t)
	ctx, _ := i.NewTenant(t)
	b := bundle{ctx: ctx, db: i.DB}
	require.NoError(t, i.DB.Tx(ctx, func(tx *postgres.Tx) (err error) {
		if b.context, err = tx.CreateContext(ctx, recon.Context{Name: "cash"}); err != nil {
			return err
		}
		b.source, err = tx.CreateSource(ctx, recon.Source{
			ContextID: b.context.ID, Name: "bank", Side: recon.Right, Currency: "EUR", TimeZone: "UTC",
		})
		return err
	}))
	return &ingestion.Service{DB: i.DB, SpoolDir: t.TempDir()}, b
}

const header = "id,date,amount,currency,reference,description\n"

func lines(from, to int) string {
	var text strings.Builder
	for i := from; i < to; i++ {
		fmt.Fprintf(&text, "TX-%d,2026-03-%02d,%d.%02d,EUR,R%d,payment %d\n", i, i%28+1, i%1000, i%100, i, i)
	}
	return text.String()
}

func file(text string) ingestion.File {
	return ingestion.File{Name: "bank.csv", Body: strings.NewReader(text)}
}

func TestImport(t *testing.T) {
	s, b := setup(t)
	got, err := s.Import(b.ctx, b.source.ID, file(header+lines(0, 1000)))
	require.NoError(t, err)
	t.Logf("%+v", got)
}
