package httpapi

import (
	"encoding"
	"maps"
	"net/http"
	"path"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/danielgtaylor/huma/v2"

	"matcher/internal/auth"
	"matcher/internal/matching"
	"matcher/internal/recon"
	"matcher/internal/setup"
)

// The OpenAPI document is generated from the types; the types below describe what reflection cannot see.

// dayDoc is how a recon.Day looks on the wire.
type dayDoc struct{}

func (dayDoc) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: "string", Format: "date", Nullable: true, Description: "YYYY-MM-DD"}
}

// fieldMapDoc is how a recon.FieldMap looks on the wire: the keys that people write, with their meaning.
type fieldMapDoc struct{}

func (fieldMapDoc) Schema(huma.Registry) *huma.Schema {
	properties := map[string]*huma.Schema{}
	for _, key := range setup.Keys() {
		if key.Of == "reading" {
			properties[key.Name] = &huma.Schema{Description: key.Meaning + " Example: " + key.Example}
		}
	}
	return &huma.Schema{Type: "object", Properties: properties, AdditionalProperties: false}
}

// ruleDoc is how a recon.Rule looks on the wire. Its limits may be one decimal or one a currency.
type ruleDoc struct{ recon.Rule }

// TransformSchema keeps documentation and decoding apart: the handler's own decoder reports what is missing.
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
	reflect.TypeFor[recon.Outcome]():          recon.Outcomes[1:],
	reflect.TypeFor[recon.Severity]():         recon.Severities[1:],
	reflect.TypeFor[recon.GroupStatus]():      recon.GroupStatuses[1:],
	reflect.TypeFor[recon.HeldBy]():           recon.Gates[1:],
	reflect.TypeFor[recon.AdjustmentReason](): recon.AdjustmentReasons[1:],
	reflect.TypeFor[recon.Side]():             textsOf(recon.Left, recon.Right),
	reflect.TypeFor[recon.State](): textsOf(
		recon.StateOpen, recon.StateProposed, recon.StatePartial, recon.StateConfirmed,
		recon.StateIgnored),
	reflect.TypeFor[recon.RunStatus](): textsOf(recon.RunQueued, recon.RunRunning, recon.RunCompleted, recon.RunFailed,
		recon.RunCancelled),
	reflect.TypeFor[recon.ImportStatus]():  textsOf(recon.ImportCompleted, recon.ImportFailed, recon.ImportVoided),
	reflect.TypeFor[recon.PostingStatus](): textsOf(recon.Unposted, recon.Posted, recon.Reversed),
	reflect.TypeFor[recon.ContextStatus](): textsOf(recon.ContextActive, recon.ContextPaused, recon.ContextArchived),
	reflect.TypeFor[recon.DiffKind]():      textsOf(recon.DiffLost, recon.DiffRePaired, recon.DiffGained),
}

func textsOf[E ~string](values ...E) []string {
	texts := make([]string, len(values))
	for i, value := range values {
		texts[i] = string(value)
	}
	return texts
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
	schemas.RegisterTypeAlias(reflect.TypeFor[recon.Outcome](), reflect.TypeFor[textOf[recon.Outcome]]())
	schemas.RegisterTypeAlias(reflect.TypeFor[recon.Severity](), reflect.TypeFor[textOf[recon.Severity]]())
	schemas.RegisterTypeAlias(reflect.TypeFor[recon.HeldBy](), reflect.TypeFor[textOf[recon.HeldBy]]())
	schemas.RegisterTypeAlias(
		reflect.TypeFor[recon.AdjustmentReason](), reflect.TypeFor[textOf[recon.AdjustmentReason]](),
	)
	schemas.RegisterTypeAlias(reflect.TypeFor[recon.Side](), reflect.TypeFor[textOf[recon.Side]]())
	schemas.RegisterTypeAlias(reflect.TypeFor[recon.State](), reflect.TypeFor[textOf[recon.State]]())
	schemas.RegisterTypeAlias(reflect.TypeFor[recon.RunStatus](), reflect.TypeFor[textOf[recon.RunStatus]]())
	schemas.RegisterTypeAlias(reflect.TypeFor[recon.ImportStatus](), reflect.TypeFor[textOf[recon.ImportStatus]]())
	schemas.RegisterTypeAlias(reflect.TypeFor[recon.PostingStatus](), reflect.TypeFor[textOf[recon.PostingStatus]]())
	schemas.RegisterTypeAlias(reflect.TypeFor[recon.ContextStatus](), reflect.TypeFor[textOf[recon.ContextStatus]]())
	schemas.RegisterTypeAlias(reflect.TypeFor[recon.DiffKind](), reflect.TypeFor[textOf[recon.DiffKind]]())
	schemas.RegisterTypeAlias(reflect.TypeFor[recon.Day](), reflect.TypeFor[dayDoc]())
	schemas.RegisterTypeAlias(reflect.TypeFor[recon.FieldMap](), reflect.TypeFor[fieldMapDoc]())
	schemas.RegisterTypeAlias(reflect.TypeFor[recon.Limits](), reflect.TypeFor[limitsDoc]())
}

