package engine

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"matcher/internal/recon"
)

// What a confirmed group is apart, and what a rule of type POST books, is owed to the books until a left row books it:
// one that carries the number of the adjustment or the reference of its posting, or that is of its account, amount and
// currency. A row that carries a number is for no rule. Any other is looked at after all rules, and takes the oldest
// adjustment that it may be for. Each adjustment is booked once: a second row that carries its number stays open.

// Booking is a left row that books an adjustment: of a group of this run, or of an earlier one.
type Booking struct {
	Row    uint32
	Group  int32  // index into Result.Groups, or NoGroup
	Owed   int    // index into RunOptions.Owed where Group is NoGroup
	Number string // of the adjustment; the one that the row carries, where it carries one
	Loose  bool   // the row carries none
}

// bookMark is the adjustment that a left row may book.
type bookMark struct{ number, account string }

// due is an adjustment that may be booked.
type due struct {
	recon.Owed
	Booking
	currency uint32
	taken    bool
}

// dueMoney is what an adjustment without a number is known by.
type dueMoney struct {
	account  string
	currency uint32
	amount   recon.Minor
}

// dueByMoney lists adjustments, the oldest first.
type dueByMoney map[dueMoney][]*due

// first is the first one that is not taken, nil where there is none.
func (m dueByMoney) first(key dueMoney) *due {
	for len(m[key]) > 0 && m[key][0].taken {
		m[key] = m[key][1:]
	}
	if len(m[key]) == 0 || key.account == "" {
		return nil
	}
	return m[key][0]
}

func (d *due) money() dueMoney { return dueMoney{d.Account, d.currency, d.Amount} }

// adjusts reports whether the run knows adjustments, or may make some.
func (p *Plan) adjusts() bool {
	return len(p.Options.Owed) > 0 || slices.ContainsFunc(p.rules, func(rp rulePlan) bool {
		return rp.posts != nil || rp.mode != recon.AmountExact || rp.amount != [2]int{} || rp.converts
	})
}

// compileMarks gathers the accounts and references by which left rows book adjustments.
func (p *Plan) compileMarks() {
	if !p.adjusts() {
		return
	}
	p.accounts, p.postings = map[string]bool{}, map[string]string{}
	for i := range p.Rules {
		p.accounts[accountOf(&p.Rules[i])] = true
	}
	for i := range p.Options.Owed {
		o := &p.Options.Owed[i]
		p.accounts[o.Account] = true
		if o.Reference != "" {
			p.postings[o.Reference] = o.Number
		}
	}
	delete(p.accounts, "")
	p.account = cmp.Or(p.Options.AccountField, recon.AccountFieldDefault)
}

// accountOf is what the differences of a rule, or its rows, are booked to.
func accountOf(r *recon.Rule) string { return cmp.Or(r.Post.Account, r.Difference.Account) }

// addMark keeps the number and the account of the last row.
func (t *Table) addMark(tx *recon.Transaction) {
	if t.plan.accounts == nil || t.side != LeftIndex {
		return
	}
	m := bookMark{}
	for _, text := range [...]string{tx.ExternalID, tx.Reference, tx.Description} {
		if m.number == "" {
			m.number = cmp.Or(recon.AdjustmentIn(text), t.plan.postings[text])
		}
	}
	if len(t.plan.accounts) > 0 {
		if account := strings.TrimSpace(tx.Field(t.plan.account)); t.plan.accounts[account] {
			m.account = account
		}
	}
	if m != (bookMark{}) {
		if t.marks == nil {
			t.marks = map[uint32]bookMark{}
		}
		t.marks[uint32(t.Len()-1)] = m
	}
}

// reserve keeps the rows that carry the number of an adjustment from the rules.
func (r *runner) reserve() {
	for row, m := range r.tables[LeftIndex].marks {
		s := &r.sides[LeftIndex]
		if m.number != "" && s.state[row] == stateOpen && !s.isOutside(int(row)) && !r.tables[LeftIndex].pending[row] {
			s.state[row] = stateReserved
		}
	}
}

