//go:build integration

package httpapi_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/recon"
)

func TestFieldMaps(t *testing.T) {
	t.Parallel()
	_, c := setup(t)
	source := c.NewSource(c.NewContext("Cash"), "ledger", recon.Left)
	path := "/v1/sources/" + source + "/field-map"
	require.Equal(t, http.StatusNotFound, c.Call("GET", path, nil).Status)
	var stored recon.StoredFieldMap
	putFieldMap := func(body string) { c.Must("PUT", path, body, &stored) }
	putFieldMap(`{"amount":"Betrag","date":{"columns":["Tag"],"dateFormat":"DD.MM.YYYY"},"decimal":","}`)
	require.Equal(t, 1, stored.Version)
	putFieldMap(`{"amount":"Betrag","date":{"columns":["Tag"],"dateFormat":"DD.MM.YYYY"},"decimal":",","externalId":"Nr"}`)
	require.Equal(t, 2, stored.Version)
	require.Len(t, items[recon.StoredFieldMap](t, c, path+"/versions"), 2)
	c.Must("GET", path+"?version=1", nil, &stored)
	require.False(t, stored.FieldMap.Has(recon.FieldExternalID))

	wrong := c.Call("PUT", path, `{"amuont":"Betrag","date":{"columns":"Tag","dateFromat":"X"}}`)
	require.Equal(t, http.StatusUnprocessableEntity, wrong.Status)
	require.Equal(t, "FIELD_MAP_INVALID", wrong.Problem().Code)
	require.GreaterOrEqual(t, len(wrong.Problem().Errors), 2, "%s", wrong.Body)

	imported := c.Upload(source, "deutsch.csv", "Nr;Tag;Betrag\n1;05.01.2026;1.234,56\n")
	require.EqualValues(t, 1, imported.RowsInserted)
	require.Equal(t, 2, imported.FieldMapVersion)
	require.Equal(t, "1234.56", imported.Sums["EUR"])
}
