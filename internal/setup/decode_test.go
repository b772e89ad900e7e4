//go:build unit || !integration

package setup

import (
	"reflect"
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/recon"
)

// TestMembersAreFieldsInTheOrderOfTheirStruct also holds that an unexported field is no name that a person may write.
func TestMembersAreFieldsInTheOrderOfTheirStruct(t *testing.T) {
	t.Parallel()
	require.Equal(t, []string{"groups", "open", "totals"}, fieldNames(reflect.TypeFor[CaseExpect]()))
	require.Equal(t, "name", fieldNames(reflect.TypeFor[recon.Rule]())[0])
	d := decoder{}
	root, faults := parseDocument([]byte(`{"due_days": 1, "dueDays": 2, "x": 3}`))
	require.Empty(t, faults)
	read := func(loose bool) (names []string) {
		d = decoder{loose: loose}
		d.members(root, "", []string{"dueDays"}, func(name string, _ *node, at string) { names = append(names, name+at) })
		return names
	}
	require.Equal(t, []string{"dueDays/dueDays"}, read(false))
	require.Len(t, d.errs, 2)
	require.Equal(t, []string{"dueDays/due_days", "dueDays/dueDays"}, read(true))
	require.Len(t, d.errs, 1)
}