// document is the OpenAPI document while it is built.
type document struct {
	api     *huma.OpenAPI
	schemas huma.Registry
}

// arraysAreNeverNull is a setting of the library: an empty list is [] in every answer.
var arraysAreNeverNull = sync.OnceFunc(func() { huma.DefaultArrayNullable = false })

func newDocument(version string) *document {
	arraysAreNeverNull()
	d := &document{schemas: huma.NewMapRegistry("#/components/schemas/", schemaName)}
	registerAliases(d.schemas)
	d.api = &huma.OpenAPI{
		OpenAPI: "3.1.0", Info: &huma.Info{
			Title: "Matcher", Version: version, Description: apiDescription,
			Contact: &huma.Contact{Name: "The operator of this installation"},
			License: &huma.License{Name: "Apache 2.0", Identifier: "Apache-2.0"},
		},
		Servers: []*huma.Server{{URL: "/", Description: "This installation"}},
		Components: &huma.Components{Schemas: d.schemas, SecuritySchemes: map[string]*huma.SecurityScheme{
			"bearer": {Type: "http", Scheme: "bearer", BearerFormat: "JWT"},
			"apiKey": {Type: "apiKey", In: "header", Name: "X-API-Key"},
		}},
	}
	for _, name := range slices.Sorted(maps.Keys(nouns)) {
		d.api.Tags = append(d.api.Tags, &huma.Tag{Name: name, Description: nouns[name]})
	}
	d.api.Components.Responses = map[string]*huma.Response{}
	problems := map[string]*huma.MediaType{problemType: {Schema: d.schema(problem{})}}
	for status, why := range refusals {
		d.api.Components.Responses[strconv.Itoa(status)] = &huma.Response{Description: why, Content: problems}
	}
	d.api.Components.Responses["default"] = &huma.Response{
		Description: "The service failed or cannot answer now: quote the request id", Content: problems,
	}
	return d
}

// refusals are the statuses of what the caller can mend.
var refusals = map[int]string{
	http.StatusBadRequest:            "The request cannot be read",
	http.StatusUnauthorized:          "The token is missing, wrong or too old",
	http.StatusForbidden:             "The token's roles do not allow this",
	http.StatusNotFound:              "There is no such thing, or it is another tenant's",
	http.StatusRequestTimeout:        "The body came too slowly",
	http.StatusConflict:              "What is stored does not allow this now",
	http.StatusPreconditionFailed:    "The stored version is not that of If-Match",
	http.StatusRequestEntityTooLarge: "The body is too large",
	http.StatusUnsupportedMediaType:  "The body is of a type that is not taken",
	http.StatusUnprocessableEntity:   "A value is not allowed; errors point at each",
	http.StatusTooManyRequests:       "The caller's or the tenant's share is used up: wait for Retry-After",
}

// refused lists the statuses of an operation that the caller can mend.
func (op *operation) refused() []int {
	statuses := []int{
		http.StatusBadRequest, http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound,
		http.StatusConflict, http.StatusUnprocessableEntity, http.StatusTooManyRequests,
	}
	if op.in != nil {
		_, versioned := op.in.FieldByName("IfMatch")
		if versioned || op.out == reflect.TypeFor[recon.StoredChange]() { // which applies what may be stale
			statuses = append(statuses, http.StatusPreconditionFailed)
		}
	}
	if op.hasBody() {
		statuses = append(statuses,
			http.StatusRequestTimeout, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType)
	}
	return statuses
}

