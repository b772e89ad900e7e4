package recon

// NamedAmount returns an amount by its canonical name, and whether the row has it. An original amount counts only in
// the row's own currency.
func (t *Transaction) NamedAmount(field string) (amount Minor, has bool) {
	named := NullMinor{}
	switch field {
	case "amount":
		return t.Amount, true
	case "gross":
		named = t.Gross
	case "fee":
		named = t.Fee
	case "tax":
		named = t.Tax
	case "net":
		named = t.Net
	case "original":
		if t.Original != nil && t.Original.Currency == t.Currency {
			return t.Original.Amount, true
		}
	}
	return named.Amount, named.Set
}

// Field returns a field by its canonical name as the text that keys and predicates compare, "" where the row has none.
func (t *Transaction) Field(name string) string {
	switch name {
	case "externalId":
		return t.ExternalID
	case "reference":
		return t.Reference
	case "currency":
		return t.Currency
	case "date":
		return t.Date.String()
	case "valueDate":
		return t.ValueDate.String()
	case "description":
		return t.Description
	case "kind":
		return t.Kind
	case "bookingStatus":
		return t.BookingStatus
	case "amount", "gross", "fee", "tax", "net":
		amount, has := t.NamedAmount(name)
		if !has {
			return ""
		}
		return Money{Amount: amount, Currency: t.Currency}.String()
	}
	return t.Attribute(name[len(MetadataPrefix):])
}
