// Package tenant proves, on real servers and the real migrations, that a tenant's schema comes and goes whole or not at
// all, and that no tenant reaches another's rows.
package tenant
