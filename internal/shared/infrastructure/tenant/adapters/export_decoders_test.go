//go:build unit || !integration

package adapters

// DecodeTenantEvent opens the decoder to its fuzz target.
var DecodeTenantEvent = decodeTenantEvent
