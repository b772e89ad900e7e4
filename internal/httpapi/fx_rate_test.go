//go:build integration

package httpapi_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/recon"
)

func TestFXRates(t *testing.T) {
	t.Parallel()
	_, c := setup(t)
	var told struct{ Rates, Changed int }
	c.Must("POST", "/v1/fx-rates", `{"rates":[
		{"from":"EUR","to":"USD","date":"2026-01-05","rate":"1.0832","type":"ECB"},
		{"from":"EUR","to":"USD","date":"2026-01-06","rate":"1.0850","type":"ECB"},
		{"from":"EUR","to":"GBP","date":"2026-01-05","rate":"0.8450"}]}`, &told)
	require.Equal(t, 3, told.Changed)

	t.Run("the same again changes nothing, another value replaces", func(t *testing.T) {
		c.Must("POST", "/v1/fx-rates", `{"rates":[
			{"from":"EUR","to":"USD","date":"2026-01-05","rate":"1.0832","type":"ECB"},
			{"from":"EUR","to":"USD","date":"2026-01-06","rate":"1.0851","type":"ECB","source":"corrected"}]}`, &told)
		require.Equal(t, 2, told.Rates)
		require.Equal(t, 1, told.Changed)
		found := items[recon.FXRate](t, c, "/v1/fx-rates?from=EUR&to=USD&since=2026-01-06")
		require.Len(t, found, 1)
		require.Equal(t, recon.Decimal("1.0851"), found[0].Rate)
		require.Equal(t, "corrected", found[0].Source)
	})
	t.Run("a list comes in pages, by pair and day", func(t *testing.T) {
		var p page[recon.FXRate]
		c.Must("GET", "/v1/fx-rates?limit=2", nil, &p)
		require.Equal(t, "GBP", p.Items[0].To)
		rest := items[recon.FXRate](t, c, "/v1/fx-rates?limit=2&cursor="+p.NextCursor)
		require.Len(t, rest, 1)
		require.Equal(t, "2026-01-06", rest[0].Date.String())
		require.Equal(t, "BAD_CURSOR", c.Call("GET", "/v1/fx-rates?cursor=xx", nil).Problem().Code)
		require.Empty(t, items[recon.FXRate](t, c, "/v1/fx-rates?type=MID"))
		for _, parameter := range []string{"from", "to", "since", "until"} {
			require.Equal(t, parameter, c.Call("GET", "/v1/fx-rates?"+parameter+"=XXY", nil).Problem().Errors[0].Parameter)
		}
	})
	t.Run("what is no rate is refused by pointer, and nothing is stored", func(t *testing.T) {
		for rates, pointer := range map[string]string{
			`{"from":"EUR","to":"EUR","date":"2026-01-05","rate":"1"}`:                                                          "/rates/0/to",
			`{"from":"EUR","to":"XXZ","date":"2026-01-05","rate":"1"}`:                                                          "/rates/0/to",
			`{"from":"EUR","to":"USD","date":"2026-01-05","rate":"-1"}`:                                                         "/rates/0/rate",
			`{"from":"EUR","to":"CHF","date":"2026-01-05","rate":"1"},{"from":"EUR","to":"CHF","date":"2026-01-05","rate":"2"}`: "/rates/1",
		} {
			require.Equal(t, pointer, c.Call("POST", "/v1/fx-rates", `{"rates":[`+rates+`]}`).Problem().Errors[0].Pointer, rates)
		}
		require.Len(t, items[recon.FXRate](t, c, "/v1/fx-rates"), 3)
	})
}