// book lets left rows book what is due.
func (r *runner) bookDue() {
	t, s := r.tables[LeftIndex], &r.sides[LeftIndex]
	if len(t.marks) == 0 {
		return
	}
	all := r.due()
	byNumber, byMoney := map[string]*due{}, dueByMoney{}
	for i := range all {
		d := &all[i]
		byNumber[d.Owed.Number] = d
		byMoney[d.money()] = append(byMoney[d.money()], d)
	}
	rows := make([]uint32, 0, len(t.marks))
	for row := range t.marks {
		rows = append(rows, row)
	}
	slices.Sort(rows)
	for _, row := range rows {
		if s.state[row] == stateReserved {
			s.state[row] = stateOpen
			number := t.marks[row].number
			if d, known := byNumber[number]; known {
				r.bookNumbered(row, d, byMoney)
			} else {
				r.books[row] = bookNote{text: "carries " + number + ", which no group of any period has"}
			}
		}
	}
	for _, row := range rows {
		m := t.marks[row]
		free := s.state[row] == stateOpen && !s.isOutside(int(row)) && !s.noted(row)
		if m.account == "" || m.number != "" || !free {
			continue
		}
		d := byMoney.first(dueMoney{m.account, t.currency[row], -t.Amount(row)})
		if d != nil && d.Date <= t.Date(row) {
			d.Booking.Loose = true
			r.bookRow(row, d)
		}
	}
	slices.SortFunc(r.bookings, func(a, b Booking) int { return cmp.Compare(a.Row, b.Row) })
}

// fits reports whether a row is what the books must take over.
func (d *due) fits(t *Table, row uint32) bool {
	return d.currency == t.currency[row] && d.Amount == -t.Amount(row)
}

// due are the adjustments of earlier runs and of this one, oldest first.
func (r *runner) due() (all []due) {
	for i, o := range r.plan.Options.Owed {
		b := Booking{Group: NoGroup, Owed: i, Number: o.Number}
		all = append(all, due{o, b, currencyCode(o.Currency), o.Booked != ""})
	}
	for i := range r.groups {
		g := &r.groups[i]
		if !g.Owes() {
			continue
		}
		o := owedBy(r.plan, r.tables, g, r.rowsOfGroup(g))
		all = append(all, due{o, Booking{Group: int32(i), Number: o.Number}, g.currency, false})
	}
	slices.SortFunc(all, func(a, b due) int {
		return cmp.Or(cmp.Compare(a.Date, b.Date), cmp.Compare(a.Owed.Number, b.Owed.Number))
	})
	return all
}

// Owes reports whether the group leaves something to be booked.
func (g *Group) Owes() bool {
	return g.status == recon.GroupConfirmed && g.Difference != 0 && g.Currency() != "" &&
		g.adjustment != recon.AdjustmentBankError
}

// Owed is what a confirmed group leaves to be booked.
func (r *Result) Owed(p *Plan, tables [2]*Table, g *Group) recon.Owed {
	return owedBy(p, tables, g, [2][]uint32{r.LeftRows(g), r.RightRows(g)})
}

func owedBy(p *Plan, tables [2]*Table, g *Group, rows [2][]uint32) recon.Owed {
	o := recon.Owed{
		Reason: g.adjustment, Account: accountOf(&p.Rules[g.Rule]), Amount: g.Difference, Currency: g.Currency(),
		Mixed: g.Mixed(), Date: recon.NoDay,
	}
	var names [2][]recon.RowIdentity
	for side, t := range tables {
		for _, row := range rows[side] {
			digest, ordinal := t.Content(row)
			names[side] = append(names[side], recon.RowIdentity{
				Date: t.Date(row), Amount: t.Amount(row), ExternalID: t.ExternalID(row),
				Digest: digest, Ordinal: ordinal,
			})
			if day := t.Date(row); !o.Date.Set() || day < o.Date {
				o.Date = day
			}
		}
	}
	o.Number = recon.AdjustmentNumber(names[0], names[1])
	return o
}

