// Package ports names what the tenancy layer needs from outside: who a tenant is, how its schema comes to be, and how
// news of its life arrives. The names are those of the multi-tenant standard.
package ports

import (
	"context"
	"time"
)

// TenantStatus is the state of a tenant's life.
type TenantStatus string

// The states of a tenant. Only an active tenant's requests reach its data.
const (
	TenantActive    TenantStatus = "ACTIVE"
	TenantSuspended TenantStatus = "SUSPENDED"
	TenantDeleted   TenantStatus = "DELETED"
)

// TenantConfig is what an installation knows of one tenant: where its data is stored and what it may use.
type TenantConfig struct {
	TenantID string       `json:"tenantId"`
	Slug     string       `json:"slug"`
	Name     string       `json:"name"`
	Status   TenantStatus `json:"status"`
	Version  int64        `json:"version"` // rises with every change; an older one never replaces a newer

	// Quarantined keeps callers away while the tenant's schema could not be brought up to date.
	Quarantined bool `json:"quarantined,omitempty"`

	// Cluster names a PostgreSQL server of the installation's settings (POSTGRES_CLUSTERS); "" is its own.
	Cluster string `json:"cluster,omitempty"`
	// Database names the database on it that holds the tenant's schema; "" is the server's usual one.
	Database string `json:"database,omitempty"`
	// Dedicated is a database that only this tenant uses and only its configuration knows; it goes before Cluster.
	Dedicated DedicatedDatabase `json:"dedicated,omitzero"`
	// Connections is the tenant's share of that database's pool; 0 is the installation's default.
	Connections int `json:"connections,omitempty"`
	// RequestsPerSecond bounds the tenant's calls; 0 is the installation's default.
	RequestsPerSecond int `json:"requestsPerSecond,omitempty"`
	// Weight is how many runs of the tenant start for one of another's while both wait; 0 is one.
	Weight int `json:"weight,omitempty"`
	// MessagingVHost is the broker's virtual host for the tenant's events; "" is the installation's own.
	MessagingVHost string    `json:"messagingVHost,omitempty"`
	CreatedAt      time.Time `json:"createdAt"`
	UpdatedAt      time.Time `json:"updatedAt"`
}

// DedicatedDatabase is reached by a login of its own, which the tenant's authority may change at any time: connections
// made with the old one serve what is under way, new ones are made with the new.
type DedicatedDatabase struct {
	DSN         Secret `json:"dsn,omitempty"`
	ReplicaDSN  Secret `json:"replicaDsn,omitempty"`  // a streaming replica for reads that may be a little old
	Connections int    `json:"connections,omitempty"` // the size of its pool; 0 is the installation's default
}

// Secret is text that no log, error or answer repeats.
type Secret string

const hidden = "[hidden]"

// String is the same for every secret.
func (s Secret) String() string { return hidden }

// GoString is what %#v prints.
func (s Secret) GoString() string { return hidden }

// MarshalText is what JSON and structured logs hold.
func (s Secret) MarshalText() ([]byte, error) { return []byte(hidden), nil }

// Reveal returns the text itself.
func (s Secret) Reveal() string { return string(s) }

// ConfigurationPort answers who a tenant is. An unknown tenant is recon.NotFound("tenant"); a suspended one is
// returned with its status, since the caller decides what that means.
type ConfigurationPort interface {
	GetTenantConfig(ctx context.Context, tenantID string) (*TenantConfig, error)
}

// TenantSchemaProvisioner makes a tenant's schema, role and tables, or brings them up to date. It is idempotent, and it
// returns only when the schema is complete, however many callers ask at once.
type TenantSchemaProvisioner interface {
	ProvisionTenantSchema(ctx context.Context, tenantID string) error
}

// Types of TenantEvent.
const (
	TenantEventCreated   = "tenant.created"
	TenantEventUpdated   = "tenant.updated"
	TenantEventDeleted   = "tenant.deleted"
	TenantEventSuspended = "tenant.suspended"
	TenantEventActivated = "tenant.activated"
)

// TenantEvent is a hint that a tenant changed. Version and Time are optional.
type TenantEvent struct {
	Type     string    `json:"type"`
	TenantID string    `json:"tenantId"`
	Version  int64     `json:"version,omitempty"`
	Time     time.Time `json:"time,omitzero"`
}

// TenantEventListener hands tenant events to its callback until its context ends or Stop is called.
type TenantEventListener interface {
	Start(ctx context.Context) error
	Stop() error
}
