package httpapi

import (
	"encoding"
	"reflect"

	"github.com/danielgtaylor/huma/v2"

	"matcher/internal/recon"
)

// OpenAPI is generated from the types; what follows tells it what reflection cannot see.

// dayDoc is how a recon.Day looks on the wire.
type dayDoc struct{}

func (dayDoc) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: "string", Format: "date", Nullable: true, Description: "YYYY-MM-DD"}
}

// fieldMapDoc is how a recon.FieldMap looks on the wire: canonical field → column, columns, or an object.
type fieldMapDoc struct{}

func (fieldMapDoc) Schema(huma.Registry) *huma.Schema {
	properties := map[string]*huma.Schema{
		"dateFormat": {Type: "string", Description: `How dates are written, "DD.MM.YYYY" say`},
		"timeZone":   {Type: "string", Description: "IANA name"},
		"decimal":    {Type: "string", Description: `"." or ","`},
		"negate":     {Type: "boolean", Description: "Turns the file round: its + is money away from us"},
	}
	for _, name := range recon.MappedFields {
		properties[name] = &huma.Schema{Description: "A column, a list of columns to join, or an object with column, constant, transforms …"}
	}
	return &huma.Schema{Type: "object", Properties: properties, AdditionalProperties: false}
}

// ruleDoc is how a recon.Rule looks on the wire. Its limits may be one decimal or one a currency.
type ruleDoc struct{ recon.Rule }

// TransformSchema keeps documentation and decoding apart: the handler's own decoder says what is missing.
func (ruleDoc) TransformSchema(_ huma.Registry, s *huma.Schema) *huma.Schema {
	s.Required = []string{"name"}
	return s
}

// limitsDoc is how recon.Limits look on the wire.
type limitsDoc struct{}

func (limitsDoc) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{
		Description: `A decimal for every currency, or a map of decimals by currency`,
		OneOf: []*huma.Schema{
			{Type: "string"},
			{Type: "object", AdditionalProperties: &huma.Schema{Type: "string"}},
		},
	}
}

// textOf is an enumerated value of recon as a query writes it; its schema lists the texts.
type textOf[E any] string

// Schema lists the texts of the type.
func (textOf[E]) Schema(huma.Registry) *huma.Schema {
	return enumSchema(enumTexts[reflect.TypeFor[E]()])
}

// enumTexts are what a request may name of each enumerated type.
var enumTexts = map[reflect.Type][]string{
	reflect.TypeFor[recon.Class]():            recon.Classes[1:],
	reflect.TypeFor[recon.Reason]():           recon.StoredReasons,
	reflect.TypeFor[recon.GroupStatus]():      recon.GroupStatuses[1:],
	reflect.TypeFor[recon.HeldBy]():           recon.Gates[1:],
	reflect.TypeFor[recon.AdjustmentReason](): recon.AdjustmentReasons[1:],
}

func enumSchema(texts []string) *huma.Schema {
	values := make([]any, len(texts))
	for i, text := range texts {
		values[i] = text
	}
	return &huma.Schema{Type: "string", Enum: values}
}

// valueOf returns the value of a text that the schema let pass; "" is the zero value.
func valueOf[E any, P interface {
	*E
	encoding.TextUnmarshaler
}](text textOf[E]) (value E) {
	if err := P(&value).UnmarshalText([]byte(text)); err != nil {
		panic("httpapi: a text passed its schema and names no value: " + err.Error())
	}
	return value
}

// reasonDoc is a recon.Reason of a response: explanations also have NOT_RUN.
type reasonDoc struct{}

func (reasonDoc) Schema(huma.Registry) *huma.Schema { return enumSchema(recon.Reasons[1:]) }

func registerAliases(schemas huma.Registry) {
	schemas.RegisterTypeAlias(reflect.TypeFor[recon.Class](), reflect.TypeFor[textOf[recon.Class]]())
	schemas.RegisterTypeAlias(reflect.TypeFor[recon.Reason](), reflect.TypeFor[reasonDoc]())
	schemas.RegisterTypeAlias(reflect.TypeFor[recon.GroupStatus](), reflect.TypeFor[textOf[recon.GroupStatus]]())
	schemas.RegisterTypeAlias(reflect.TypeFor[recon.HeldBy](), reflect.TypeFor[textOf[recon.HeldBy]]())
	schemas.RegisterTypeAlias(
		reflect.TypeFor[recon.AdjustmentReason](), reflect.TypeFor[textOf[recon.AdjustmentReason]](),
	)
	schemas.RegisterTypeAlias(reflect.TypeFor[recon.Day](), reflect.TypeFor[dayDoc]())
	schemas.RegisterTypeAlias(reflect.TypeFor[recon.FieldMap](), reflect.TypeFor[fieldMapDoc]())
	schemas.RegisterTypeAlias(reflect.TypeFor[recon.Limits](), reflect.TypeFor[limitsDoc]())
}

// describeProblems says what a stream's operation answers when it refuses.
func describeProblems(h huma.API, op *huma.Operation) {
	schema := h.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[problem](), true, "Problem")
	op.Responses["default"] = &huma.Response{
		Description: "Error", Content: map[string]*huma.MediaType{problemType: {Schema: schema}},
	}
}

func pathID(name string) *huma.Param {
	return &huma.Param{Name: name, In: "path", Required: true, Schema: &huma.Schema{Type: "string"}}
}

// describePublic documents a path that needs no token.
func describePublic(h huma.API, path, id, summary string) {
	h.OpenAPI().AddOperation(&huma.Operation{
		OperationID: id, Method: "GET", Path: path, Summary: summary, Tags: []string{"service"},
		Security:  []map[string][]string{},
		Responses: map[string]*huma.Response{"200": {Description: "OK"}},
	})
}
