package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/spf13/cobra"

	"matcher/internal/bootstrap"
)

// healthTimeout is below a container's usual limit for a health check.
const healthTimeout = 2 * time.Second

func newHealthCommand(o outside) *cobra.Command {
	return &cobra.Command{
		Use: "health", Short: "Ask the service on MATCHER_ADDR whether it is ready", Args: cobra.NoArgs,
		Example: "  matcher health && echo ready",
		RunE: func(command *cobra.Command, _ []string) error {
			cfg, err := bootstrap.LoadConfig(o.env)
			if err != nil {
				return err
			}
			return askReady(command.Context(), "http://"+reachable(cfg.Addr)+"/readyz", o.stdout)
		},
	}
}

// reachable returns the address to connect to of one to listen on.
func reachable(addr string) string {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return addr
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return net.JoinHostPort(host, port)
}

func askReady(ctx context.Context, url string, stdout io.Writer) error {
	ctx, cancel := context.WithTimeout(ctx, healthTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return fmt.Errorf("service unreachable: %w", err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("service not ready: %s", response.Status)
	}
	_, err = fmt.Fprintln(stdout, "ready")
	return err
}
