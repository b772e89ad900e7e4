package mapping

import (
	"matcher/internal/recon"
	"matcher/internal/setup"
)

// mapBytesMax bounds a map file: the largest sensible one is a few kilobytes.
const mapBytesMax = 256 << 10

// ParseFieldMap reads a map file, YAML or JSON. Its errors are *recon.Error with a pointer for each bad key.
func ParseFieldMap(data []byte) (recon.FieldMap, error) {
	if len(data) > mapBytesMax {
		return recon.FieldMap{}, recon.TooLarge(recon.CodeFileTooLarge,
			"a field map has at most %d kB", mapBytesMax>>10)
	}
	fields, faults := setup.DecodeFieldMap(data)
	if len(faults) > 0 {
		return recon.FieldMap{}, recon.Unprocessable(recon.CodeFieldMapInvalid, "this field map cannot work", faults...)
	}
	return fields, nil
}
