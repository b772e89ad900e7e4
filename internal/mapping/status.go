package mapping

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"matcher/internal/recon"
)

// statusWordsMax is how many words a status column may hold.
const statusWordsMax = 20

// statusColumn takes the column that shows whether a row is booked, and asks what its unknown words mean. A column with
// a few known words is one: an unknown word in it is never booked by itself.
func (d *detector) statusColumn() {
	if d.out.Has(recon.FieldBookingStatus) {
		d.askStatus(columnAt(d.header, firstColumn(d.out.Fields[recon.FieldBookingStatus])))
		return
	}
	best := -1
	d.unknown = -1
	for at := range d.header {
		if d.taken[at] || best >= 0 || d.manyWords(at, statusWordsMax) {
			continue
		}
		words, _ := d.wordsIn(at)
		known, decisive := 0, false
		for _, word := range words {
			status := statusOf(word)
			if status != "" {
				known++
			}
			decisive = decisive || status == recon.Pending || status == recon.Void || status == undone
		}
		named := nameRank(d.words[at], recon.FieldBookingStatus) >= 0
		if named && known == 0 {
			d.unknownStatus(at, words)
			continue
		}
		switch {
		case known == 0:
		case named && known*2 >= len(words), known == len(words) && decisive && len(words) > 1:
			best = at
		case named:
			best = at
		}
	}
	why := "its values say booked, pending or no money"
	if best < 0 && d.unknown >= 0 {
		best, why = d.unknown, "named like a status, and what its words mean is open"
	}
	if best < 0 {
		return
	}
	d.use(recon.FieldBookingStatus, best, why, Named)
	d.askStatus(best)
}

// unknownStatus keeps a column that is named like a status and holds a few words of which none is known, or passes it
// over by name: texts and codes of regions are no status.
func (d *detector) unknownStatus(at int, words []string) {
	regions := slices.Contains(otherStates, strings.Join(d.words[at], " ")) ||
		!slices.ContainsFunc(words, func(word string) bool { return len(word) != 2 })
	few := len(words) <= 3 || len(words)*2 <= len(d.values(at))
	switch {
	case len(words) == 0:
	case d.unknown < 0 && few && !regions && !slices.ContainsFunc(words, isLongText):
		d.unknown = at
	default:
		d.passOver(at, "named like a status, and none of its words is known as one: its rows are read as booked")
	}
}

// otherStates are names of a status that mean as often a part of a country, or any remark.
var otherStates = []string{"state", "estado", "info"}

// isLongText reports whether a text is no word for a status: it is long, or holds a number.
func isLongText(text string) bool {
	return len(text) > 40 || strings.Count(text, " ") > 3 || len(text) > 2 && strings.ContainsAny(text, "0123456789@")
}

func firstColumn(f recon.MapField) string {
	if len(f.Columns) == 0 {
		return ""
	}
	return f.Columns[0]
}

// askStatus leaves open what the words of the status column mean that no list knows, or that mark a row which another
// one may have taken back.
func (d *detector) askStatus(at int) {
	if at < 0 {
		return
	}
	values := map[string]string{}
	for word, ours := range d.out.Fields[recon.FieldBookingStatus].Values {
		values[strings.ToUpper(word)] = ours
	}
	words, _ := d.wordsIn(at)
	for _, word := range words {
		if status := statusOf(cmp.Or(values[strings.ToUpper(word)], word)); status == "" || status == undone {
			d.report.openStatus = append(d.report.openStatus, word)
		}
	}
}

