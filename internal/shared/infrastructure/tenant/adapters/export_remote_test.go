//go:build unit || !integration

package adapters

// DecodeRemoteConfig opens the decoder to its fuzz target.
var DecodeRemoteConfig = decodeRemoteConfig
