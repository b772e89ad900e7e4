//go:build unit || !integration

package report

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/recon"
)

func TestNumbersAndCodesAsPeopleReadThem(t *testing.T) {
	t.Parallel()
	require.Equal(t, "-1,234,567.80", Grouped("-1234567.80"))
	require.Equal(t, "123", Grouped(int64(123)))
	require.Equal(t, "amount differs", Words(recon.ReasonAmountDiffers))
	require.Equal(t, []string{"1 row", "0 rows", "1,234 rows"}, []string{Plural(1, "row"), Plural(0, "row"), Plural(1234, "row")})
	var out bytes.Buffer
	require.NoError(t, WriteJSON(&out, map[string]string{"a": "<b>"}))
	require.Equal(t, "{\"a\":\"<b>\"}\n", out.String()) //nolint:testifylint // every byte counts
}
