package httpapi

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"mime"
	"net"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/queryparam"

	"matcher/internal/recon"
)

// input reads requests into values of one struct: fields with a tag path, query or header are parameters, strings or
// whole numbers, and the field Body is the JSON body. The same tags make its OpenAPI.
type input struct {
	schemas huma.Registry
	of      reflect.Type
	params  []parameter
	known   map[string]bool // query parameters
	body    *bodyField
}

type parameter struct {
	*huma.Param
	index    []int
	standard string
}

type bodyField struct {
	index  []int
	schema *huma.Schema
}

// newInput finds the parameters and the body of a struct, and describes both in op.
func newInput(schemas huma.Registry, of reflect.Type, op *huma.Operation) *input {
	in := &input{schemas: schemas, of: of, known: map[string]bool{}}
	for _, field := range reflect.VisibleFields(of) {
		switch {
		case field.Anonymous || !field.IsExported():
		case field.Name == "Body":
			in.body = &bodyField{field.Index, huma.SchemaFromField(schemas, field, of.Name()+"Body")}
			op.RequestBody = &huma.RequestBody{
				Required: true, Content: map[string]*huma.MediaType{"application/json": {Schema: in.body.schema}},
			}
		default:
			p := parameterOf(schemas, field, op.Path)
			in.known[p.Name] = p.In == "query"
			in.params = append(in.params, p)
			op.Parameters = append(op.Parameters, p.Param)
		}
	}
	return in
}

func parameterOf(schemas huma.Registry, field reflect.StructField, path string) parameter {
	schema := huma.SchemaFromField(schemas, field, "")
	p := parameter{
		Param: &huma.Param{Description: schema.Description, Schema: schema},
		index: field.Index, standard: field.Tag.Get("default"),
	}
	for _, place := range []string{"path", "query", "header"} {
		if name, ok := field.Tag.Lookup(place); ok {
			p.In, p.Name = place, name
		}
	}
	switch p.In {
	case "path":
		if p.Required = true; p.Name == "" { // the first of the path
			_, after, _ := strings.Cut(path, "{")
			p.Name, _, _ = strings.Cut(after, "}")
		}
	case "query":
		p.Explode = new(bool)
	}
	return p
}

// reading is one request on its way into an input, with what is wrong with it.
type reading struct {
	*http.Request
	schemas huma.Registry
	faults  huma.ValidateResult
}

func (r *reading) fault(place, message string) {
	r.faults.Errors = append(r.faults.Errors, &huma.ErrorDetail{Location: place, Message: message})
}

func (r *reading) validate(place string, schema *huma.Schema, value any) {
	at := huma.NewPathBuffer(nil, 0)
	at.Push(place)
	huma.Validate(r.schemas, schema, at, huma.ModeWriteToServer, value, &r.faults)
}

// read returns the request's input, or a problem that names every value that cannot be used.
func (in *input) read(request *http.Request) (any, error) {
	r := &reading{Request: request, schemas: in.schemas}
	query := r.URL.Query()
	for _, name := range slices.Sorted(maps.Keys(query)) {
		switch {
		case !in.known[name]:
			r.fault("query."+name, "unknown query parameter")
		case len(query[name]) > 1:
			r.fault("query."+name, "is there twice")
		}
	}
	if len(r.faults.Errors) > 0 {
		return nil, invalidRequest(http.StatusUnprocessableEntity, "validation failed", r.faults.Errors)
	}
	value, status := reflect.New(in.of), http.StatusUnprocessableEntity
	for _, p := range in.params {
		p.read(r, value.Elem().FieldByIndex(p.index))
	}
	if in.body != nil {
		var err error
		if status, err = in.body.read(r, value.Elem().FieldByIndex(in.body.index)); err != nil {
			return nil, err
		}
	}
	if len(r.faults.Errors) > 0 {
		return nil, invalidRequest(status, "validation failed", r.faults.Errors)
	}
	if change, ok := reflect.TypeAssert[interface{ readVersion() error }](value); ok {
		return value.Interface(), change.readVersion()
	}
	return value.Interface(), nil
}

func (p *parameter) read(r *reading, field reflect.Value) {
	var text string
	switch p.In {
	case "path":
		text = r.PathValue(p.Name)
	case "query":
		text = queryparam.Get(r.URL.RawQuery, p.Name)
	case "header":
		text = r.Header.Get(p.Name)
	}
	if text = cmp.Or(text, p.standard); text == "" {
		return
	}
	place := p.In + "." + p.Name
	if field.Kind() == reflect.String {
		field.SetString(text)
		r.validate(place, p.Schema, text)
		return
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		r.fault(place, "invalid integer")
		return
	}
	field.SetInt(n)
	r.validate(place, p.Schema, n)
}

// read decodes the body into field. The status is that of the faults that it finds.
func (b *bodyField) read(r *reading, field reflect.Value) (status int, err error) {
	text, err := io.ReadAll(r.Body)
	var slow net.Error
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return 0, err
	case errors.As(err, &slow) && slow.Timeout():
		return 0, invalidRequest(http.StatusRequestTimeout, "request body read timeout", nil)
	case err != nil:
		return 0, recon.Invalid(recon.CodeBodyIncomplete, "the body ended before it was whole: send it again")
	case len(text) == 0:
		return 0, invalidRequest(http.StatusBadRequest, "request body is required", r.faults.Errors)
	}
	var parsed any
	if contentType := r.Header.Get("Content-Type"); !isJSON(contentType) {
		r.fault("body", "unknown content type: "+contentType)
		return http.StatusUnsupportedMediaType, nil
	}
	if err := unmarshalStorable(text, &parsed); err != nil {
		r.fault("body", err.Error())
		return http.StatusBadRequest, nil
	}
	if pointer, fault := ambiguity(text); fault != "" {
		return 0, badValue(pointer, recon.CodeValidationFailed, fault)
	}
	before := len(r.faults.Errors)
	r.validate("body", b.schema, parsed)
	if len(r.faults.Errors) == before {
		if err := json.Unmarshal(text, field.Addr().Interface()); err != nil {
			r.fault("body", err.Error())
		}
	}
	return http.StatusUnprocessableEntity, nil
}

// isJSON takes application/json, types that end in +json, and no type at all.
func isJSON(contentType string) bool {
	if contentType == "" {
		return true
	}
	mediaType, _, err := mime.ParseMediaType(contentType)
	return err == nil && (mediaType == "application/json" || strings.HasSuffix(mediaType, "+json"))
}

// unmarshalStorable reads JSON whose texts PostgreSQL can store: UTF-8 without NUL. (An escaped backslash before u0000
// is refused too; no account is named like that.)
func unmarshalStorable(data []byte, to any) error {
	if !utf8.Valid(data) || bytes.Contains(data, []byte(`\u0000`)) {
		return errors.New("the body is not UTF-8 without NUL")
	}
	return json.Unmarshal(data, to)
}
