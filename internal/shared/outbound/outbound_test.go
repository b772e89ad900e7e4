//go:build unit || !integration

package outbound_test

import (
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"matcher/internal/shared/outbound"
)

func TestPrivate(t *testing.T) {
	for address, private := range map[string]bool{
		"10.1.2.3": true, "192.168.0.1": true, "172.16.0.1": true, "169.254.169.254": true, "100.64.0.1": true,
		"::ffff:10.0.0.1": true, "fe80::1": true, "fd00::1": true, "0.0.0.0": true,
		"127.0.0.1": false, "8.8.8.8": false, "2606:4700::1": false,
	} {
		require.Equal(t, private, outbound.Private(netip.MustParseAddr(address)), address)
	}
}

func TestNetworks_Dialer(t *testing.T) {
	lan, err := outbound.ParseNetworks([]string{"10.1.0.0/16", "127.0.0.1"})
	require.NoError(t, err)
	for address, allowed := range map[string][2]bool{ // without networks, with them
		"8.8.8.8:22": {true, true}, "10.1.2.3:22": {false, true}, "10.2.0.1:22": {false, false},
		"127.0.0.1:22": {false, true}, "127.0.0.2:22": {false, false}, "[::1]:22": {false, false},
		"[::ffff:127.0.0.1]:22": {false, true}, "169.254.169.254:80": {false, false},
	} {
		for i, networks := range []outbound.Networks{nil, lan} {
			err := networks.Dialer(time.Second).Control("tcp", address, nil)
			require.Equal(t, allowed[i], err == nil, "%s: %v", address, err)
		}
	}
	_, err = outbound.ParseNetworks([]string{"lan"})
	require.ErrorContains(t, err, "lan")
}
