// Package migrations embeds the SQL that builds a tenant's schema, the control schema and the work schema. The files
// are the one source of truth: a fresh tenant and an upgraded one come out of the same numbered files.
package migrations

import "embed"

// FS is one tenant's schema. No file names a schema: the provisioner sets the search path.
//
//go:embed *.sql
var FS embed.FS

// Control is the registry of tenants: one database an installation.
//
//go:embed control/*.sql
var Control embed.FS

// Work is the outbox marker; the job library adds its own tables beside it. Every database that holds tenants has it.
//
//go:embed work/*.sql
var Work embed.FS
