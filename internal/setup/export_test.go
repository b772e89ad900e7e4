//go:build unit || !integration

package setup

import (
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/recon"
)

func TestDecodeExport(t *testing.T) {
	t.Parallel()
	export, faults := DecodeExport([]byte(`
owner: A bank
kind: bank
header: [Day, Sum, Ref]
match: [Ref]
map: {amount: Sum, date: Day, signs: asWritten}
`))
	require.Empty(t, faults)
	require.Equal(t, []string{"Day", "Sum", "Ref"}, export.Header)
	require.Equal(t, []string{"Sum"}, export.Map.Fields[recon.FieldAmount].Columns)

	_, faults = DecodeExport([]byte("owner: A bank\nkind: bank\nheaders: [Day]\nmap: {amount: Sum, sings: asWritten}\n"))
	var pointers []string
	for _, f := range faults {
		pointers = append(pointers, f.Pointer)
	}
	require.ElementsMatch(t, []string{"/headers", "/map/sings", "/header"}, pointers)
}
