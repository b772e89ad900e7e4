package mapping

import (
	"cmp"
	"embed"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"
	"sync"

	"matcher/internal/recon"
	"matcher/internal/setup"
)

// Export is a known export: a file that banks, processors, marketplaces or ledgers write, known by its columns.
type Export struct {
	Name string
	setup.Export
}

// NoExport is what Hints.As is where files are read as if no export were known.
const NoExport = "none"

//go:embed exports/*.yaml
var exportFiles embed.FS

// Exports returns the known exports, by name.
var Exports = sync.OnceValue(func() []Export {
	paths, err := fs.Glob(exportFiles, "exports/*.yaml")
	if err != nil {
		panic(err)
	}
	exports := make([]Export, len(paths))
	for i, file := range paths {
		text, err := exportFiles.ReadFile(file)
		if err != nil {
			panic(err)
		}
		e, faults := setup.DecodeExport(text)
		if len(faults) > 0 {
			panic("known export " + file + ": " + faults[0].String())
		}
		exports[i] = Export{strings.TrimSuffix(path.Base(file), ".yaml"), e}
	}
	return exports
})

// ExportNamed returns the known export of a name.
func ExportNamed(name string) (*Export, error) {
	exports := Exports()
	names := make([]string, len(exports))
	for i := range exports {
		if names[i] = exports[i].Name; names[i] == name {
			return &exports[i], nil
		}
	}
	hint := "`matcher exports` lists them, and " + NoExport + " turns them off"
	if near := recon.Suggest(name, names); near != "" {
		hint = fmt.Sprintf("did you mean %q? %s", near, hint)
	}
	return nil, recon.Unprocessable(recon.CodeFieldMapInvalid,
		fmt.Sprintf("there is no known export %q: %s", name, hint))
}

// How much of a header shows an export.
const (
	appendedMin = 6  // columns of a header that is known with further columns behind it
	nearMin     = 8  // columns of a header that is missed where few of them are not there
	nearPercent = 80 // of them
)

var nameless = regexp.MustCompile(`^column [0-9]+$`)

// columnSet is the named columns of a header, comparable: of several of one name, the second is "name (2)".
func columnSet(header []string) map[string]bool {
	set := make(map[string]bool, len(header))
	for _, name := range header {
		name = strings.ToLower(strings.Trim(name, "\ufeff \t"))
		again := name
		for n := 2; set[again]; n++ {
			again = fmt.Sprintf("%s (%d)", name, n)
		}
		if name != "" && !nameless.MatchString(name) {
			set[again] = true
		}
	}
	return set
}

// naming lists, by the name of a column, the known exports that have it in their header, and those that need it.
var naming = sync.OnceValue(func() [2]map[string][]int {
	lists := [2]map[string][]int{{}, {}}
	for i := range Exports() {
		for part, names := range [][]string{Exports()[i].Header, Exports()[i].Needs} {
			for _, name := range names {
				name = strings.ToLower(strings.TrimSpace(name))
				lists[part][name] = append(lists[part][name], i)
			}
		}
	}
	return lists
})

// recognise returns the known export that a header fits, nil where there is none or none fits best, and the one that it
// nearly fits.
func recognise(header []string) (best, near *Export) {
	columns := columnSet(header)
	found := [2]map[int]int{{}, {}}
	for name := range columns {
		for part := range found {
			for _, i := range naming()[part][name] {
				found[part][i]++
			}
		}
	}
	most, alone, closest := 0, false, 0
	for _, i := range slices.Sorted(maps.Keys(found[0])) {
		e, n, fit := &Exports()[i], found[0][i], 0
		switch {
		case n == len(e.Header) && (n == len(columns) || n >= appendedMin):
			fit = n
		case len(e.Needs) > 0 && found[1][i] == len(e.Needs):
			fit = len(e.Needs)
		case len(e.Header) >= nearMin && n*100 >= len(e.Header)*nearPercent && n > closest:
			near, closest = e, n
		}
		if alone = fit != most && alone || fit > most; fit > most {
			best, most = e, fit
		}
	}
	if !alone {
		return nil, near
	}
	return best, nil
}

// lacks lists the columns of an export that a header has not.
func (e *Export) lacks(header []string) []string {
	columns := columnSet(header)
	return slices.DeleteFunc(slices.Clone(e.Header), func(name string) bool {
		return columns[strings.ToLower(strings.TrimSpace(name))]
	})
}

// mapFor is the map of an export for a file that may lack columns which people can leave out.
func (e *Export) mapFor(header []string) recon.FieldMap {
	fields := e.Map
	fields.Fields = maps.Clone(e.Map.Fields)
	if len(e.Needs) > 0 {
		maps.DeleteFunc(fields.Fields, func(_ string, f recon.MapField) bool {
			return slices.ContainsFunc(f.Names(), func(name string) bool {
				return columnAt(header, name) < 0 && !slices.Contains(e.Needs, name)
			})
		})
	}
	return fields
}

// known finds the export that the file is, by its columns or as the caller states, and the one that it nearly is.
func (r *Reader) known() (e, near *Export, err error) {
	switch {
	case r.hints.As == NoExport, r.hints.As == "" && r.hints.Map != nil:
		return nil, nil, nil
	case r.hints.As == "":
		e, near = recognise(r.file.Header())
		return e, near, nil
	}
	e, err = ExportNamed(r.hints.As)
	return e, nil, err
}

