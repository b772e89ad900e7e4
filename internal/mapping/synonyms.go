package mapping

import (
	"slices"
	"strings"
	"unicode"

	"matcher/internal/recon"
)

// synonyms are the names by which files of banks, processors and ledgers call a canonical field, the surest first, in
// English, German, French, Portuguese, Spanish and Dutch. They are compared without case, accents and punctuation.
var synonyms = map[string][]string{
	recon.FieldExternalID: {
		"external id", "entry id", "transaction id", "transactionid", "txn id", "tx id", "trans id", "line id", "row id", "record id",
		"event id", "sale id", "movement id", "payment id", "fitid", "uuid", "guid", "id", "bank ref", "bank reference",
		"entry reference", "acctsvcrref", "transaction number", "transaction no", "umsatz id", "transaktions id", "buchungs id",
		"transaktionsnummer", "buchungsnummer", "id transaction", "id operation", "numero operation", "id transacao", "identificador",
		"id transaccion", "id movimiento", "numero operacion", "transactie id", "volgnr", "volgnummer", "transactienummer",
	},
	recon.FieldReference: {
		"end to end id", "e2e id", "e2e", "endtoendid", "end to end reference", "ende zu ende referenz", "end to end", "reference",
		"payment reference", "customer reference", "reference number", "reference no", "ref no", "ref", "order id", "order number",
		"order no", "order reference", "order", "invoice number", "invoice no", "invoice id", "invoice", "authorization",
		"authorisation", "auth code", "authorization code", "authorisation code", "document number", "document no", "voucher",
		"cheque number", "check number", "referenz", "kundenreferenz", "kundenreferenz end to end", "mandatsreferenz", "rechnungsnummer",
		"rechnung", "belegnummer", "beleg", "bestellnummer", "reference client", "reference operation", "numero facture", "facture",
		"commande", "referencia", "numero documento", "documento", "nosso numero", "pedido", "numero pedido", "nota fiscal", "factura",
		"numero factura", "kenmerk", "betalingskenmerk", "factuurnummer", "factuur", "ordernummer", "bestelnummer",
	},
	recon.FieldAmount: {
		"amount", "transaction amount", "amount value", "booked amount", "signed amount", "amt", "betrag", "umsatz", "buchungsbetrag",
		"montant", "montant operation", "valor", "valor operacao", "importe", "importe operacion", "monto", "bedrag",
		"transactiebedrag", "amount in account currency", "payment amount", "paid amount", "value", "total amount", "total", "sum",
		"cantidad", "quantia", "somme",
	},
	recon.FieldDebit: {
		"debit", "debits", "debit amount", "withdrawal", "withdrawals", "paid out", "money out", "soll", "sollbetrag", "belastung",
		"ausgaben", "ausgang", "debito", "debitos", "depenses", "saida", "saidas", "cargo", "cargos", "debe", "debet", "af", "uitgaven",
	},
	recon.FieldCredit: {
		"credit", "credits", "credit amount", "deposit", "deposits", "paid in", "money in", "haben", "habenbetrag", "gutschrift",
		"einnahmen", "eingang", "credito", "creditos", "recettes", "entrada", "entradas", "abono", "abonos", "haber", "bij", "inkomsten",
	},
	recon.FieldDirection: {
		"direction", "debit credit", "credit debit", "debit credit indicator", "credit debit indicator", "cdtdbtind", "dr cr", "cr dr",
		"drcr", "d c", "c d", "dc", "cd", "sign", "soll haben", "s h", "sollhaben", "af bij", "bij af", "sens", "natureza", "naturaleza",
		"indicator", "debit or credit", "type", "transaction type", "tipo", "typ", "art",
	},
	recon.FieldCurrency: {
		"currency", "currency code", "ccy", "cur", "transaction currency", "account currency", "amount currency", "wahrung", "waehrung",
		"buchungswahrung", "kontowahrung", "devise", "monnaie", "moeda", "moneda", "divisa", "munt", "muntsoort", "valuta", "ccy code",
	},
	recon.FieldDate: {
		"booking date", "posting date", "posted at", "posted on", "posted date", "post date", "booked at", "booked on", "entry date",
		"date", "transaction date", "trans date", "txn date", "buchungstag", "buchungsdatum", "buchung", "datum", "date operation",
		"date comptable", "date comptabilisation", "data", "data lancamento", "data movimento", "data mov", "data contabil",
		"data transacao", "fecha", "fecha operacion", "fecha contable", "fecha movimiento", "boekdatum", "boekingsdatum",
		"transactiedatum", "timestamp", "datetime", "date time", "created at", "created", "completed at", "completed date", "sold at",
		"paid at", "settlement date", "settled at", "payout date", "sale date", "order date", "invoice date", "effective date",
	},
	recon.FieldValueDate: {
		"value date", "valuta", "valutadatum", "wertstellung", "wertstellungsdatum", "date valeur", "data valor", "fecha valor", "rentedatum",
		"interest date", "available on", "settlement date", "settled at",
	},
	recon.FieldDescription: {
		"description", "details", "narrative", "remittance info", "remittance information", "remittance", "memo", "particulars",
		"transaction details", "text", "payment details", "verwendungszweck", "buchungstext", "beschreibung", "zahlungsgrund",
		"libelle", "libelle operation", "motif", "communication", "descricao", "historico", "lancamento", "detalhes", "concepto", "descripcion",
		"omschrijving", "mededelingen", "omschrijving 1", "note", "notes", "counterparty", "counterparty name", "payee", "payer", "name",
		"merchant", "customer", "beguenstigter zahlungspflichtiger", "auftraggeber empfanger", "naam tegenpartij", "beneficiario",
	},
	recon.FieldKind: {
		"kind", "transaction kind", "type", "transaction type", "entry type", "event type", "event", "category", "umsatzart",
		"transaktionsart", "vorgang", "art", "type operation", "tipo", "tipo operacao", "tipo operacion", "tipo lancamento", "soort",
		"mutatiesoort", "transactietype",
	},
	recon.FieldBookingStatus: {
		"booking status", "status", "state", "transaction status", "buchungsstatus", "info", "statut", "situacao", "estado",
	},
	recon.FieldGross: {
		"gross", "gross amount", "amount gross", "brutto", "bruttobetrag", "montant brut", "brut", "valor bruto", "bruto", "importe bruto",
		"brutobedrag", "sale amount",
	},
	recon.FieldFee: {
		"fee", "fees", "fee amount", "total fee", "total fees", "processing fee", "commission", "commissions", "charge", "charges", "mdr",
		"gebuhr", "gebuehr", "gebuhren", "entgelt", "provision", "frais", "comissao", "tarifa", "taxa", "comision", "kosten", "provisie",
	},
	recon.FieldTax: {
		"tax", "tax amount", "taxes", "vat", "vat amount", "sales tax", "gst", "steuer", "mwst", "umsatzsteuer", "tva", "taxe", "imposto",
		"impostos", "iva", "impuesto", "btw",
	},
	recon.FieldNet: {
		"net", "net amount", "amount net", "netto", "nettobetrag", "auszahlungsbetrag", "montant net", "valor liquido", "liquido", "neto",
		"importe neto", "nettobedrag", "payout amount", "settlement amount", "settled amount",
	},
	recon.FieldOriginalAmount: {
		"original amount", "original value", "foreign amount", "instructed amount", "amount in foreign currency", "ursprungsbetrag",
		"originalbetrag", "montant origine", "montant devise", "valor original", "importe original", "importe divisa",
		"oorspronkelijk bedrag",
	},
	recon.FieldOriginalCurrency: {
		"original currency", "foreign currency", "instructed currency", "ursprungswahrung", "originalwahrung", "devise origine",
		"moeda original", "moneda original", "oorspronkelijke valuta",
	},
}

