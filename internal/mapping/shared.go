package mapping

import (
	"fmt"
	"maps"
	"slices"

	"matcher/internal/recon"
)

// How much rows with a common reference must show before they decide anything.
const (
	turnPairsMin      = 10 // opposite pairs that turn a whole file
	turnPercentMin    = 99
	doubtPercentMin   = 90 // below it the two files just differ
	doubtPairsMin     = 2
	wordPairsMin      = 3  // pairs that give the words of a column their signs, all of them agreeing
	unitPairsMin      = 2  // pairs that make a factor of the amounts a question, being more than half of all
	referencePercent  = 20 // of the sample share a text with the other side: then the column is its reference
	sharedTextSizeMin = 3  // of a text that makes a column the reference: shorter ones are shared by chance
)

// SignEvidence is what rows with a common reference show about the sign conventions of two sides.
type SignEvidence struct {
	Joined   int        // pairs of rows with an amount on both sides
	Opposite int        // of them with opposite signs
	Side     recon.Side // whose signs to invert if they are opposite
	Inverted bool       // they were
	Lines    []int      // of rows that disagree, where the rest turned the file
}

// Suspect reports whether the signs of nearly all joined rows differ, however few they are: enough to ask, not to act.
func (e SignEvidence) Suspect() bool {
	return e.Opposite > 0 && e.Opposite*100 >= e.Joined*doubtPercentMin
}

// Known is a row of the other side that files may share a reference with.
type Known struct {
	Reference string
	ID        string
	Amount    recon.Minor
	Currency  string
}

// Settle compares the two sides where one can show what the other leaves open: the reference column, the way of
// unsigned amounts, fees, units, signs and currencies. It returns what the signs show.
func Settle(left, right []*Reader) (e SignEvidence, err error) {
	err = settleAll(slices.Concat(left, right), func() { e = settleOnce(left, right) })
	for _, side := range [][]*Reader{left, right} {
		if err == nil {
			err = answeredNothing(side)
		}
	}
	return e, err
}

// settleAll compares files until no question is open that the caller has answered. An answer may show what another file
// leaves open, so each round begins with what every file is by itself.
func settleAll(files []*Reader, compare func()) error {
	for range answersMax {
		compare()
		again := false
		for _, r := range files {
			answered, err := r.answer()
			if err != nil {
				return err
			}
			again = again || answered
		}
		if !again {
			return nil
		}
		for _, r := range files {
			if err := r.begin(); err != nil {
				return err
			}
		}
	}
	return recon.Unprocessable(recon.CodeReadingQuestion, "the answers given raise ever more questions")
}

func settleOnce(left, right []*Reader) SignEvidence {
	ShareCurrency(left, right)
	knownLeft, knownRight := sampleRows(left), sampleRows(right)
	if findReferences(right, knownLeft) || findReferences(left, knownRight) {
		knownLeft, knownRight = sampleRows(left), sampleRows(right)
	}
	for _, r := range right {
		r.settleBy(knownLeft)
	}
	for _, r := range left {
		r.settleBy(knownRight)
	}
	e := alignSigns(left, right)
	for _, r := range slices.Concat(left, right) {
		r.askUnit()
		r.finish()
	}
	return e
}

// OtherSide is what is known from before of the side across.
type OtherSide struct {
	Rows       []Known
	Proved     bool // balances show its signs
	Convention bool // columns of debit and credit gave its signs
}

// SettleWith is Settle for one file, with rows of the other side that are known from before.
func (r *Reader) SettleWith(other OtherSide) error {
	err := settleAll([]*Reader{r}, func() {
		r.settleBy(other.Rows)
		r.alignWith(other)
		r.askUnit()
		r.finish()
	})
	if err == nil {
		err = answeredNothing([]*Reader{r})
	}
	return err
}

// sampleRows are the rows that the files of a side show the other one: without amounts where their own signs are open.
func sampleRows(side []*Reader) []Known {
	var rows []Known
	for _, r := range side {
		open := r.Detection.open != nil || r.Detection.openCard != ""
		for _, record := range r.sample {
			tx, wrong := r.mapper.Map(record)
			if len(wrong) > 0 {
				continue
			}
			if open {
				tx.Amount = 0
			}
			rows = append(rows, Known{
				Reference: tx.Reference, ID: tx.ExternalID, Amount: tx.Amount, Currency: tx.Currency,
			})
		}
	}
	return rows
}

// findReferences lets the texts of the other side show the reference of files, and reports whether one is found.
func findReferences(side []*Reader, known []Known) (found bool) {
	index := uniqueTexts(known)
	for _, r := range side {
		found = r.detector != nil && r.sample != nil && r.findReference(index) || found
	}
	return found
}

