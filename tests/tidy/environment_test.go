//go:build unit || !integration

package tidy

import (
	"go/ast"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

const configFile = bootstrap + "/config.go"

// tenancy is the fixed table of names and defaults that customers' deployments rely on.
var tenancy = map[string]string{
	"DEFAULT_TENANT_ID":                        "11111111-1111-1111-1111-111111111111",
	"DEFAULT_TENANT_SLUG":                      "default",
	"MULTI_TENANT_ENABLED":                     "false",
	"MULTI_TENANT_URL":                         "",
	"MULTI_TENANT_ENVIRONMENT":                 "",
	"MULTI_TENANT_MAX_TENANT_POOLS":            "100",
	"MULTI_TENANT_IDLE_TIMEOUT_SEC":            "300",
	"MULTI_TENANT_CIRCUIT_BREAKER_THRESHOLD":   "5",
	"MULTI_TENANT_CIRCUIT_BREAKER_TIMEOUT_SEC": "30",
	"MULTI_TENANT_SERVICE_API_KEY":             "",
	"MULTI_TENANT_CONFIG_CACHE_TTL_SEC":        "300",
	"MULTI_TENANT_EVENT_CHANNEL":               "matcher.tenant.events",
	"MULTI_TENANT_TIMEOUT":                     "30",
}

// fromElsewhere are read by libraries, or are another name of one in config.go.
var fromElsewhere = regexp.MustCompile(`^(OTEL_.*|MULTI_TENANT_CACHE_TTL_SEC)$`)

func TestConfigHoldsTheTenancyTable(t *testing.T) {
	settings := configOf(t)
	for name, want := range tenancy {
		got, ok := settings[name]
		if !ok {
			t.Errorf("%s: no field for %s", configFile, name)
		} else if got != want {
			t.Errorf("%s: %s defaults to %q, not %q", configFile, name, got, want)
		}
	}
}

func TestEnvironmentExample(t *testing.T) {
	example := find(repository(t), ".env.example")
	require.NotNil(t, example)
	report(t, exampleFindings(exampleOf(example.text), configOf(t)))
}

func TestComposePassesTheSettings(t *testing.T) {
	compose := find(repository(t), "compose.yaml")
	require.NotNil(t, compose)
	passed, err := composeOf(compose.text)
	require.NoError(t, err)
	report(t, composeFindings(passed, configOf(t)))
}

// configOf reads names and defaults from the struct tags of config.go.
func configOf(t *testing.T) map[string]string {
	t.Helper()
	f := find(repository(t), configFile)
	require.NotNil(t, f, configFile)
	settings := settingsOf(f)
	require.NotEmpty(t, settings)
	return settings
}

// settingsOf walks the structs from those that no other struct of the file holds.
func settingsOf(f *file) map[string]string {
	structs, held := map[string]*ast.StructType{}, map[string]bool{}
	ast.Inspect(f.syntax, func(n ast.Node) bool {
		if spec, ok := n.(*ast.TypeSpec); ok {
			if s, ok := spec.Type.(*ast.StructType); ok {
				structs[spec.Name.Name] = s
			}
		}
		return true
	})
	for _, s := range structs {
		for _, field := range s.Fields.List {
			held[typeName(field.Type)] = true
		}
	}
	settings := map[string]string{}
	for name, s := range structs {
		if !held[name] {
			addSettings(settings, structs, s, "")
		}
	}
	return settings
}

func addSettings(settings map[string]string, structs map[string]*ast.StructType, s *ast.StructType, prefix string) {
	for _, field := range s.Fields.List {
		tag := tagOfField(field)
		if inner := structs[typeName(field.Type)]; inner != nil {
			addSettings(settings, structs, inner, prefix+tag.Get("envPrefix"))
			continue
		}
		if name, _, _ := strings.Cut(tag.Get("env"), ","); name != "" && name != "-" {
			settings[prefix+name] = tag.Get("envDefault")
		}
	}
}

func tagOfField(field *ast.Field) reflect.StructTag {
	if field.Tag == nil {
		return ""
	}
	text, err := strconv.Unquote(field.Tag.Value)
	if err != nil {
		return ""
	}
	return reflect.StructTag(text)
}

func typeName(e ast.Expr) string {
	if star, ok := e.(*ast.StarExpr); ok {
		e = star.X
	}
	if id, ok := e.(*ast.Ident); ok {
		return id.Name
	}
	return ""
}

// listed is a variable of .env.example: set, or shown behind a comment sign.
type listed struct {
	value string
	set   bool
}

var exampleLine = regexp.MustCompile(`(?m)^(# ?)?([A-Z][A-Z0-9_]+)=(.*)$`)

func exampleOf(text string) map[string]listed {
	example := map[string]listed{}
	for _, m := range exampleLine.FindAllStringSubmatch(text, -1) {
		example[m[2]] = listed{value: strings.TrimSpace(m[3]), set: m[1] == ""}
	}
	return example
}

// exampleFindings: the file lists every setting, none that is not one, and copying it changes nothing.
func exampleFindings(example map[string]listed, settings map[string]string) (findings []string) {
	for name := range settings {
		if _, ok := example[name]; !ok {
			findings = append(findings, ".env.example: does not list "+name)
		}
	}
	for name, entry := range example {
		want, ok := settings[name]
		switch {
		case fromElsewhere.MatchString(name):
		case !ok:
			findings = append(findings, ".env.example: nothing reads "+name)
		case entry.set && entry.value != want:
			findings = append(findings, ".env.example: "+name+" is "+strconv.Quote(entry.value)+", by default "+strconv.Quote(want))
		}
	}
	return findings
}

type composeFile struct {
	Services map[string]struct {
		Environment map[string]string `yaml:"environment"`
	} `yaml:"services"`
}

func composeOf(text string) (map[string]string, error) {
	var compose composeFile
	if err := yaml.Unmarshal([]byte(text), &compose); err != nil {
		return nil, err
	}
	return compose.Services["matcher"].Environment, nil
}

// composeFindings: the container hands on every tenancy variable, with its own default, and sets
// nothing that nobody reads.
func composeFindings(passed, settings map[string]string) (findings []string) {
	for _, name := range slices.Sorted(maps.Keys(tenancy)) {
		value, ok := passed[name]
		if !ok {
			findings = append(findings, "compose.yaml: matcher is not passed "+name)
			continue
		}
		// `-` keeps a value set to empty, `:-` would replace it: empty turns some of them off.
		if want := "${" + name + "-" + tenancy[name] + "}"; value != want && tenancy[name] == settings[name] {
			findings = append(findings, "compose.yaml: "+name+" is "+value+", not "+want)
		}
	}
	for name := range passed {
		if _, ok := settings[name]; !ok && !fromElsewhere.MatchString(name) {
			findings = append(findings, "compose.yaml: nothing reads "+name)
		}
	}
	return findings
}