// bookNumbered books what a row carries the number of. Where a row without a number has taken that, one of the same
// account and amount is as good.
func (r *runner) bookNumbered(row uint32, d *due, byMoney dueByMoney) {
	t, name := r.tables[LeftIndex], d.Owed.Number
	if other := byMoney.first(d.money()); d.taken && d.Owed.Loose && other != nil && d.fits(t, row) {
		d.Owed.Loose, other.Booking.Number = false, name
		r.bookRow(row, other)
		return
	}
	amount := decimal(d.Amount, d.Currency) + " " + d.Currency
	switch {
	case d.taken:
		by := d.Booked
		if by == "" {
			by = t.label(d.Row)
		}
		text := fmt.Sprintf("books %s of %s once more: %s has booked it", name, amount, by)
		r.books[row] = bookNote{recon.ReasonBookedTwice, text}
	case !d.fits(t, row):
		r.books[row] = bookNote{recon.ReasonAmountDiffers, fmt.Sprintf("carries %s, which takes %s %s to book", name,
			decimal(-d.Amount, d.Currency), d.Currency)}
	default:
		r.bookRow(row, d)
	}
}

func (r *runner) bookRow(row uint32, d *due) {
	d.taken, d.Row = true, row
	r.sides[LeftIndex].state[row] = stateConfirmed
	r.bookings = append(r.bookings, d.Booking)
}

// bookNote is why a row that carries a number books nothing.
type bookNote struct {
	reason recon.Reason // 0: that of any other row
	text   string
}

// enterBookings takes what is booked off what groups are apart. What an earlier run left is an item of its own.
func (r *runner) enterBookings(l *ledger, res *Result) {
	t := r.tables[LeftIndex]
	for i := range res.Bookings {
		b := &res.Bookings[i]
		c, amount := l.of(t.currency[b.Row]), t.Amount(b.Row)
		c.grouped[LeftIndex].Add(amount)
		switch {
		case b.Group == NoGroup && r.plan.Options.Owed[b.Owed].Mixed:
			c.bookedMixed.Add(amount)
		case b.Group == NoGroup:
			reason := r.plan.Options.Owed[b.Owed].Reason
			c.booked[reason].Add(amount)
			c.bookedRows[reason]++
		case res.Groups[b.Group].Mixed():
			g := &res.Groups[b.Group]
			c.mixed[recon.GroupConfirmed].Add(amount)
			l.addConverted(DifferenceSum{g.Currency(), g.status, g.adjustment, amount, -1})
		default:
			g := &res.Groups[b.Group]
			c.differences[g.status][g.adjustment].Add(amount)
			c.groups[g.status][g.adjustment]--
		}
	}
}

// bookedItems are what left rows have booked of what earlier runs left.
func (b *bridgeBuilder) bookedItems(c *currencyLedger) {
	for reason, rows := range c.bookedRows {
		if rows > 0 {
			item := recon.BridgeItem{
				Label: recon.LabelEarlier, Reason: recon.AdjustmentReason(reason).String(), Count: -rows,
			}
			b.item(item, c.booked[reason], -1)
		}
	}
	if c.bookedMixed != (recon.Total{}) {
		b.item(recon.BridgeItem{Label: recon.LabelEarlierMix}, c.bookedMixed, -1)
	}
}

// BookedBy are the bookings of the groups of this run, by group.
func (r *Result) BookedBy() map[int32]*Booking {
	by := make(map[int32]*Booking, len(r.Bookings))
	for i := range r.Bookings {
		if b := &r.Bookings[i]; b.Group != NoGroup {
			by[b.Group] = b
		}
	}
	return by
}
