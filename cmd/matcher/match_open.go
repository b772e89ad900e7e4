package main

import (
	"bufio"
	"cmp"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"hash"
	"slices"
	"time"

	"matcher/internal/bootstrap"
	"matcher/internal/engine"
	"matcher/internal/mapping"
	"matcher/internal/recon"
)

// open.ndjson is what a period hands to the next one: a head with the closing balances, the rows that are not settled, the
// partial groups and rejected sets among them, the rows that are settled (so that a statement that overlaps is not taken
// twice), and an end that proves that nothing is missing. Every line says its type first.

const (
	openFile    = "open.ndjson"
	openVersion = 1
	// settledDaysMax is how long settled rows are remembered: a year's statement, delivered once more in the month after.
	settledDaysMax = 400
	// settledRowsMax bounds them, the newest kept: 33 bytes each in the file and 50 in memory.
	settledRowsMax  = 4_000_000
	settledLineRows = 1000
)

// Types of lines.
const (
	lineOpen     = "open"
	lineRow      = "row"
	linePartial  = "partial"
	lineRejected = "rejected"
	lineSettled  = "settled"
	lineEnd      = "end"
)

// openHead is the first line.
type openHead struct {
	Type     string        `json:"type"`
	Version  int           `json:"version"`
	Written  string        `json:"writtenBy"`
	AsOf     recon.Day     `json:"asOf"`
	Result   string        `json:"resultHash"`
	Sources  []openSource  `json:"sources"`
	Balances []openBalance `json:"balances"`
}

// openSource is how a source was read.
type openSource struct {
	Side    recon.Side      `json:"side"`
	Name    string          `json:"name"`
	Named   bool            `json:"named"` // by somebody, rather than after its file
	Map     json.RawMessage `json:"map"`
	Flipped bool            `json:"flipped,omitempty"` // negate in the map is the contrary of what was detected or written
}

// openBalance is the closing balance of a currency, and what lies between its two sides beside the rows that are carried:
// left − Σ left rows + Σ right rows + Σ items = right.
type openBalance struct {
	Currency string       `json:"currency"`
	Left     string       `json:"left"`
	Right    string       `json:"right"`
	Stated   []recon.Side `json:"stated,omitempty"` // by --left-balance and --right-balance, rather than added up
	Items    []openItem   `json:"items"`
}

type openItem struct {
	Label  string `json:"label"`
	Reason string `json:"reason,omitempty"`
	Amount string `json:"amount"`
	Count  int64  `json:"count"`
}

// openLine is one row that is carried whole. N is what the groups call it.
type openLine struct {
	Type          string            `json:"type"`
	N             int               `json:"n"`
	Side          recon.Side        `json:"side"`
	Source        string            `json:"source"`
	File          string            `json:"file"`
	Row           int               `json:"row"`
	Line          int               `json:"line"`
	ExternalID    string            `json:"externalId,omitempty"`
	Reference     string            `json:"reference,omitempty"`
	Amount        string            `json:"amount"`
	Currency      string            `json:"currency"`
	Date          recon.Day         `json:"date"`
	ValueDate     recon.Day         `json:"valueDate"`
	Time          time.Time         `json:"time,omitzero"`
	Description   string            `json:"description,omitempty"`
	Kind          string            `json:"kind,omitempty"`
	BookingStatus string            `json:"bookingStatus"`
	Gross         string            `json:"gross,omitempty"`
	Fee           string            `json:"fee,omitempty"`
	Tax           string            `json:"tax,omitempty"`
	Net           string            `json:"net,omitempty"`
	Original      *openMoney        `json:"original,omitempty"`
	Metadata      map[string]string `json:"metadata"`
	Digest        string            `json:"digest"`
	Ordinal       int32             `json:"ordinal,omitempty"`
	Status        recon.State       `json:"status"` // OPEN, PROPOSED or PARTIAL
	Class         recon.Class       `json:"class,omitempty"`
	Reason        recon.Reason      `json:"reason,omitempty"`
}

type openMoney struct {
	Amount   string `json:"amount"`
	Currency string `json:"currency"`
}

// openSet is a partial group, with what is left of it, or a rejected set. Left and Right are rows by their N.
type openSet struct {
	Type     string     `json:"type"`
	Rule     string     `json:"rule,omitempty"`
	Left     []int      `json:"left"`
	Right    []int      `json:"right"`
	Residual string     `json:"residual,omitempty"` // Σ left − Σ right
	Currency string     `json:"currency,omitempty"`
	Side     recon.Side `json:"side,omitempty"` // on which the residual stands as one row
	Date     recon.Day  `json:"date,omitempty"` // of that row: the oldest of all
}

// openSettled are rows of one source and day that are settled. A row with an id is 24 bytes in base64, its identity and
// the beginning of its digest; one without is 16, of its digest.
type openSettled struct {
	Type    string     `json:"type"`
	Side    recon.Side `json:"side"`
	Source  string     `json:"source"`
	Date    recon.Day  `json:"date"`
	Pending bool       `json:"pending,omitempty"` // all of them were, when they were confirmed
	Rows    []string   `json:"rows"`
}