// hasBody reports whether the operation reads a body.
func (op *operation) hasBody() bool {
	if op.in == nil || op.bodyDoc != nil {
		return op.method() != http.MethodGet
	}
	_, body := op.in.FieldByName("Body")
	return body
}

// description is the summary, and how the operation is safe to call.
func (op *operation) description() string {
	text := op.summary + "."
	switch op.opens {
	case replica:
		text += " Read from a replica where there is one, which may be a little behind."
	case commit:
		text += " One commit."
	case nothing, snapshot:
	}
	if op.in != nil {
		if _, keyed := op.in.FieldByName("Key"); keyed {
			text += " Safe to repeat with an Idempotency-Key."
		}
		if _, versioned := op.in.FieldByName("IfMatch"); versioned {
			text += " Takes If-Match, so that no other change is lost."
		}
	}
	return text
}

// schemaName is the name of a type; lists are called …Body, as generated clients know them.
func schemaName(t reflect.Type, hint string) string {
	name := huma.DefaultSchemaNamer(t, hint)
	if strings.HasPrefix(t.Name(), "list[") {
		name += "Body"
	}
	return name
}

// add describes an operation and returns how its input is read, nil for a stream.
func (d *document) add(op *operation) (in *input) {
	described := &huma.Operation{
		OperationID: op.id, Method: op.method(), Path: op.path(), Summary: op.summary, Tags: []string{op.tag()},
		Description: op.description(),
		Security:    securityOf(op.role),
		Extensions:  map[string]any{"x-roles": rolesFrom(op.role)},
		Responses:   map[string]*huma.Response{},
	}
	if op.stream == nil {
		in = newInput(d.schemas, op.in, described)
		d.describeAnswer(op, described)
	} else {
		op.describe(d, described)
	}
	if op.bodyDoc != nil {
		body := described.RequestBody.Content["application/json"]
		if decoded := d.schemas.SchemaFromRef(body.Schema.Ref); decoded != nil {
			in.body.schema = decoded
			delete(d.schemas.Map(), path.Base(body.Schema.Ref))
		}
		body.Schema = d.schema(op.bodyDoc)
	}
	for _, status := range op.refused() {
		described.Responses[strconv.Itoa(status)] = problemAnswer(strconv.Itoa(status))
	}
	described.Responses["default"] = problemAnswer("default")
	d.api.AddOperation(described)
	return in
}

func problemAnswer(name string) *huma.Response {
	return &huma.Response{Ref: "#/components/responses/" + name}
}

func (d *document) describeAnswer(op *operation, described *huma.Operation) {
	answer := &huma.Response{Description: http.StatusText(op.status)}
	described.Responses[strconv.Itoa(op.status)] = answer
	if op.twoPeople {
		d.describeWaiting(described)
	}
	if op.out == nil {
		return
	}
	answer.Content = map[string]*huma.MediaType{"application/json": {Schema: d.schemas.Schema(op.out, true, "")}}
	text := func(description string) *huma.Header {
		return &huma.Header{Schema: &huma.Schema{Type: "string", Description: description}}
	}
	answer.Headers = map[string]*huma.Header{}
	if _, versioned := op.out.FieldByName("Version"); versioned {
		answer.Headers["ETag"] = text("")
	}
	if op.location != "" {
		answer.Headers["Location"] = text("")
	}
	if _, keyed := op.in.FieldByName("Key"); keyed && op.opens == commit {
		answer.Headers["Idempotency-Replayed"] = text("true when this is the stored answer of an earlier request")
	}
}

// describeWaiting adds the answer of a request that waits for a second person.
func (d *document) describeWaiting(described *huma.Operation) {
	described.Description += " Where four eyes are on it waits as a change that another person approves."
	described.Responses[strconv.Itoa(http.StatusAccepted)] = &huma.Response{
		Description: "It waits for another person",
		Content:     map[string]*huma.MediaType{"application/json": {Schema: d.schema(recon.StoredChange{})}},
		Headers:     map[string]*huma.Header{"Location": {Schema: &huma.Schema{Type: "string"}}},
	}
}

