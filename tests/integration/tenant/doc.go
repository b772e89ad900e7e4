// Package tenant holds the tests that provision and erase tenants on real servers.
package tenant