func (o *openSettled) stage() mapping.Stage {
	if o.Pending {
		return mapping.StagePendingMatched
	}
	return mapping.StageBooked
}

// openEnd is the last line: how many lines stand before it, and their SHA-256.
type openEnd struct {
	Type   string `json:"type"`
	Lines  int    `json:"lines"`
	SHA256 string `json:"sha256"`
}

// openWriter counts and hashes lines on their way out.
type openWriter struct {
	m       *match
	to      *bufio.Writer
	sum     hash.Hash
	lines   int
	numbers [2]map[uint32]int // N by row
}

func (m *match) writeOpen(to *bufio.Writer) error {
	w := openWriter{m: m, to: to, sum: sha256.New(), numbers: [2]map[uint32]int{{}, {}}}
	balances, err := m.closingBalances()
	if err != nil {
		return err
	}
	head := openHead{
		Type: lineOpen, Version: openVersion, Written: "matcher " + bootstrap.Version().Version, AsOf: m.result.AsOf, Result: m.result.ResultHash,
		Sources: m.openSources(), Balances: balances,
	}
	if err := w.line(head); err != nil {
		return err
	}
	for _, step := range []func() error{w.rows, w.partials, w.rejected, w.settled} {
		if err := step(); err != nil {
			return err
		}
	}
	return w.line(openEnd{lineEnd, w.lines, hex.EncodeToString(w.sum.Sum(nil))})
}

func (w *openWriter) line(value any) error {
	text, err := json.Marshal(value)
	if err != nil {
		return err
	}
	text = append(text, '\n')
	w.sum.Write(text)
	w.lines++
	_, err = w.to.Write(text)
	return err
}

// openSources tells of each source how its first file was read; sources of last period that had no rows stay as they were.
func (m *match) openSources() []openSource {
	list := []openSource{}
	for _, s := range m.sides() {
		first := len(list)
		for _, f := range s.files {
			named := func(o openSource) bool { return o.Name == f.source }
			if slices.ContainsFunc(list[first:], named) || f.rowsRead == 0 && slices.ContainsFunc(m.carry.sources(s.side), named) {
				continue
			}
			text, err := json.Marshal(f.reader.FieldMap())
			if err != nil {
				panic("a field map that is no JSON: " + err.Error())
			}
			list = append(list, openSource{s.side, f.source, f.named, text, f.reader.Inverted()})
		}
		for _, o := range m.carry.sources(s.side) {
			if !slices.ContainsFunc(list[first:], func(n openSource) bool { return n.Name == o.Name }) {
				list = append(list, o)
			}
		}
	}
	return list
}