// typeSummary gives a run's summary its type: what is stored is the text of it.
func (d *document) typeSummary() {
	if run := d.schemas.Map()["Run"]; run != nil {
		run.Properties["summary"] = d.schema(matching.Summary{})
		// The difference of a proposed group has no reason yet.
		d.schemas.Map()["DifferenceSummary"].Properties["reason"] = enumSchema(recon.AdjustmentReasons)
	}
}

// schema is that of one of our own types, by a sample of it.
func (d *document) schema(sample any) *huma.Schema {
	return d.schemas.Schema(reflect.TypeOf(sample), true, "")
}

// securityOf: what concerns the installation takes an API key too.
func securityOf(role auth.Role) []map[string][]string {
	if auth.OfTenant(role) {
		return []map[string][]string{{"bearer": {}}}
	}
	return []map[string][]string{{"bearer": {}}, {"apiKey": {}}}
}

// rolesFrom lists every role that may do what needs role.
func rolesFrom(role auth.Role) (roles []auth.Role) {
	for _, held := range auth.Roles {
		if auth.Allows([]auth.Role{held}, role) {
			roles = append(roles, held)
		}
	}
	return roles
}

func pathParameter(name string) *huma.Param {
	return &huma.Param{Name: name, In: "path", Required: true, Schema: &huma.Schema{Type: "string"}}
}

// addPublic describes a path that needs no token.
func (d *document) addPublic(path, id, summary string) {
	d.api.AddOperation(&huma.Operation{
		OperationID: id, Method: "GET", Path: path, Summary: summary, Tags: []string{"service"},
		Description: summary + ". Takes no token of a tenant.",
		Security:    []map[string][]string{},
		Responses: map[string]*huma.Response{
			"200": {Description: "OK"}, "401": problemAnswer("401"), "404": problemAnswer("404"),
			"default": problemAnswer("default"),
		},
	})
}

const apiDescription = `Reconciliation of two sides of the same money, for many tenants that share one installation.

The tenant is a claim of the token and of nothing else; another tenant's id is a 404 like one that does not exist.
Amounts are decimal strings, days YYYY-MM-DD, times RFC 3339 in UTC. Errors are application/problem+json: act on the
code, read the detail, follow the pointers. Lists take limit and cursor. A POST with an Idempotency-Key can be repeated
safely. Where two people may edit, send the ETag that you read as If-Match. x-roles lists who may call an operation.`

// nouns are the segments that name what a path is about, with what they are. OpenAPI groups by them.
var nouns = map[string]string{
	"me": "The caller", "contexts": "Reconciliations: what is held against what",
	"sources": "Where the rows of one side come from", "fetch": "Where files are fetched from",
	"fetches": "All places that files are fetched from", "expectation": "The file that a source expects by a time",
	"expectations": "All files that are expected",
	"field-map":    "How the columns of a source's files are read",
	"rules":        "What agrees with what", "back-tests": "Rules tried on what is matched already",
	"imports": "Files that came in", "transactions": "Rows of files", "runs": "Matching, as it was done",
	"groups": "Rows that agree, and decisions on them", "adjustments": "Differences that were accepted",
	"fx-rates": "Exchange rates", "schedules": "When runs start by themselves",
	"changes":   "What waits for a second person, and what became of it",
	"access":    "Who may see a context",
	"schemas":   "JSON Schemas of what people write",
	"calendars": "Business days", "fee-schedules": "Agreed fees", "fee-rules": "Which fee applies to which rows",
	"fee-checks": "Charged fees held against agreed ones", "exceptions": "Open rows that people work on",
	"exception-policy": "What a context asks of its open rows", "comments": "What people wrote about exceptions",
	"resolutions": "How exceptions were ended",
	"statement":   "The bridge from one side's balance to the other's", "reports": "Figures over open and matched rows",
	"events": "What happened, in order", "audit": "Who did what, when",
	"system": "Settings of the installation", "tenants": "Tenants of the installation",
	"migrations": "Schemas brought up to date", "keys": "Keys of operators",
	"revoked-tokens": "Tokens that are no longer taken",
	"service":        "The state and documents of this instance",
}
