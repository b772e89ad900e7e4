//go:build unit || !integration

package recon_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/recon"
)

func TestAccessList_Check(t *testing.T) {
	t.Parallel()
	list := recon.AccessList{Members: []recon.Member{{Subject: "ann"}, {Subject: "bob"}, {Subject: "ann"}}}
	require.Equal(t, []recon.FieldError{
		{Pointer: "/members/2/subject", Code: recon.CodeDuplicate, Message: "is listed twice"},
	}, list.Check())
	list.Members = list.Members[:2]
	require.Empty(t, list.Check())
}
