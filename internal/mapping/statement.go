package mapping

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"matcher/internal/format"
	"matcher/internal/recon"
)

// accountsMax is how many accounts of one file a question lists.
const accountsMax = 10

// askAccount asks which account is read where the rows of a statement file are of several: one source is one account.
// It pins the only one, so that rows of another account further down are set aside by name.
func (r *Reader) askAccount() {
	field, mapped := r.fields.Fields[recon.FieldAccount]
	if !mapped || field.Is != "" || len(field.Columns) == 0 {
		return
	}
	at := columnAt(r.file.Header(), field.Columns[0])
	rows := map[string]int{}
	var accounts []string
	for i := range r.sample {
		account := strings.TrimSpace(r.sample[i].Fields[at])
		if rows[account]++; rows[account] == 1 {
			accounts = append(accounts, account)
		}
	}
	if len(accounts) > 1 && r.hints.Account != "" {
		only := []string{r.hints.Account} // of no row: all are set aside
		for _, account := range accounts {
			if recon.SameAccount(account, r.hints.Account) {
				only[0] = account
			}
		}
		accounts = only
	}
	switch {
	case len(accounts) == 1 && accounts[0] != "":
		field.Is = accounts[0]
		r.fields = r.fields.With(recon.FieldMap{Fields: map[string]recon.MapField{recon.FieldAccount: field}})
	case len(accounts) > 1:
		slices.SortStableFunc(accounts, func(a, b string) int { return -cmp.Compare(rows[a], rows[b]) })
		var answers [][2]string
		for _, account := range accounts[:min(len(accounts), accountsMax)] {
			answers = append(answers, [2]string{
				fmt.Sprintf("read account %s (%s)", account, rowsText(rows[account])),
				fmt.Sprintf("account: {column: %s, is: %s}", strconv.Quote(field.Columns[0]), strconv.Quote(account)),
			})
		}
		r.Detection.Questions = append(r.Detection.Questions, newQuestion("account", fmt.Sprintf(
			"the file holds %d accounts, and a source is one of them: which?", len(accounts)), answers))
	}
	r.askDetails()
}

// askDetails asks about entries whose details add up to another amount, unless the balances prove the entries: then
// they are a note of their statement.
func (r *Reader) askDetails() {
	at := columnAt(r.file.Header(), format.NoteColumn)
	if at < 0 || r.patch.Has(recon.FieldAmount) || r.patch.Skip != nil {
		return
	}
	rows, first := 0, 0
	for i := range r.sample {
		if strings.Contains(r.sample[i].Fields[at], format.DetailsDiffer) {
			rows++
			first = cmp.Or(first, r.sample[i].Line)
		}
	}
	proved := !slices.ContainsFunc(r.StatementsRead(), func(s format.Statement) bool { return !s.Proved })
	if rows == 0 || proved && len(r.sample) < SampleRows {
		return
	}
	r.Detection.Questions = append(r.Detection.Questions, newQuestion("details", fmt.Sprintf("the details of %s (the "+
		"first on line %d) add up to another amount than the entry, and no charges explain it: does the entry count?",
		rowsText(rows), first), [][2]string{
		{"yes, as one row of its own amount", "amount: amount"},
		{"no, leave them out", "skip: {where: '" + strconv.Quote(format.NoteColumn) + " in metadata && metadata." +
			format.NoteColumn + ".contains(" + strconv.Quote(format.DetailsDiffer) + ")'}"},
	}))
}

// noteAccounts notes a column that is named like the account of each row and holds several of them: no row is left out
// for its account unless a map names one.
func (d *detector) noteAccounts() {
	for at := range d.header {
		if d.taken[at] || !slices.Contains(synonyms[recon.FieldAccount], strings.Join(d.words[at], " ")) {
			continue
		}
		var accounts []string
		for _, account := range d.values(at) {
			if quoted := strconv.Quote(account); labelOf(account) == "" && !slices.Contains(accounts, quoted) {
				accounts = append(accounts, quoted)
			}
			if len(accounts) > accountsMax {
				break
			}
		}
		if len(accounts) > 1 && len(accounts) <= accountsMax {
			d.note("column %s holds several accounts (%s), and the rows of all are read: account: {column: %[1]q, "+
				"is: …} in a map reads one", d.header[at], strings.Join(accounts, ", "))
		}
	}
}

// statementNotesMax is how many notes one file has about its statements.
const statementNotesMax = 50

// statementsRead keeps what the statements of the file state of themselves, once all rows are read.
func (r *Reader) statementsRead() {
	var tied, unproved, shown int
	var why string // the first of those that are not proved are not
	for _, s := range r.StatementsRead() {
		name := recon.StatementName(s.Number, s.Account)
		for _, text := range slices.Concat(s.Faults, s.Notes) {
			if shown++; shown <= statementNotesMax {
				r.Detection.Notes = append(r.Detection.Notes, name+" "+text)
			}
		}
		switch {
		case s.Proved:
			tied++
			r.Detection.Proof = fmt.Sprintf("%s ties: %s", name, balanceLine(&s))
		case s.Unproved != "":
			unproved++
			why = cmp.Or(why, name+" is not proved: "+s.Unproved)
		}
	}
	if more := shown - statementNotesMax; more > 0 {
		r.Detection.Notes = append(r.Detection.Notes, fmt.Sprintf("and %d more about its statements", more))
	}
	if tied > 1 {
		r.Detection.Proof = fmt.Sprintf("%d statements tie, the last one: %s", tied, r.Detection.Proof)
	}
	if unproved > 1 {
		why = fmt.Sprintf("%d statements are not proved, the first one: %s", unproved, why)
	}
	if unproved > 0 {
		r.Detection.Notes = append(r.Detection.Notes, why)
	}
}

// balanceLine writes the sum that a statement proves.
func balanceLine(s *format.Statement) string {
	digits := recon.CurrencyScale(s.Currency)
	return fmt.Sprintf("opening %s and movements of %s (%s) make the closing %s %s", s.Opening.Amount.Decimal(digits),
		s.Moved.Decimal(digits), rowsText(s.Entries), s.Closing.Amount.Decimal(digits), s.Currency)
}