// settleBy lets the rows of the other side show what the file leaves open.
func (r *Reader) settleBy(known []Known) {
	if r.sample == nil || r.detector == nil {
		return
	}
	index := uniqueTexts(known)
	r.findReference(index)
	if r.Detection.open != nil {
		r.wordsBy(index)
	}
	if r.Detection.openFee != nil {
		r.feeBy(index)
	}
	if r.Detection.openNet != nil {
		r.netBy(index)
	}
	if r.Detection.openCard != "" {
		r.cardBy(index)
	}
	r.factorBy(index)
}

// uniqueTexts are the rows by the reference or id that only they have.
func uniqueTexts(known []Known) map[string]*Known {
	index := map[string]*Known{}
	for i := range known {
		for _, text := range []string{known[i].Reference, known[i].ID} {
			if text == "" {
				continue
			}
			if before, twice := index[text]; twice && before != &known[i] {
				index[text] = nil
				continue
			}
			index[text] = &known[i]
		}
	}
	return index
}

// findReference takes the column whose texts the other side knows, where that is another one than the names suggest,
// and reports whether it does.
func (r *Reader) findReference(index map[string]*Known) bool {
	d := r.detector
	if d.given.Has(recon.FieldReference) || len(index) == 0 {
		return false
	}
	shared := func(at int) int {
		n := 0
		for _, rec := range r.sample {
			if _, known := index[column(rec, at)]; known && len(column(rec, at)) >= sharedTextSizeMin {
				n++
			}
		}
		return n
	}
	at, now := -1, 0
	if field := r.fields.Fields[recon.FieldReference]; len(field.Columns) == 1 && len(field.Transforms) == 0 {
		at = columnAt(d.header, field.Columns[0])
		now = shared(at)
	} else if len(field.Columns) > 0 {
		return false
	}
	best, most := at, now
	for other := range d.header {
		if n := shared(other); n > most {
			best, most = other, n
		}
	}
	if best == at || most*100 < len(r.sample)*referencePercent || most < 2 || most < now*2 {
		return false
	}
	d.taken[best] = true
	r.setField(recon.FieldReference, recon.Column(d.header[best]))
	r.Detection.choose(recon.FieldReference, []string{d.header[best]},
		fmt.Sprintf("the other side has its text on %d of %d rows", most, len(r.sample)), Proved)
	return true
}

// setField changes one field of the reading.
func (r *Reader) setField(name string, field recon.MapField) {
	fields := make(map[string]recon.MapField, len(r.fields.Fields)+1)
	maps.Copy(fields, r.fields.Fields)
	fields[name] = field
	r.fields.Fields = fields
	_ = r.compile() // the columns are known, so it fits
}

// pair is a row of the sample and the one of the other side that has its reference.
type pair struct {
	text  string // the reference or id
	rec   recon.Record
	tx    recon.Transaction
	other *Known
}

func (r *Reader) pairs(index map[string]*Known) []pair {
	times := map[string]int{}
	var found []pair
	for _, rec := range r.sample {
		tx, wrong := r.mapper.Map(rec)
		if len(wrong) > 0 {
			continue
		}
		for _, text := range []string{tx.Reference, tx.ExternalID} {
			if other := index[text]; other != nil && other.Amount != 0 && tx.Amount != 0 {
				times[text]++
				found = append(found, pair{text, rec, tx, other})
				break
			}
		}
	}
	return slices.DeleteFunc(found, func(p pair) bool { return times[p.text] > 1 })
}

// wordsBy gives the words of a column the signs that rows with a common reference and the same money show, where all of
// them agree.
func (r *Reader) wordsBy(index map[string]*Known) {
	d, open := r.detector, r.Detection.open
	ways, joined := map[string]string{}, 0
	for _, p := range r.pairs(index) {
		if p.other.Amount != p.tx.Amount && p.other.Amount != -p.tx.Amount {
			continue
		}
		word, way := column(p.rec, open.at), recon.DirectionIn
		if p.other.Amount == -p.tx.Amount {
			way = recon.DirectionOut
		}
		if before := ways[word]; before != "" && before != way {
			return
		}
		ways[word] = way
		joined++
	}
	if joined < wordPairsMin {
		return
	}
	asWritten := true
	for _, word := range open.words {
		if ways[word] == "" {
			ways[word] = directionOf(word)
		}
		if ways[word] == "" {
			return
		}
		asWritten = asWritten && ways[word] == recon.DirectionIn
	}
	why := fmt.Sprintf("%d rows share a reference and an amount with the other side, and every word has one sign "+
		"there", joined)
	r.Detection.open = nil
	d.taken[open.at] = true
	if asWritten {
		r.Detection.Notes = append(r.Detection.Notes, fmt.Sprintf("the amounts of column %s are signed as they are: %s",
			d.header[open.at], why))
		return
	}
	r.setField(recon.FieldDirection, recon.MapField{Columns: []string{d.header[open.at]}, Values: ways})
	r.Detection.choose(recon.FieldDirection, []string{d.header[open.at]}, why, Proved)
	r.signStated = true
}

