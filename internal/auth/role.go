package auth

import (
	"context"
	"slices"

	"matcher/internal/recon"
)

// Role is what a caller may do inside its tenant, or, for PlatformAdmin, to tenants themselves. Roles are sets, not a
// ladder: who holds one has the rights of that one and, in a tenant, may read.
type Role string

// The roles. PlatformAdmin and TenantReader open the control plane, or the part of it that other installations read,
// and no tenant's data.
const (
	RoleViewer        Role = "viewer"         // reads
	RoleAuditor       Role = "auditor"        // reads, and nothing else whatever roles it comes with
	RolePreparer      Role = "preparer"       // imports, runs, proposes
	RoleApprover      Role = "approver"       // confirms, adjusts, approves
	RoleReviewer      Role = "reviewer"       // works on exceptions, and reviews periods
	RoleController    Role = "controller"     // works on exceptions, and closes periods
	RoleConfigurator  Role = "configurator"   // writes rules, sources and policies; decides on no money
	RoleAdmin         Role = "admin"          // the set of all of these but auditor, for small teams
	RolePlatformAdmin Role = "platform-admin" // creates, suspends, moves tenants
	RoleTenantReader  Role = "tenant-reader"  // reads tenant settings for another installation

	// RoleAnalyst is the earlier name of RolePreparer, which tokens may still carry.
	RoleAnalyst Role = "analyst"
)

// Roles are all roles, those of a tenant first.
var Roles = []Role{
	RoleViewer, RoleAuditor, RolePreparer, RoleApprover, RoleReviewer, RoleController, RoleConfigurator, RoleAdmin,
	RolePlatformAdmin, RoleTenantReader,
}

// What several roles may do. Each is named as a refusal names it: "this needs the role …".
const (
	NeedsTrial    Role = "preparer or configurator"                   // tries what changes no money
	NeedsProposal Role = "preparer or approver"                       // proposes, or decides where the role may
	NeedsWork     Role = "preparer, approver, reviewer or controller" // takes part in the work on open rows
)

// holders are the roles that may do what needs a role.
var holders = map[Role][]Role{
	RoleViewer:        Roles[:len(Roles)-2],
	RolePreparer:      {RolePreparer, RoleAdmin},
	RoleApprover:      {RoleApprover, RoleAdmin},
	RoleReviewer:      {RoleReviewer, RoleAdmin},
	RoleController:    {RoleController, RoleAdmin},
	RoleConfigurator:  {RoleConfigurator, RoleAdmin},
	RoleAdmin:         {RoleAdmin},
	RolePlatformAdmin: {RolePlatformAdmin},
	RoleTenantReader:  {RoleTenantReader, RolePlatformAdmin},
	NeedsTrial:        {RolePreparer, RoleConfigurator, RoleAdmin},
	NeedsProposal:     {RolePreparer, RoleApprover, RoleAdmin},
	NeedsWork:         {RolePreparer, RoleApprover, RoleReviewer, RoleController, RoleAdmin},
}

// OfTenant reports whether a role is held inside a tenant; the others concern the installation and know no tenant.
func OfTenant(role Role) bool { return role != RolePlatformAdmin && role != RoleTenantReader }

// Allows reports whether a caller with roles may do what needs the role needed. An unknown role, on either side,
// allows nothing. An auditor reads, whatever else the token grants.
func Allows(roles []Role, needed Role) bool {
	if OfTenant(needed) && needed != RoleViewer && slices.Contains(roles, RoleAuditor) {
		return false
	}
	return slices.ContainsFunc(roles, func(held Role) bool { return slices.Contains(holders[needed], held) })
}

// Narrow returns which of the roles held count where only those of the list do; an empty list leaves them as they are.
// A list never adds a right: what it names counts only if the roles held allow it, and reading always does.
func Narrow(held, listed []Role) []Role {
	if len(listed) == 0 {
		return held
	}
	narrowed := []Role{RoleViewer}
	if slices.Contains(held, RoleAuditor) {
		narrowed = append(narrowed, RoleAuditor)
	}
	for _, role := range listed {
		if role == RoleAuditor || slices.Contains(held, role) || slices.Contains(held, RoleAdmin) {
			narrowed = append(narrowed, role)
		}
	}
	return narrowed
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