// rows writes what is not settled: open rows, and those of proposed and partial groups. A row outside the period that
// nobody wanted is left to the period that it belongs to.
func (w *openWriter) rows() error {
	for _, s := range w.m.sides() {
		open := w.m.result.Open[s.index()]
		for row := range uint32(s.table.Len()) {
			state := w.m.result.State(s.side, row)
			var reason *engine.Open
			if len(open) > 0 && open[0].Row == row {
				reason, open = &open[0], open[1:]
			}
			if reason == nil && state != recon.StateProposed && state != recon.StatePartial {
				continue
			}
			n := len(w.numbers[0]) + len(w.numbers[1]) + 1
			w.numbers[s.index()][row] = n
			if err := w.line(s.openLine(row, n, state, reason)); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *matchSide) openLine(row uint32, n int, state recon.State, open *engine.Open) openLine {
	tx := s.transaction(row)
	named := func(v recon.NullMinor) string {
		if !v.Set {
			return ""
		}
		return recon.Money{Amount: v.Amount, Currency: tx.Currency}.String()
	}
	line := openLine{
		Type: lineRow, N: n, Side: s.side, Source: s.table.Source(row), File: s.place(row).File, Row: tx.Row, Line: tx.Line,
		ExternalID: tx.ExternalID, Reference: tx.Reference,
		Amount: recon.Money{Amount: tx.Amount, Currency: tx.Currency}.String(), Currency: tx.Currency, Date: tx.Date, ValueDate: tx.ValueDate, Time: tx.Time,
		Description: tx.Description, Kind: tx.Kind, BookingStatus: tx.BookingStatus,
		Gross: named(tx.Gross), Fee: named(tx.Fee), Tax: named(tx.Tax), Net: named(tx.Net),
		Metadata: make(map[string]string, len(tx.Metadata)), Digest: hex.EncodeToString(tx.Digest[:]), Status: state,
	}
	_, line.Ordinal = s.table.Content(row)
	if tx.Original != nil {
		line.Original = &openMoney{tx.Original.String(), tx.Original.Currency}
	}
	if open != nil {
		line.Class, line.Reason = open.Class(), open.Reason()
	}
	for _, a := range tx.Metadata {
		line.Metadata[a.Name] = a.Value
	}
	return line
}

// named gives rows their numbers, and says whether all of them are carried.
func (w *openWriter) named(side int, rows []uint32) ([]int, bool) {
	numbers := make([]int, 0, len(rows))
	for _, row := range rows {
		n, carried := w.numbers[side][row]
		if !carried {
			return nil, false
		}
		numbers = append(numbers, n)
	}
	return numbers, true
}

func (w *openWriter) partials() error {
	for i := range w.m.result.Groups {
		if w.m.result.Groups[i].Status() != recon.GroupPartial {
			continue
		}
		r := w.m.residual(i)
		left, _ := w.named(engine.LeftIndex, w.m.result.LeftRows(&w.m.result.Groups[i]))
		right, _ := w.named(engine.RightIndex, w.m.result.RightRows(&w.m.result.Groups[i]))
		err := w.line(openSet{Type: linePartial, Rule: r.Rule, Left: left, Right: right, Residual: r.Amount, Currency: r.Currency, Side: r.Side, Date: r.Date})
		if err != nil {
			return err
		}
	}
	return nil
}

// rejected writes the sets whose rows are all still there: a set that lost one can be offered by nobody.
func (w *openWriter) rejected() error {
	at := [2]map[int64]uint32{{}, {}}
	for side, s := range w.m.sides() {
		for row := range w.numbers[side] {
			at[side][s.table.ID(row)] = row
		}
	}
	rowsOf := func(side int, ids []int64) []uint32 {
		rows := make([]uint32, 0, len(ids))
		for _, id := range ids {
			row, known := at[side][id]
			if !known {
				row = engine.NoRow
			}
			rows = append(rows, row)
		}
		return rows
	}
	var written []openSet
	for _, set := range w.m.plan.Options.Rejected {
		left, leftHere := w.named(engine.LeftIndex, rowsOf(engine.LeftIndex, set.Left))
		right, rightHere := w.named(engine.RightIndex, rowsOf(engine.RightIndex, set.Right))
		slices.Sort(left)
		slices.Sort(right)
		again := func(o openSet) bool { return slices.Equal(o.Left, left) && slices.Equal(o.Right, right) }
		if !leftHere || !rightHere || slices.ContainsFunc(written, again) {
			continue
		}
		written = append(written, openSet{Type: lineRejected, Left: left, Right: right})
	}
	for _, set := range written {
		if err := w.line(set); err != nil {
			return err
		}
	}
	return nil
}

// settled writes which rows need never come again, oldest first: those of confirmed groups, and what earlier periods told.
func (w *openWriter) settled() error {
	var list []openSettled
	oldest := w.m.result.AsOf - settledDaysMax
	for _, o := range w.m.carry.settledRows() {
		if o.Date >= oldest {
			list = append(list, o)
		}
	}
	for _, s := range w.m.sides() {
		list = append(list, w.confirmed(s, oldest)...)
	}
	slices.SortStableFunc(list, func(a, b openSettled) int {
		return cmp.Or(cmp.Compare(a.Date, b.Date), cmp.Compare(a.Side, b.Side), cmp.Compare(a.Source, b.Source))
	})
	first, rows := len(list), 0
	for first > 0 && rows+len(list[first-1].Rows) <= settledRowsMax {
		first--
		rows += len(list[first].Rows)
	}
	for _, o := range list[first:] {
		if err := w.line(o); err != nil {
			return err
		}
	}
	return nil
}

// confirmed rows of a side stand in the order of their days.
func (w *openWriter) confirmed(s *matchSide, oldest recon.Day) []openSettled {
	var list []openSettled
	type kind struct {
		source  string
		pending bool
	}
	at := map[kind]int{} // on the day at hand
	day := recon.NoDay
	for row := range uint32(s.table.Len()) {
		date := s.table.Date(row)
		if date < oldest || w.m.result.State(s.side, row) != recon.StateConfirmed {
			continue
		}
		if date != day {
			clear(at)
			day = date
		}
		of := kind{s.table.Source(row), s.table.Pending(row)}
		i, known := at[of]
		if !known || len(list[i].Rows) == settledLineRows {
			i = len(list)
			at[of] = i
			list = append(list, openSettled{Type: lineSettled, Side: s.side, Source: of.source, Date: date, Pending: of.pending})
		}
		list[i].Rows = append(list[i].Rows, s.settledRow(row))
	}
	return list
}

func (s *matchSide) settledRow(row uint32) string {
	digest, _ := s.table.Content(row)
	id := s.table.ExternalID(row)
	if id == "" {
		return base64.RawStdEncoding.EncodeToString(digest[:])
	}
	identity := mapping.Identity(&recon.Transaction{ExternalID: id})
	return base64.RawStdEncoding.EncodeToString(append(identity[:], digest[:8]...))
}

// remember makes settled rows known to the identities of their source.
func (o *openSettled) remember(to *mapping.Identities) error {
	for _, text := range o.Rows {
		data, err := base64.RawStdEncoding.DecodeString(text)
		switch {
		case err == nil && len(data) == 24:
			to.Remember([16]byte(data), binary.BigEndian.Uint64(data[16:]), o.stage())
		case err == nil && len(data) == 16:
			to.RememberContent([16]byte(data))
		default:
			return errNotSettled
		}
	}
	return nil
}
