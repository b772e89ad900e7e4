package report

import (
	"fmt"
	"io"
	"iter"
	"math/big"
	"slices"
	"strconv"

	"matcher/internal/engine"
	"matcher/internal/recon"
)

// Run is a finished reconciliation with what its rows are read from. Rows are indexes into the tables.
type Run struct {
	Plan   *engine.Plan
	Result *engine.Result
	Sides  [2]Side // by engine.LeftIndex and engine.RightIndex
	// SettledWith names the group in which an earlier period settled a row: left ids = right ids. Runs without settled
	// rows need none.
	SettledWith func(side int, row uint32) string
}

// Side is one side of a run.
type Side struct {
	Side  recon.Side
	Name  string // what sentences call it
	Table *engine.Table
	Files []File
	// Place returns where a row was read.
	Place func(row uint32) Place
	// Transaction returns a row with all its fields. A table keeps only those that the rules read.
	Transaction func(row uint32) recon.Transaction
}

// Place is where a row was read.
type Place struct {
	File    string
	Row     int  // 1-based data row
	Carried bool // in an earlier period
}

func (p Place) String() string { return fmt.Sprintf("row %d of %s", p.Row, p.File) }

// File is one file of a side.
type File struct {
	Path     string
	Rows     int64  // as read, with those that are rejected or set aside
	ReadAs   string // its format and its columns, in words
	Rejected int64
	Rejects  []recon.RowError // the first ones of Rejected
	SetAside int64
	Aside    []recon.RowError // the first ones of SetAside
	Repeated []recon.RowError // the first duplicates that are not letter for letter what came before
	Notes    []string
}

// Names returns what sentences call the two sides.
func (r *Run) Names() Names {
	return Names{r.Sides[engine.LeftIndex].Name, r.Sides[engine.RightIndex].Name}
}

// Label names a row for people: by its external id, else by its place.
func (s *Side) Label(row uint32) string {
	if id := s.Table.ExternalID(row); id != "" {
		return id
	}
	place := s.Place(row)
	if place.Carried { // from a file that is not among those of this run
		return place.String()
	}
	return "row " + strconv.Itoa(place.Row)
}

// labels names the rows of a group, the first few of many.
func (s *Side) labels(rows []uint32) string {
	names := make([]string, 0, labelsShown)
	for _, row := range rows[:min(len(rows), labelsShown)] {
		names = append(names, s.Label(row))
	}
	return someOf(names, len(rows))
}

// money returns a row's amount with its currency.
func (s *Side) money(row uint32) recon.Money {
	return recon.Money{Amount: s.Table.Amount(row), Currency: s.Table.Currency(row)}
}

// sum adds rows of one currency up, as a decimal of any length.
func (s *Side) sum(rows []uint32) string {
	sum := new(big.Int)
	for _, row := range rows {
		sum.Add(sum, big.NewInt(int64(s.Table.Amount(row))))
	}
	if !sum.IsInt64() {
		return sum.String() + " minor units of"
	}
	return recon.Money{Amount: recon.Minor(sum.Int64()), Currency: s.Table.Currency(rows[0])}.String()
}

// rows returns the rows of a group on one side.
func (r *Run) rows(side int, g *engine.Group) []uint32 {
	if side == engine.LeftIndex {
		return r.Result.LeftRows(g)
	}
	return r.Result.RightRows(g)
}

// RuleName returns the name of the rule that made group i, perhaps in an earlier period.
func (r *Run) RuleName(i int) string { return r.Result.RuleName(r.Plan, i) }

// Currency returns the currency of a group's difference: that of its rows, or that in which they were compared.
func (r *Run) Currency(g *engine.Group) string {
	if currency := g.Currency(); currency != "" {
		return currency
	}
	if rows := r.Result.LeftRows(g); len(rows) > 0 { // a group may have rows on one side only
		return r.Sides[engine.LeftIndex].Table.Currency(rows[0])
	}
	return r.Sides[engine.RightIndex].Table.Currency(r.Result.RightRows(g)[0])
}

// Difference returns the difference of a group as a decimal in Currency.
func (r *Run) Difference(g *engine.Group) string {
	return recon.Money{Amount: g.Difference, Currency: r.Currency(g)}.String()
}

// WriteGroups writes groups.csv, a line for each row of each group.
func (r *Run) WriteGroups(to io.Writer) error { return writeCSV(to, GroupColumns, r.groupLines()) }

