//go:build integration

package adapters

import (
	"context"

	"github.com/jackc/pgx/v5"
)

// ObserveDrops looks into each transaction of a removal.
func ObserveDrops(p *PostgresTenantSchemaProvisioner, look func(context.Context, pgx.Tx)) {
	p.dropped = look
}
