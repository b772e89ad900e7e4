//go:build unit || !integration

package httpapi

import (
	"reflect"
	"testing"

	"github.com/danielgtaylor/huma/v2"
	"github.com/stretchr/testify/require"

	"matcher/internal/recon"
)

func TestRegisterAliases(t *testing.T) {
	schemas := huma.NewMapRegistry("#/components/schemas/", huma.DefaultSchemaNamer)
	registerAliases(schemas)
	s := schemas.Schema(reflect.TypeFor[struct {
		Day    recon.Day      `json:"day"`
		Map    recon.FieldMap `json:"map"`
		Limits recon.Limits   `json:"limits"`
	}](), false, "x")
	require.Equal(t, "date", s.Properties["day"].Format)
	resolve := func(name string) *huma.Schema {
		if ref := s.Properties[name].Ref; ref != "" {
			return schemas.SchemaFromRef(ref)
		}
		return s.Properties[name]
	}
	require.Contains(t, resolve("map").Properties, "valueDate")
	require.Len(t, resolve("limits").OneOf, 2)
}
