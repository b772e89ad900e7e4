// Package outbound decides which addresses this process dials where someone else names the server: an administrator of
// settings, or a tenant. A name is judged by what it has resolved to, just before it is dialed.
package outbound

import (
	"fmt"
	"net"
	"net/netip"
	"slices"
	"syscall"
	"time"
)

// sharedSpace is RFC 6598's, in which a provider's metadata service may be.
var sharedSpace = netip.MustParsePrefix("100.64.0.0/10")

// Private reports whether an address is not of the internet and not this machine's own.
func Private(address netip.Addr) bool {
	address = address.Unmap()
	return address.IsPrivate() || address.IsLinkLocalUnicast() || address.IsUnspecified() || address.IsMulticast() ||
		sharedSpace.Contains(address)
}

// Networks are those other than the internet that tenants may name servers of.
type Networks []netip.Prefix

// ParseNetworks reads networks as 10.1.0.0/16, or addresses.
func ParseNetworks(texts []string) (all Networks, err error) {
	for _, text := range texts {
		network, err := netip.ParsePrefix(text)
		if err != nil {
			address, err := netip.ParseAddr(text)
			if err != nil {
				return nil, fmt.Errorf("%q is no network as 10.1.0.0/16 and no address", text)
			}
			network = netip.PrefixFrom(address, address.BitLen())
		}
		all = append(all, network.Masked())
	}
	return all, nil
}

// Dialer returns a dialer that refuses addresses of this machine and of networks that are neither public nor n.
func (n Networks) Dialer(timeout time.Duration) *net.Dialer {
	return &net.Dialer{Timeout: timeout, Control: func(_, address string, _ syscall.RawConn) error {
		dialed, err := netip.ParseAddrPort(address)
		if err != nil {
			return fmt.Errorf("reading the address: %w", err)
		}
		at := dialed.Addr().Unmap()
		if !Private(at) && !at.IsLoopback() || n.contains(at) {
			return nil
		}
		return fmt.Errorf("%s is no public address, and this installation does not allow it", at)
	}}
}

func (n Networks) contains(address netip.Addr) bool {
	return slices.ContainsFunc(n, func(network netip.Prefix) bool { return network.Contains(address) })
}
