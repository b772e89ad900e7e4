package httpapi

import (
	"context"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"matcher/internal/auth"
)

// heldBy has another role than platform-admin take the operation.
func (o operation) heldBy(role auth.Role) operation {
	o.role = role
	return o
}

// platform is an operation on the installation itself: it needs the role platform-admin, which is no tenant's, and its
// context has no tenant.
func platform[I, O any](route, id, summary string, status int, handler func(*API, context.Context, *I) (*O, error)) operation {
	method, path, _ := strings.Cut(route, " ")
	return operation{
		method: method, path: path, role: auth.RolePlatformAdmin, id: id, summary: summary,
		register: func(a *API, h huma.API, op huma.Operation) {
			op.DefaultStatus = status
			huma.Register(h, op, func(ctx context.Context, in *I) (*O, error) {
				out, err := handler(a, ctx, in)
				return out, a.refused(ctx, err)
			})
		},
	}
}
