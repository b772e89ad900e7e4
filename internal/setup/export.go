package setup

import (
	"reflect"
	"strings"

	"matcher/internal/recon"
)

// Export is what is known of the files that a bank, a processor, a marketplace or a ledger writes.
type Export struct {
	Owner  string
	Kind   string
	Header []string       // the names of its columns
	Needs  []string       // those that suffice, where people choose the columns
	Match  []string       // columns whose texts the other side may have
	Map    recon.FieldMap // what is a fact of every such file; the rest is found
}

// DecodeExport reads a known export as strictly as Decode reads a setup.
func DecodeExport(data []byte) (export Export, faults []recon.FieldError) {
	root, faults := parseDocument(data)
	if faults != nil {
		return export, faults
	}
	d := decoder{}
	lists := map[string]*[]string{"header": &export.Header, "needs": &export.Needs, "match": &export.Match}
	d.members(root, "", []string{"owner", "kind", "header", "needs", "match", "map"},
		func(name string, n *node, at string) {
			switch name {
			case "owner":
				d.text(n, at, &export.Owner)
			case "kind":
				d.text(n, at, &export.Kind)
			case "map":
				export.Map = d.fieldMap(n, at)
			default:
				d.decode(n, reflect.ValueOf(lists[name]).Elem(), at)
			}
		})
	for name, missing := range map[string]bool{
		"owner": export.Owner == "", "kind": export.Kind == "", "header": len(export.Header) == 0,
		"map": len(export.Map.Fields) == 0,
	} {
		if missing {
			d.refuse(root, "/"+name, recon.CodeMissingValue, strings.ToUpper(name[:1])+name[1:]+" is missing")
		}
	}
	return export, d.errs
}
