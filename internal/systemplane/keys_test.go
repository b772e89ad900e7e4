//go:build unit || !integration

package systemplane

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestManagerURL_KeepsTheServiceKeyFromTravellingInTheClear(t *testing.T) {
	for address, good := range map[string]bool{
		"": true, "https://tenants.example.com": true, "https://tenants.example.com/base": true, "http://localhost:8080": true, "http://[::1]:8080": true,
		"http://tenants.example.com": false, "http://127.0.0.1.example.com": false, "http://localhost.example.com": false,
		"https://u:p@tenants.example.com": false, "https://tenants.example.com?a=b": false, "ftp://localhost": false, "//tenants": false, "tenants": false, "http://[::1": false,
	} {
		require.Equal(t, good, managerURL(address) == "", address)
	}
}
