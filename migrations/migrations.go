// Package migrations embeds the SQL that builds a tenant's schema, the control schema and the work schema. The files
// are the one source of truth: the same numbered files build a new tenant and upgrade an old one.
package migrations

import "embed"

// Baseline counts how often the files were squashed into one. Each schema records the one it was built from, and a
// schema of another baseline is refused, because version numbers begin anew with each.
const Baseline = 3

// FS is one tenant's schema. No file names a schema: the provisioner sets the search path.
//
//go:embed *.sql
var FS embed.FS

// Control is the registry of tenants: one database an installation.
//
//go:embed control/*.sql
var Control embed.FS

// Work is the outbox marker; the job library adds its own tables to it. Every database that holds tenants has it.
//
//go:embed work/*.sql
var Work embed.FS
