//go:build unit || !integration

package httpapi

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/danielgtaylor/huma/v2"
	"github.com/stretchr/testify/require"

	"matcher/internal/engine"
	"matcher/internal/recon"
)

func TestRegisterAliases(t *testing.T) {
	schemas := huma.NewMapRegistry("#/components/schemas/", huma.DefaultSchemaNamer)
	registerAliases(schemas)
	s := schemas.Schema(reflect.TypeFor[struct {
		Day    recon.Day              `json:"day"`
		Map    recon.FieldMap         `json:"map"`
		Limits recon.Limits           `json:"limits"`
		Reason recon.Reason           `json:"reason"`
		Asked  textOf[recon.Reason]   `json:"asked"`
		Status recon.GroupStatus      `json:"status"`
		HeldBy recon.HeldBy           `json:"heldBy"`
		Class  recon.Class            `json:"class"`
		Kept   recon.AdjustmentReason `json:"kept"`
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
	for field, texts := range map[string][]string{
		"reason": recon.Reasons[1:], "asked": recon.StoredReasons, "status": recon.GroupStatuses[1:],
		"heldBy": recon.Gates[1:], "class": recon.Classes[1:], "kept": recon.AdjustmentReasons[1:],
	} {
		listed := resolve(field)
		require.Equal(t, "string", listed.Type, field)
		require.Equal(t, fmt.Sprint(texts), fmt.Sprint(listed.Enum), field)
	}
	require.Equal(t, recon.HeldByMargin, valueOf(textOf[recon.HeldBy]("MARGIN")))
	require.Equal(t, recon.HeldByNothing, valueOf(textOf[recon.HeldBy]("")))
}

// TestFieldMapDocKnowsEveryKey holds the API document to the fields and settings that a map may have.
func TestFieldMapDocKnowsEveryKey(t *testing.T) {
	properties := fieldMapDoc{}.Schema(nil).Properties
	for _, name := range append([]string{"unit", "view", "volatile", "future", "status", "skip"}, recon.MappedFields...) {
		require.Contains(t, properties, name)
		require.NotEmpty(t, properties[name].Description, name)
	}
}

// What an answer may hold is in the document: its texts are listed, and a summary has its type.
func TestAnswersAreTyped(t *testing.T) {
	text, err := Document(engine.Build{})
	require.NoError(t, err)
	var doc struct {
		Components struct {
			Schemas map[string]struct {
				Properties map[string]struct {
					Ref  string `json:"$ref"`
					Enum []string
				}
			}
		}
	}
	require.NoError(t, json.Unmarshal(text, &doc))
	of := doc.Components.Schemas
	require.Equal(t, "#/components/schemas/Summary", of["Run"].Properties["summary"].Ref)
	require.Contains(t, of["Summary"].Properties, "bridge")
	for place, texts := range map[string][]string{
		"GroupItem side": {"LEFT", "RIGHT"}, "StoredTransaction state": {"OPEN", "PROPOSED", "PARTIAL", "CONFIRMED", "IGNORED"},
		"Run status": {"QUEUED", "RUNNING", "COMPLETED", "FAILED", "CANCELLED"}, "Import status": {"COMPLETED", "FAILED", "VOIDED"},
		"Adjustment postingStatus": {"UNPOSTED", "POSTED", "REVERSED"}, "Context status": {"ACTIVE", "PAUSED", "ARCHIVED"},
		"Exception status": {"OPEN", "IN_PROGRESS", "WAITING", "RESOLVED", "REOPENED"}, "Run mode": {"COMMIT", "DRY_RUN", "BACK_TEST"},
	} {
		name, property, _ := strings.Cut(place, " ")
		require.Equal(t, texts, of[name].Properties[property].Enum, place)
	}
}
