package mapping

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"

	"matcher/internal/predicate"
	"matcher/internal/recon"
)

// asides finds the rows of a file that are no movement of money: balances, totals, and what skip leaves out. They are
// counted and listed, and in no sum.
type asides struct {
	first    int                  // rows below the header that are skipped
	where    *predicate.Predicate // nil: none is
	account  *source              // nil: rows of every account are read
	is       string
	texts    []int    // columns in which a label may be
	money    []int    // columns of the amount
	date     []int    // columns of the booking date, then of the one that pending rows have
	usual    []int    // columns that nearly every row of the sample fills
	isMoney  []string // texts that look like labels and are none
	balances []string // texts that are labels

	learned bool // the sample has been read, so what it left open was asked

	rows sync.Pool // of *predicate.Row
}

// usualPercent is how many rows of the sample fill a column that a movement has.
const usualPercent = 90

func compileAside(fields recon.FieldMap, header []string) (*asides, []recon.FieldError) {
	a := &asides{isMoney: foldAll(fields.Money), balances: foldAll(fields.Balances)}
	var problems []recon.FieldError
	noText := map[int]bool{}
	for name, field := range fields.Fields {
		columns := slices.Concat(field.Columns, field.Add, field.Subtract)
		for column := range field.Each {
			columns = append(columns, column)
		}
		for _, column := range columns {
			at := columnAt(header, column)
			switch name {
			case recon.FieldAmount, recon.FieldDebit, recon.FieldCredit:
				a.money = append(a.money, at)
			case recon.FieldDate:
				if a.date = append(a.date, at); field.Else != "" {
					a.date = append(a.date, columnAt(header, field.Else))
				}
			case recon.FieldCurrency, recon.FieldBalance:
			default:
				continue
			}
			noText[at] = true
		}
	}
	for at := range header {
		if !noText[at] {
			a.texts = append(a.texts, at)
		}
	}
	if skip := fields.Skip; skip != nil {
		a.first = skip.First
		if skip.Where != "" {
			where, err := predicate.Compile(skip.Where)
			if err == nil && slices.ContainsFunc(where.Fields,
				func(f string) bool { return !strings.HasPrefix(f, recon.MetadataPrefix) }) {
				err = fmt.Errorf(`reads the file's own columns, as metadata.Type or metadata["Row type"]`)
			}
			if err != nil {
				problems = append(problems, recon.FieldError{
					Pointer: "/skip/where", Code: recon.CodeInvalidValue,
					Message: err.Error(),
				})
			}
			a.where = where
		}
	}
	a.is = fields.Fields[recon.FieldAccount].Is
	return a, problems
}

// learn finds the columns that a movement fills, on the rows of the sample that name no balance or total.
func (a *asides) learn(header []string, sample []recon.Record) {
	filled, moved := make([]int, len(header)), 0
	for _, rec := range sample {
		if _, kind := a.label(rec); kind != "" {
			continue
		}
		moved++
		for at := range header {
			if fills(rec, at) {
				filled[at]++
			}
		}
	}
	a.usual = nil
	for at, n := range filled {
		if n > 0 && n*100 >= moved*usualPercent {
			a.usual = append(a.usual, at)
		}
	}
}

// label is a text of a row that names a balance or a total.
type label struct {
	text, kind string
	// the row has all that a movement has, and neither a map nor the sample shows what it is
	open bool
}

// reason returns why a row is no movement of money, "" where it is one. A row that has all that a movement has and
// names a balance is a question in the sample, and open after it.
func (a *asides) reason(rec recon.Record) (string, label) {
	switch {
	case a.first > 0 && rec.Row <= a.first:
		return "is among the first " + strconv.Itoa(a.first) + " rows, which skip leaves out", label{}
	case a.where != nil && a.holds(rec):
		return "is left out by the map: skip.where holds for it", label{}
	case a.account != nil && a.is != "" && a.account.text(rec) != a.is:
		return "is of account " + strconv.Quote(a.account.text(rec)) + ": only " + strconv.Quote(a.is) + " is read",
			label{}
	}
	noMoney, noDate := a.empty(rec, a.money), a.empty(rec, a.date)
	text, kind := a.label(rec)
	if kind == "" && noDate && !noMoney {
		text, kind = a.firstWordLabel(rec)
	}
	switch {
	case noMoney && noDate && kind == "":
		return "has neither a date nor an amount", label{}
	case kind == "":
		return "", label{}
	case slices.Contains(a.balances, foldWord(text)), noMoney, noDate, kind == labelBalance && len(a.balances) > 0,
		a.missing(rec):
		return strconv.Quote(text) + " names a " + kind + ", not a movement of money", label{text: text, kind: kind}
	}
	return "", label{text, kind, a.learned && kind == labelBalance}
}

// missing reports whether a row lacks what nearly every row has.
func (a *asides) missing(rec recon.Record) bool {
	return slices.ContainsFunc(a.usual, func(at int) bool { return !fills(rec, at) })
}

// empty reports whether a row fills none of the columns that a field has.
func (a *asides) empty(rec recon.Record, columns []int) bool {
	if len(columns) == 0 {
		return false // it is a constant
	}
	for _, at := range columns {
		if at >= 0 && fills(rec, at) {
			return false
		}
	}
	return true
}

// label returns the first text of a row that names a balance or a total.
func (a *asides) label(rec recon.Record) (text, kind string) {
	for _, at := range a.texts {
		text := column(rec, at)
		if len(text) < 3 || len(text) > labelBytesMax {
			continue
		}
		if kind = labelOf(text); kind != "" && !slices.Contains(a.isMoney, foldWord(text)) {
			return text, kind
		}
		if len(a.balances) > 0 && slices.Contains(a.balances, foldWord(text)) {
			return text, labelBalance
		}
	}
	return "", ""
}

// firstWordLabel returns the first text of a row that begins with a word for a total. Only a row without a date is one
// by that alone.
func (a *asides) firstWordLabel(rec recon.Record) (text, kind string) {
	for _, at := range a.texts {
		text := column(rec, at)
		first, _, more := strings.Cut(text, " ")
		if more && len(text) <= labelBytesMax && labelOf(first) != "" && !slices.Contains(a.isMoney, foldWord(text)) {
			return text, labelTotal
		}
	}
	return "", ""
}

// holds evaluates skip.where on the columns of a row.
func (a *asides) holds(rec recon.Record) bool {
	tx := recon.Transaction{Metadata: make([]recon.Attribute, 0, len(rec.Fields))}
	for at, name := range rec.Header {
		tx.Metadata = append(tx.Metadata, recon.Attribute{Name: name, Value: column(rec, at)})
	}
	slices.SortFunc(tx.Metadata, func(x, y recon.Attribute) int { return strings.Compare(x.Name, y.Name) })
	row, _ := a.rows.Get().(*predicate.Row)
	if row == nil {
		row = &predicate.Row{}
	}
	row.Set(&tx)
	defer a.rows.Put(row)
	return a.where.Holds(row)
}

func foldAll(texts []string) []string {
	folded := make([]string, len(texts))
	for i, text := range texts {
		folded[i] = foldWord(text)
	}
	return folded
}
