package mapping

import (
	"fmt"
	"slices"
	"strings"

	"matcher/internal/recon"
)

// feeColumn is the column of fees that may be taken off on top of one amount column, -1 where there is none.
func (d *detector) feeColumn(m *Mapper) int {
	fee := d.out.Fields[recon.FieldFee]
	if m.amount == nil || len(fee.Columns) != 1 || d.given.Has(recon.FieldAmount) && len(m.amount.columns) != 1 {
		return -1
	}
	return columnAt(d.header, fee.Columns[0])
}

// withFee reads the amount less the fee, or with it where fees are written as negative.
func (d *detector) withFee(m *Mapper, sign int, why string) {
	at := d.feeColumn(m)
	amount := d.out.Fields[recon.FieldAmount]
	if at < 0 || len(amount.Columns) != 1 {
		return
	}
	moved := false
	for _, rec := range d.sample {
		a, err := readAmount(column(rec, at), m.amount.decimal)
		moved = moved || err == nil && !isZero(a.plain)
	}
	if !moved {
		return
	}
	fee := []string{d.header[at]}
	if amount.Add, amount.Columns = amount.Columns, nil; sign > 0 {
		amount.Subtract = fee
	} else {
		amount.Add = append(slices.Clone(amount.Add), fee...)
	}
	d.out.Fields[recon.FieldAmount] = amount
	d.choose(recon.FieldAmount, slices.Concat(amount.Add, amount.Subtract), why+" with the fee taken off", Proved)
	d.report.Choices[len(d.report.Choices)-1].Value = sumText(amount)
}

// openFee is a column of fees of which nothing shows whether the amounts hold them already.
type openFee struct {
	amount, fee string
	rows        int
	sum         string
}

// openNet are two columns of which either may be what moved: the amount before fees, and after.
type openNet struct {
	amount, net string
	rows        int
	sum         string // of the amounts less the net ones
	gross       bool   // net is the amount before fees or with tax
}

// netBeside leaves open which of two amounts moved, where a net one differs from the one that is named an amount.
func (d *detector) netBeside(m *Mapper) {
	amount, net := firstColumn(d.out.Fields[recon.FieldAmount]), firstColumn(d.out.Fields[recon.FieldNet])
	gross := firstColumn(d.out.Fields[recon.FieldGross])
	open, total := openNet{amount: amount, net: net}, sums{}
	if (net == "" || net == amount) && gross != "" {
		open.net, open.gross = gross, true
	}
	if amount == "" || open.net == "" || amount == open.net || d.given.Has(recon.FieldAmount) {
		return
	}
	for _, rec := range d.sample {
		tx, wrong := m.Map(rec)
		other := tx.Net
		if open.gross {
			other = tx.Gross
		}
		if len(wrong) > 0 || !other.Set || other.Amount == tx.Amount {
			continue
		}
		open.rows++
		total.add(tx.Currency, tx.Amount-other.Amount)
	}
	if open.sum = total.String(); open.rows > 0 {
		d.report.openNet = &open
	}
}

func (d *detector) askNet() {
	open := d.report.openNet
	switch {
	case open == nil, open.gross && d.out.Has(recon.FieldFee): // what is left after the fee moved
	case open.gross:
		d.ask("amount", fmt.Sprintf("%q and %q differ on %s, by %s in all, and no fee is named: which of them moved?",
			open.amount, open.net, rowsText(open.rows), open.sum),
			[2]string{"the first: the rest was kept or charged elsewhere", fmt.Sprintf("amount: %q", open.amount)},
			[2]string{"the second: all of it, with its tax", fmt.Sprintf("amount: %q", open.net)})
	default:
		first, second := "fees are charged elsewhere", "after fees"
		if d.out.Has(recon.FieldTax) && !d.out.Has(recon.FieldFee) {
			first, second = "all of it, with its tax", "without its tax"
		}
		d.ask("amount", fmt.Sprintf("%q and %q differ on %s, by %s in all: which of them moved?", open.amount, open.net,
			rowsText(open.rows), open.sum),
			[2]string{"the first: " + first, fmt.Sprintf("amount: %q", open.amount)},
			[2]string{"the second: " + second, fmt.Sprintf("amount: %q", open.net)})
	}
}

// feeBeside leaves open whether a fee is in the amount, where no net amount and no balance shows it.
func (d *detector) feeBeside(m *Mapper) {
	at := d.feeColumn(m)
	amount := d.out.Fields[recon.FieldAmount]
	if at < 0 || len(amount.Columns) != 1 || d.given.Has(recon.FieldAmount) || d.given.Has(recon.FieldFee) ||
		d.out.Has(recon.FieldNet) || d.out.Has(recon.FieldGross) {
		return
	}
	open := openFee{amount: amount.Columns[0], fee: d.header[at]}
	total := sums{}
	for _, rec := range d.sample {
		tx, wrong := m.Map(rec)
		if len(wrong) > 0 || !tx.Fee.Set || tx.Fee.Amount == 0 {
			continue
		}
		open.rows++
		total.add(tx.Currency, tx.Fee.Amount)
	}
	if open.sum = total.String(); open.rows > 0 {
		d.report.openFee = &open
	}
}

func (d *detector) askFee() {
	open := d.report.openFee
	if open == nil {
		return
	}
	d.ask("fee",
		fmt.Sprintf("column %q holds %s on %s, and nothing shows whether the amounts are after it: is it taken "+
			"off on top of them?", open.fee, open.sum, rowsText(open.rows)),
		[2]string{"no: the amounts are what moved", fmt.Sprintf("fee: %q", open.fee)},
		[2]string{"yes: the fee moved as well", fmt.Sprintf("amount: {add: %s, subtract: %s}", quoteYAML(open.amount),
			quoteYAML(open.fee))})
}

// sumText writes an amount that is a sum of columns for people.
func sumText(f recon.MapField) string {
	return strings.Join(append([]string{strings.Join(f.Add, "+")}, f.Subtract...), "−")
}