// settleStatus asks for each open word of the status column, unless the running balance shows what its rows are: they
// move it, or it goes on without them.
func (d *detector) settleStatus(m *Mapper) {
	if len(d.report.openStatus) == 0 {
		return
	}
	field := d.out.Fields[recon.FieldBookingStatus]
	at := columnAt(d.header, firstColumn(field))
	values := map[string]string{}
	allBooked := d.out
	allBooked.Fields = maps.Clone(d.out.Fields)
	delete(allBooked.Fields, recon.FieldBookingStatus)
	booked, problems := Compile(allBooked, d.header)
	if len(problems) > 0 {
		return
	}
	var open []string
	for _, word := range d.report.openStatus {
		if status := d.statusByBalance(m, at, word); status != "" {
			values[word] = status
			continue
		}
		if !d.moves(booked, at, word) {
			values[word] = recon.Booked // and set aside for another reason
			continue
		}
		open = append(open, word)
	}
	if d.unknown >= 0 && len(open) > 1 && len(values) == 0 {
		d.askStatuses(booked, at, open)
		open = nil
	}
	for _, word := range open {
		_, rows := d.wordsIn(at)
		line := func(list string) string {
			return fmt.Sprintf("status: {column: %q, %s: %s}", d.header[at], list, quoteYAML(word))
		}
		d.ask("status."+foldWord(word),
			fmt.Sprintf("column %q holds %q on %s (%s), and it is not clear whether they are money",
				d.header[at], word, rowsText(rows[word]), d.sumWhere(booked, at, word)),
			[2]string{"booked: they are money", line("booked")},
			[2]string{"pending: they may become money", line("pending")},
			[2]string{"no money: they are set aside", line("void")})
	}
	if len(values) > 0 {
		maps.Copy(values, field.Values)
		field.Values = values
		d.out.Fields[recon.FieldBookingStatus] = field
	}
}

// askStatuses asks what the words of a status column mean of which none is known, the commonest first.
func (d *detector) askStatuses(booked *Mapper, at int, words []string) {
	line := func(rest string) string {
		return fmt.Sprintf("status: {column: %q, booked: %s, %s: %s}", d.header[at], quoteYAML(words[0]), rest,
			quoteYAML(words[1:]...))
	}
	d.ask("status", fmt.Sprintf("column %q holds %s, and none of these words is known: which rows are money?",
		d.header[at], d.wordSums(booked, at, words)),
		[2]string{"all are booked", fmt.Sprintf("status: {column: %q, booked: %s}", d.header[at], quoteYAML(words...))},
		[2]string{fmt.Sprintf("%q is booked, and the rest may become money", words[0]), line("pending")},
		[2]string{fmt.Sprintf("%q is booked, and the rest never became money", words[0]), line("void")})
}

// moves reports whether any row of a word would be money if it were booked.
func (d *detector) moves(booked *Mapper, at int, word string) bool {
	booked.aside.learn(d.header, d.sample)
	return slices.ContainsFunc(d.sample, func(rec recon.Record) bool {
		if column(rec, at) != word {
			return false
		}
		tx, wrong := booked.Map(rec)
		return len(wrong) == 0 && tx.Amount != 0 || len(wrong) > 0 && wrong[0].Code != recon.CodeSetAside
	})
}

// statusByBalance returns what the running balance shows of a word: its rows are in it, or have none.
func (d *detector) statusByBalance(m *Mapper, at int, word string) string {
	if d.report.Proof == "" {
		return ""
	}
	with, without := 0, 0
	for _, rec := range d.sample {
		switch {
		case column(rec, at) != word:
		case m.balance.text(rec) == "":
			without++
		default:
			with++
		}
	}
	switch {
	case with == 0 && without > 0:
		return recon.Void
	case without == 0 && with > 0:
		return recon.Booked // its rows were among those that tie
	}
	return ""
}

// pendingDate finds the date of pending rows, where the booking date is empty on them.
func (d *detector) pendingDate(m *Mapper) {
	field := d.out.Fields[recon.FieldDate]
	if m.status == nil || len(field.Columns) != 1 || field.Else != "" || d.given.Has(recon.FieldDate) {
		return
	}
	var bare []recon.Record
	for _, rec := range d.sample {
		if statusOf(m.status.word(rec)) == recon.Pending && m.date.text(rec) == "" {
			bare = append(bare, rec)
		}
	}
	if len(bare) == 0 {
		return
	}
	for at := range d.header {
		dated := !slices.ContainsFunc(bare, func(rec recon.Record) bool {
			_, _, err := m.date.dates.parse(column(rec, at))
			return err != nil
		})
		if dated {
			field.Else = d.header[at]
			d.out.Fields[recon.FieldDate] = field
			d.note("pending rows have no %s and are dated by %s", field.Columns[0], field.Else)
			return
		}
	}
}