// byExport reads the file as a known export. Where its rows contradict that and detection alone reads more of them,
// it is read by detection, with a note.
func (r *Reader) byExport(e *Export) error {
	given := e.mapFor(r.file.Header())
	currency := given.Fields[recon.FieldCurrency]
	usual := currency.Constant != "" // in most files
	if usual {
		currency.Constant = cmp.Or(r.hints.Currency, currency.Constant)
		given.Fields[recon.FieldCurrency] = currency
	}
	if usual && r.addsCurrency(e) {
		delete(given.Fields, recon.FieldCurrency)
	}
	r.export, r.how = e, "known export: "+e.Name
	if r.hints.Map != nil {
		given = given.With(*r.hints.Map)
	}
	err := r.detect(given)
	if usual && !r.fields.Has(recon.FieldCurrency) {
		r.setField(recon.FieldCurrency, currency)
	}
	r.Detection.Export = e.Name
	if len(r.sample) == 0 {
		return err
	}
	account := given.Fields[recon.FieldAccount]
	if at := columnAt(r.file.Header(), firstColumn(account)); at >= 0 && account.Is == "" && err == nil {
		if n := distinct(r.detector.values(at)); n > 1 {
			r.Detection.Notes = append(r.Detection.Notes, fmt.Sprintf("column %s holds %d accounts, and the rows of "+
				"all are read: account: {column: %[1]q, is: …} in a map reads one", account.Columns[0], n))
		}
	}
	if r.hints.As != "" {
		return err
	}
	refused, against, _ := r.refusals(err)
	if refused == 0 {
		if against = r.contradiction(); against == "" {
			return nil
		}
	}
	before := *r
	r.export, r.how = nil, ""
	errAlone := r.detect(recon.FieldMap{})
	if alone, _, _ := r.refusals(errAlone); refused > 0 && alone >= refused {
		*r = before
		return err
	}
	r.Detection.Notes = append(r.Detection.Notes, fmt.Sprintf("the columns are those of the known export %s, but %s: "+
		"it is read by what is in it (--as %s reads it as that export)", e.Name, against, e.Name))
	return errAlone
}

// addsCurrency reports whether a file has a column of currency codes that is none of the export's own.
func (r *Reader) addsCurrency(e *Export) bool {
	for at, name := range r.file.Header() {
		var values []string
		for _, rec := range r.sample {
			if text := column(rec, at); text != "" && !isBlank(text) {
				values = append(values, text)
			}
		}
		if share(values, 90, isCode) && !slices.ContainsFunc(slices.Concat(e.Header, e.Needs), func(own string) bool {
			return strings.EqualFold(strings.TrimSpace(own), name)
		}) {
			return true
		}
	}
	return false
}

// refusals counts the rows of the sample that are refused as the file is read now, with the reason of the first, and
// returns the booked ones. More than one in a hundred count, and every row where nothing can be read; where a question
// is open, its answer may take them.
func (r *Reader) refusals(err error) (refused int, first string, booked []movement) {
	if err != nil {
		return len(r.sample), strings.ReplaceAll(err.Error(), "\n", " "), nil
	}
	m, problems := Compile(r.fields, r.file.Header())
	if len(problems) > 0 || len(r.Detection.Questions) > 0 {
		return 0, "", nil
	}
	m.aside.learn(r.file.Header(), r.sample)
	for _, rec := range r.sample {
		tx, wrong := m.Map(rec)
		switch {
		case len(wrong) == 0 && tx.BookingStatus != recon.Pending:
			booked = append(booked, m.movement(rec, &tx))
		case len(wrong) > 0 && wrong[0].Code != recon.CodeSetAside:
			if refused++; first == "" {
				first = fmt.Sprintf("line %d: %s", rec.Line, wrong[0].Reason)
			}
		}
	}
	if refused*100 <= len(r.sample) {
		refused = 0
	}
	return refused, first, booked
}

// contradiction returns how the running balance speaks against what an export states, "" where it does not.
func (r *Reader) contradiction() string {
	given := &r.detector.given
	if r.fields.Negate != (given.Negate != (given.View == recon.ViewBooks)) {
		return "the running balance shows the opposite signs"
	}
	amount := recon.FieldAmount
	if !slices.Equal(r.fields.Fields[amount].Names(), given.Fields[amount].Names()) {
		return "the running balance shows other amounts"
	}
	_, _, rows := r.refusals(nil)
	p := proveBalance(rows)
	if given.Has(recon.FieldBalance) && p != nil && p.moves >= balanceTransitionsMin &&
		(!p.proves() || p.signs[""] < 0) {
		return "the running balance does not follow from its amounts"
	}
	return ""
}

// movement is a row that was read, as a running balance sees it.
func (m *Mapper) movement(rec recon.Record, tx *recon.Transaction) movement {
	row := movement{line: rec.Line, amount: tx.Amount, moved: true, at: tx.Time}
	if row.at.IsZero() {
		row.at = tx.Date.Time()
	}
	if m.balance == nil {
		return row
	}
	standing := m.standingOf(rec, tx.Currency)
	row.account, row.balance = tx.Currency+"|"+standing.key.account, standing.balance
	return row
}
