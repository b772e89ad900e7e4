package period

import (
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"

	"matcher/internal/recon"
)

// lineOf writes a row whole, but for its number, its place and its state.
func lineOf(tx *recon.Transaction) rowLine {
	decimal := func(v recon.NullMinor) string {
		if !v.Set {
			return ""
		}
		return recon.Money{Amount: v.Amount, Currency: tx.Currency}.String()
	}
	line := rowLine{
		Type: lineRow, Row: tx.Row, Line: tx.Line, ExternalID: tx.ExternalID, Reference: tx.Reference,
		Amount: recon.Money{Amount: tx.Amount, Currency: tx.Currency}.String(), Currency: tx.Currency,
		Date: tx.Date, ValueDate: tx.ValueDate, Time: tx.Time,
		Description: tx.Description, Kind: tx.Kind, BookingStatus: tx.BookingStatus,
		Gross: decimal(tx.Gross), Fee: decimal(tx.Fee), Tax: decimal(tx.Tax), Net: decimal(tx.Net),
		Metadata: make(map[string]string, len(tx.Metadata)), Digest: hex.EncodeToString(tx.Digest[:]),
	}
	if tx.Original != nil {
		line.Original = &money{tx.Original.String(), tx.Original.Currency}
	}
	for _, a := range tx.Metadata {
		line.Metadata[a.Name] = a.Value
	}
	return line
}

// transaction returns the row as it was read in its period.
func (l *rowLine) transaction() (recon.Transaction, error) {
	tx := recon.Transaction{
		Row: l.Row, Line: l.Line, ExternalID: l.ExternalID, Reference: l.Reference, Currency: l.Currency,
		Date: l.Date, ValueDate: l.ValueDate, Time: l.Time, Description: l.Description, Kind: l.Kind,
		BookingStatus: l.BookingStatus, Ordinal: l.Ordinal,
	}
	if !tx.Date.Set() {
		return tx, errors.New("the date is missing")
	}
	if tx.BookingStatus != recon.Booked && tx.BookingStatus != recon.Pending {
		return tx, fmt.Errorf("bookingStatus is %q, neither BOOKED nor PENDING", tx.BookingStatus)
	}
	amount, err := recon.ParseMoney(l.Amount, l.Currency)
	if err != nil {
		return tx, fmt.Errorf("amount: %w", err)
	}
	tx.Amount = amount.Amount
	for _, named := range []struct {
		name, text string
		to         *recon.NullMinor
	}{{"gross", l.Gross, &tx.Gross}, {"fee", l.Fee, &tx.Fee}, {"tax", l.Tax, &tx.Tax}, {"net", l.Net, &tx.Net}} {
		if named.text == "" {
			continue
		}
		amount, err := recon.ParseMoney(named.text, l.Currency)
		if err != nil {
			return tx, fmt.Errorf("%s: %w", named.name, err)
		}
		*named.to = recon.NullMinor{Amount: amount.Amount, Set: true}
	}
	if l.Original != nil {
		original, err := recon.ParseMoney(l.Original.Amount, l.Original.Currency)
		if err != nil {
			return tx, fmt.Errorf("original: %w", err)
		}
		tx.Original = &original
	}
	digest, err := hex.DecodeString(l.Digest)
	if err != nil || len(digest) != len(tx.Digest) {
		return tx, errors.New("digest is not 64 hexadecimal digits")
	}
	copy(tx.Digest[:], digest)
	for name, value := range l.Metadata {
		tx.Metadata = append(tx.Metadata, recon.Attribute{Name: name, Value: value})
	}
	slices.SortFunc(tx.Metadata, func(a, b recon.Attribute) int { return strings.Compare(a.Name, b.Name) })
	return tx, nil
}