func (r *Run) groupLines() iter.Seq[[]string] {
	return func(yield func([]string) bool) {
		var line []string
		booked := r.Result.BookedBy()
		for i := range r.Result.Groups {
			g := &r.Result.Groups[i]
			row := groupRow{
				group: "G" + strconv.Itoa(i+1), status: g.Status().String(), rule: r.RuleName(i), score: int(g.Score),
				difference: r.Difference(g), reason: g.Adjustment().String(), heldBy: g.HeldBy(),
				alternatives: int(g.Alternatives),
			}
			if g.Mixed() && g.Currency() != "" {
				row.difference = mixedDifference(row.difference, g.Currency())
			}
			by := booked[int32(i)]
			if by != nil { // what they are apart is in the books
				row.difference = recon.Money{Currency: r.Currency(g)}.String()
			}
			for side := range r.Sides {
				rows := r.rows(side, g)
				if by != nil && side == engine.LeftIndex {
					rows = append(slices.Clone(rows), by.Row)
				}
				for _, at := range rows {
					row.of(&r.Sides[side], at)
					if line = row.columns(line); !yield(line) {
						return
					}
				}
			}
		}
		r.bookedLines(line, yield)
	}
}

// WriteOpen writes unmatched.csv, a line for each open row.
func (r *Run) WriteOpen(to io.Writer) error {
	return writeCSV(to, OpenColumns, func(yield func([]string) bool) {
		for side := range r.Sides {
			for i := range r.Result.Open[side] {
				row := r.openRow(side, &r.Result.Open[side][i])
				if !yield(row.Columns()) {
					return
				}
			}
		}
	})
}

func (r *Run) openRow(side int, open *engine.Open) OpenRow {
	s := &r.Sides[side]
	tx := s.Transaction(open.Row)
	row := OpenRow{
		Side: s.Side, ID: s.Label(open.Row), ExternalID: tx.ExternalID, Row: int64(tx.Row), Reference: tx.Reference,
		Amount: s.money(open.Row).String(), Currency: tx.Currency, Date: tx.Date, Description: tx.Description,
		Class: open.Class(), Reason: open.Reason(), AgeDays: int(max(r.Result.AsOf-tx.Date, 0)),
	}
	near, other := r.nearest(side, open)
	if row.NearestDifference, row.Suggestion = near.Difference, near.Suggestion; other != nil {
		row.NearestID = other.Label(open.Miss.Row)
	}
	return row
}

// nearest returns what is nearest to an open row, and its side: the other one, or under a rule within one side the
// row's own. The side is nil where nothing is near.
func (r *Run) nearest(side int, open *engine.Open) (engine.MissText, *Side) {
	own, other := &r.Sides[side], &r.Sides[1-side]
	left, right := r.Sides[engine.LeftIndex].Table, r.Sides[engine.RightIndex].Table
	text := r.Result.Describe(r.Plan, [2]*engine.Table{left, right}, own.Side, open)
	switch {
	case open.Miss.Row == engine.NoRow:
		other = nil
	case r.Plan.MissSide(own.Side, &open.Miss) == own.Side:
		other = own
	}
	return text, other
}

// WriteRejected writes rejected.csv, a line for each fault of a rejected row.
func (r *Run) WriteRejected(to io.Writer) error {
	return r.writeFaults(to, func(f *File) []recon.RowError { return f.Rejects })
}

// WriteSetAside writes set_aside.csv, a line for each row that is no movement of money.
func (r *Run) WriteSetAside(to io.Writer) error {
	return r.writeFaults(to, func(f *File) []recon.RowError { return f.Aside })
}

// WriteRepeated writes repeated.csv, a line for each row that came again with the same money and another text, and for
// each pending row whose booked one is there.
func (r *Run) WriteRepeated(to io.Writer) error {
	return r.writeFaults(to, func(f *File) []recon.RowError { return f.Repeated })
}

func (r *Run) writeFaults(to io.Writer, of func(*File) []recon.RowError) error {
	return writeCSV(to, RejectedColumns, func(yield func([]string) bool) {
		for side := range r.Sides {
			for i := range r.Sides[side].Files {
				f := &r.Sides[side].Files[i]
				for _, fault := range of(f) {
					if !yield(Rejected(f.Path, &fault)) {
						return
					}
				}
			}
		}
	})
}

// LargestOpen returns the open rows with the most money in them, rows in transit last, and how many there are in all.
func (r *Run) LargestOpen(most int) (shown []OpenRow, total int) {
	type candidate struct {
		side int
		open *engine.Open
	}
	var all []candidate
	for side := range r.Sides {
		for i := range r.Result.Open[side] {
			all = append(all, candidate{side, &r.Result.Open[side][i]})
		}
	}
	slices.SortStableFunc(all, func(a, b candidate) int {
		aTransit, bTransit := a.open.Class() == recon.ClassTiming, b.open.Class() == recon.ClassTiming
		if aTransit != bTransit {
			return map[bool]int{true: 1, false: -1}[aTransit]
		}
		return int(min(1, max(-1,
			r.Sides[b.side].Table.Amount(b.open.Row).Abs()-r.Sides[a.side].Table.Amount(a.open.Row).Abs())))
	})
	for _, c := range all[:min(most, len(all))] {
		shown = append(shown, r.openRow(c.side, c.open))
	}
	return shown, len(all)
}
