package mapping

import (
	"encoding/json"
	"strings"

	"go.yaml.in/yaml/v3"

	"matcher/internal/recon"
)

// mapBytesMax bounds a map file: the largest sensible one is a few kilobytes.
const mapBytesMax = 256 << 10

// ParseFieldMap reads a map file, YAML or JSON. Its errors are *recon.Error with a pointer for each bad key.
func ParseFieldMap(data []byte) (recon.FieldMap, error) {
	if len(data) > mapBytesMax {
		return recon.FieldMap{}, recon.TooLarge("FIELD_MAP_TOO_LARGE", "a field map has at most %d kB", mapBytesMax>>10)
	}
	var tree any
	if err := yaml.Unmarshal(data, &tree); err != nil {
		return recon.FieldMap{}, recon.Unprocessable("FIELD_MAP_INVALID", "the field map is neither YAML nor JSON: "+strings.TrimPrefix(err.Error(), "yaml: "))
	}
	text, err := json.Marshal(tree)
	if err != nil {
		return recon.FieldMap{}, recon.Unprocessable("FIELD_MAP_INVALID", "the keys of a field map are texts")
	}
	fields, problems := recon.DecodeFieldMap(text)
	if len(problems) > 0 {
		return recon.FieldMap{}, recon.Unprocessable("FIELD_MAP_INVALID", "this field map cannot work", problems...)
	}
	return fields, nil
}