// fillers are words that say nothing about which field a name of three words or more means.
var fillers = map[string]bool{
	"de": true, "del": true, "da": true, "do": true, "d": true, "l": true, "la": true, "le": true, "of": true, "the": true, "in": true,
	"en": true, "em": true, "van": true, "der": true, "des": true, "local": true, "lcy": true,
}

// strangers are words that make a name mean something else, whatever it holds besides.
var strangers = []string{
	"balance", "saldo", "solde", "kontostand", "running", "available", "iban", "account number", "konto", "tax id", "rate", "kurs",
	"limit", "count", "anzahl", "quantity", "qty",
}

// nameWords cuts a column name into folded words: "Betrag (€)" is betrag, "endToEndId" and "END_TO_END_ID" are alike.
func nameWords(name string) []string {
	var b strings.Builder
	var before rune
	for _, r := range foldAccents(name) {
		switch {
		case unicode.IsUpper(r) && (unicode.IsLower(before) || unicode.IsDigit(before)):
			b.WriteByte(' ')
			b.WriteRune(unicode.ToLower(r))
		case unicode.IsLetter(r) || unicode.IsDigit(r):
			b.WriteRune(unicode.ToLower(r))
		default:
			b.WriteByte(' ')
		}
		before = r
	}
	words := strings.Fields(b.String())
	count := len(words)
	return slices.DeleteFunc(words, func(w string) bool {
		return fillers[w] && count > 2 || (isCode(w) || w == "utc" || w == "gmt") && count > 1
	})
}

// isCode says whether a word is a currency code, as in "amount_eur". Words that are also names stay.
func isCode(word string) bool {
	_, known := recon.CurrencyDigits(currencyOfWord(word))
	return known && word != "all" && word != "top" && word != "try" && word != "mop"
}

// currencyOfWord is the code that a word of a column name means: "EUR", "€" and "euros" alike.
func currencyOfWord(word string) string {
	if folded := strings.ToLower(word); folded == "euro" || folded == "euros" {
		return "EUR"
	}
	return currencyCode(word)
}

// nameRank says how well a column's name fits a field: 0 is best, -1 not at all. A name that holds a synonym among
// other words ranks behind all that are one.
func nameRank(words []string, field string) int {
	name := strings.Join(words, " ")
	names := synonyms[field]
	for rank, synonym := range names {
		if name == synonym || strings.ReplaceAll(name, " ", "") == strings.ReplaceAll(synonym, " ", "") {
			return rank
		}
	}
	padded := " " + name + " "
	for _, stranger := range strangers {
		if strings.Contains(padded, " "+stranger+" ") {
			return -1
		}
	}
	for rank, synonym := range names {
		if len(synonym) > 2 && strings.Contains(padded, " "+synonym+" ") {
			return len(names) + rank
		}
	}
	return -1
}
