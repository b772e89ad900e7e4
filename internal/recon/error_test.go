//go:build unit || !integration

package recon

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestAnErrorKeepsItsKindAndCodeThroughWrapping(t *testing.T) {
	t.Parallel()
	for want, err := range map[Kind]*Error{
		KindInvalid:       Invalid("BAD_JSON", "not JSON"),
		KindUnauthorized:  Unauthorized("TOKEN_EXPIRED", "the token expired"),
		KindForbidden:     Forbidden("ROLE", "needs %s", "admin"),
		KindNotFound:      NotFound("context"),
		KindConflict:      Conflict("NAME_TAKEN", "taken"),
		KindStale:         Stale("rule"),
		KindTooLarge:      TooLarge("BODY", "too large"),
		KindUnprocessable: Unprocessable("RULE_INVALID", "bad rule", FieldError{Pointer: "/name", Message: "is required"}),
		KindUnavailable:   Unavailable("TENANT_PROVISIONING", time.Second, "soon"),
		KindRateLimited:   RateLimited(time.Second, "slow down"),
	} {
		wrapped := fmt.Errorf("doing x: %w", err)
		require.Equal(t, want, KindOf(wrapped))
		require.Equal(t, err.Code, CodeOf(wrapped))
		require.ErrorIs(t, wrapped, &Error{Code: err.Code})
		require.NotErrorIs(t, wrapped, &Error{Code: "OTHER"})
	}
	require.Empty(t, KindOf(errors.New("disk on fire")))
	require.Empty(t, CodeOf(nil))
}

func TestEveryBadFieldIsNamedInTheText(t *testing.T) {
	t.Parallel()
	err := Unprocessable("RULE_INVALID", "the rule cannot work",
		FieldError{Pointer: "/keys/0/op", Message: "is unknown"}, FieldError{Message: "has no key"})
	require.ErrorContains(t, err, "/keys/0/op: is unknown; has no key")
}