// feeBy decides whether fees are in the amounts by rows with a common reference.
func (r *Reader) feeBy(index map[string]*Known) {
	with, without := 0, 0
	for _, p := range r.pairs(index) {
		if !p.tx.Fee.Set || p.tx.Fee.Amount == 0 {
			continue
		}
		size := max(p.other.Amount, -p.other.Amount)
		switch size {
		case max(p.tx.Amount, -p.tx.Amount):
			with++
		case max(p.tx.Amount-p.tx.Fee.Amount, p.tx.Fee.Amount-p.tx.Amount):
			without++
		}
	}
	open := r.Detection.openFee
	switch {
	case with > 0 && without == 0:
		r.Detection.openFee = nil
	case without > 0 && with == 0:
		amount := r.fields.Fields[recon.FieldAmount]
		amount.Add, amount.Columns = amount.Columns, nil
		if r.fields.Fields[recon.FieldFee].Negate {
			amount.Add = append(slices.Clone(amount.Add), open.fee)
		} else {
			amount.Subtract = []string{open.fee}
		}
		r.setField(recon.FieldAmount, amount)
		r.Detection.openFee = nil
		r.Detection.choose(recon.FieldAmount, slices.Concat(amount.Add, amount.Subtract),
			fmt.Sprintf("%d rows of the other side have the amount less the fee", without), Proved)
		r.Detection.Choices[len(r.Detection.Choices)-1].Value = sumText(amount)
	}
}

// netBy decides which of two amounts moved by rows with a common reference, in whatever unit.
func (r *Reader) netBy(index map[string]*Known) {
	same := func(a, b recon.Minor) bool {
		a, b = max(a, -a), max(b, -b)
		for factor := recon.Minor(1); factor <= 1000; factor *= 10 {
			if a == b*factor {
				return true
			}
		}
		return false
	}
	open, first, second := r.Detection.openNet, 0, 0
	for _, p := range r.pairs(index) {
		net := p.tx.Net
		if open.gross {
			net = p.tx.Gross
		}
		if !net.Set || net.Amount == p.tx.Amount {
			continue
		}
		if same(p.tx.Amount, p.other.Amount) {
			first++
		}
		if same(net.Amount, p.other.Amount) {
			second++
		}
	}
	why := fmt.Sprintf("the other side has it on %d of %d rows that share a reference", max(first, second),
		first+second)
	switch {
	case first > 0 && second == 0:
		r.Detection.openNet = nil
		r.Detection.choose(recon.FieldAmount, []string{open.amount}, why, Proved)
	case second > 0 && first == 0:
		r.Detection.openNet = nil
		r.setField(recon.FieldAmount, recon.Column(open.net))
		r.Detection.choose(recon.FieldAmount, []string{open.net}, why, Proved)
	}
}

// factorBy counts rows with a common reference whose amounts differ by the same power of ten.
func (r *Reader) factorBy(index map[string]*Known) {
	if r.fields.Unit != "" {
		return
	}
	counts, joined, equal := map[recon.Minor]int{}, 0, 0
	for _, p := range r.pairs(index) {
		if p.tx.Currency != p.other.Currency && p.tx.Currency != recon.NoCurrency &&
			p.other.Currency != recon.NoCurrency {
			continue
		}
		mine, theirs := max(p.tx.Amount, -p.tx.Amount), max(p.other.Amount, -p.other.Amount)
		if joined++; mine == theirs {
			equal++
		}
		for factor := recon.Minor(10); factor <= 10_000; factor *= 10 {
			if theirs <= mine/factor+1 && theirs*factor == mine {
				counts[factor]++
			}
		}
	}
	if equal*2 > joined && equal >= unitPairsMin {
		r.Detection.openUnit = nil
	}
	for factor, n := range counts {
		if n*2 > joined && n >= unitPairsMin {
			r.Detection.factor, r.Detection.factorPairs = factor, n
		}
	}
}

// askUnit asks for the unit of amounts that are all the same power of ten above those of the other side.
func (r *Reader) askUnit() {
	factor, n := r.Detection.factor, r.Detection.factorPairs
	if factor == 0 {
		return
	}
	text := fmt.Sprintf("%d rows that share a reference with the other side have amounts exactly %d times as "+
		"large: are they "+
		"in minor units (cents)?", n, factor)
	r.Detection.Questions = append(r.Detection.Questions, newQuestion("unit", text, [][2]string{
		{"yes: they are divided", "unit: minor"},
		{"no: they are as they are", "unit: major"},
	}))
}
