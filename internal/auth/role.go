package auth

import (
	"context"
	"slices"

	"matcher/internal/recon"
)

// Role is what a caller may do inside its tenant, or, for PlatformAdmin, to tenants themselves.
type Role string

// The roles, from least to most. PlatformAdmin and TenantReader are outside the ladder: they open the control plane, or
// the part of it that other installations read, and no tenant's data.
const (
	RoleViewer        Role = "viewer"         // reads
	RoleAnalyst       Role = "analyst"        // imports, runs, comments, proposes
	RoleApprover      Role = "approver"       // confirms and resolves
	RoleAdmin         Role = "admin"          // configures
	RolePlatformAdmin Role = "platform-admin" // creates, suspends, moves tenants
	RoleTenantReader  Role = "tenant-reader"  // reads tenant settings for another installation
)

// Roles are all roles: first those of a tenant, where a role holds every right of those before it.
var Roles = []Role{RoleViewer, RoleAnalyst, RoleApprover, RoleAdmin, RolePlatformAdmin, RoleTenantReader}

// ladder orders the tenant's roles.
var ladder = Roles[:4]

// OfTenant reports whether a role is held inside a tenant; the others concern the installation and know no tenant.
func OfTenant(role Role) bool { return role != RolePlatformAdmin && role != RoleTenantReader }

// Allows reports whether a caller with roles may do what needs the role needed. An unknown role, on either side,
// allows nothing.
func Allows(roles []Role, needed Role) bool {
	if !OfTenant(needed) {
		return slices.Contains(roles, needed) || slices.Contains(roles, RolePlatformAdmin)
	}
	rank := slices.Index(ladder, needed)
	if rank < 0 {
		return false
	}
	return slices.ContainsFunc(roles, func(held Role) bool { return slices.Index(ladder, held) >= rank })
}

// RequireRole returns nil if the caller in ctx has the role, a 403 if not, and a 401 without a caller.
func RequireRole(ctx context.Context, role Role) error {
	principal, ok := PrincipalFrom(ctx)
	if !ok {
		return errTokenMissing()
	}
	if !Allows(principal.Roles, role) {
		return recon.Forbidden(recon.CodeRoleRequired, "this needs the role %s", role)
	}
	return nil
}
