package ingestion

import (
	"strings"

	"matcher/internal/format"
	"matcher/internal/mapping"
	"matcher/internal/recon"
)

// sampleRows is what detection looks at; the command line looks at as many, so that a file means the same to both.
const sampleRows = 1000

// mappedReader is a file whose notation and columns are understood.
type mappedReader struct {
	name      string
	rows      *format.Reader
	fields    recon.FieldMap
	mapper    *mapping.Mapper
	found     mapping.Detection
	detection string
}

// openMapped reads a file's beginning and settles what its columns mean: by the source's map, else by detection. A map
// without a date format or a decimal sign has them found, and the source's currency serves files that name none.
func openMapped(body *upload, file File, t target) (*mappedReader, error) {
	rows, err := format.Open(body, file.Name, file.options())
	if err != nil {
		return nil, err //nolint:wrapcheck // a sentence for the user
	}
	sample, err := rows.Peek(sampleRows)
	if err != nil {
		return nil, err //nolint:wrapcheck // a sentence for the user
	}
	given := recon.FieldMap{}
	if t.fields != nil {
		given = *t.fields
	}
	if given.TimeZone == "" {
		given.TimeZone = t.source.TimeZone
	}
	given.Negate = given.Negate || t.source.Negate
	fields, found, err := mapping.Detect(rows.Header(), sample, given)
	if err != nil {
		return nil, err //nolint:wrapcheck // a sentence for the user
	}
	if !fields.Has(recon.FieldCurrency) && t.source.Currency != "" {
		fields.Fields[recon.FieldCurrency] = recon.MapField{Constant: t.source.Currency}
	}
	mapper, problems := mapping.Compile(fields, rows.Header())
	if len(problems) > 0 {
		return nil, recon.Unprocessable("FIELD_MAP_UNFIT", "the field map does not fit this file", problems...)
	}
	return &mappedReader{
		name: storableName(file.Name), rows: rows, fields: fields, mapper: mapper, found: found,
		detection: strings.TrimSpace(rows.Found() + "; " + found.String()),
	}, nil
}

// storableName is a file's name as it is kept: text, and not too long.
func storableName(name string) string {
	name = storableText(name)
	if len(name) > fileNameMax {
		name = storableText(name[:fileNameMax])
	}
	return name
}
