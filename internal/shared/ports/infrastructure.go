// Package ports names what the tenancy layer needs from outside: who a tenant is, how its schema comes to be, and how
// news of its life arrives. The names are those of the multi-tenant standard.
package ports

import (
	"context"
	"time"
)

// TenantStatus is where a tenant stands in its life.
type TenantStatus string

// The states of a tenant. Only an active tenant's requests reach its data.
const (
	TenantActive    TenantStatus = "ACTIVE"
	TenantSuspended TenantStatus = "SUSPENDED"
	TenantDeleted   TenantStatus = "DELETED"
)

// TenantConfig is what an installation knows of one tenant: where its data lies and what it may use.
type TenantConfig struct {
	TenantID string       `json:"tenantId"`
	Slug     string       `json:"slug"`
	Name     string       `json:"name"`
	Status   TenantStatus `json:"status"`
	Version  int64        `json:"version"` // rises with every change; an older one never replaces a newer

	// Database names the database that holds the tenant's schema; "" is the installation's own.
	Database string `json:"database,omitempty"`
	// Connections is the tenant's share of that database's pool; 0 is the installation's default.
	Connections int `json:"connections,omitempty"`
	// RequestsPerSecond bounds the tenant's calls; 0 is the installation's default.
	RequestsPerSecond int       `json:"requestsPerSecond,omitempty"`
	CreatedAt         time.Time `json:"createdAt"`
	UpdatedAt         time.Time `json:"updatedAt"`
}

// ConfigurationPort answers who a tenant is. An unknown tenant is recon.NotFound("tenant"); a suspended one is
// returned with its status, since what that means is the caller's to say.
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
