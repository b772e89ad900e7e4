package main

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"matcher/internal/auth"
	"matcher/internal/bootstrap"
)

func newTokenCommand(o outside) *cobra.Command {
	var roles []string
	opts := auth.MintOptions{}
	command := &cobra.Command{
		Use: "token", Short: "Make a development token", Args: cobra.NoArgs,
		Long: "Make a token that this configuration's service accepts. Production refuses: there, tokens come " +
			"from your\nidentity provider.",
		Example: "  export MATCHER_TOKEN=$(matcher token --tenant 0190f3c2-… --role admin)",
		RunE: func(*cobra.Command, []string) error {
			cfg, err := bootstrap.LoadConfig(o.env)
			if err != nil {
				return err
			}
			for _, role := range roles {
				opts.Roles = append(opts.Roles, auth.Role(role))
			}
			opts.Now = time.Now()
			token, err := bootstrap.DevelopmentToken(cfg, opts)
			if err != nil {
				return err
			}
			_, err = fmt.Fprintln(o.stdout, token)
			return err
		},
	}
	flags := command.Flags()
	flags.StringVar(&opts.TenantID, "tenant", "",
		"the tenant's id; none is the default tenant, where there is one tenant only")
	flags.StringSliceVar(&roles, "role", []string{string(auth.RoleAdmin)},
		"viewer, auditor, preparer, approver, reviewer, controller, configurator, admin or platform-admin; several by commas")
	flags.StringVar(&opts.Subject, "subject", "developer", "who the audit log will name")
	flags.DurationVar(&opts.TTL, "ttl", time.Hour, "how long it is valid")
	return command
}
