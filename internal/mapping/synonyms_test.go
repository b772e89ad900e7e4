//go:build unit || !integration

package mapping

import (
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/recon"
)

func TestColumnNamesOfManyBanks(t *testing.T) {
	for field, names := range map[string][]string{
		recon.FieldExternalID:    {"entry_id", "EntryID", "Transaction ID", "transactionId", "TXN ID", "ID", "Transaktionsnummer", "Volgnr", "line-id"},
		recon.FieldReference:     {"e2e_id", "EndToEndId", "END_TO_END_ID", "Payment Reference", "Order ID", "Invoice No.", "Kundenreferenz", "Rechnungsnummer", "Nosso Número", "Betalingskenmerk"},
		recon.FieldAmount:        {"amount", "Amount (EUR)", "amount_usd", "Betrag (€)", "Betrag in EUR", "Umsatz", "Montant", "Montant de l'opération", "Valor (R$)", "Importe", "Bedrag (EUR)"},
		recon.FieldDebit:         {"Debit", "Debit Amount", "Paid Out", "Soll", "Débit euros", "Débito", "Cargo", "Af"},
		recon.FieldCredit:        {"Credit", "Money In", "Haben", "Crédit", "Crédito", "Abono", "Bij"},
		recon.FieldDirection:     {"Debit/Credit", "Dr/Cr", "D/C", "Soll/Haben", "Af Bij", "CdtDbtInd"},
		recon.FieldCurrency:      {"currency", "CCY", "Währung", "Waehrung", "Devise", "Moeda", "Moneda", "Munt", "currency_code"},
		recon.FieldDate:          {"date", "Posting Date", "posted_at", "Booking date", "Buchungstag", "Date opération", "Date de l'opération", "Data Lançamento", "Data", "Fecha", "Boekdatum", "createdAt"},
		recon.FieldValueDate:     {"Value Date", "Valutadatum", "Wertstellung", "Date de valeur", "Data Valor", "Fecha Valor", "Rentedatum"},
		recon.FieldDescription:   {"Description", "Narrative", "Verwendungszweck", "Libellé", "Histórico", "Concepto", "Omschrijving", "remittance_info"},
		recon.FieldFee:           {"fee", "Fees", "Commission", "Gebühr", "Gebuehr", "Frais", "Comissão", "Comisión", "Kosten"},
		recon.FieldNet:           {"net", "Net Amount", "Nettobetrag", "Valor Líquido", "Importe Neto"},
		recon.FieldBookingStatus: {"Status", "Transaction Status", "Situação"},
	} {
		for _, name := range names {
			require.GreaterOrEqual(t, nameRank(nameWords(name), field), 0, "%s should be a %s", name, field)
		}
	}
	for _, name := range []string{"Running Balance", "Saldo", "Amount Balance", "Kontostand", "Fee Rate", "Tax ID"} {
		for _, field := range []string{recon.FieldAmount, recon.FieldFee, recon.FieldTax} {
			require.Negative(t, nameRank(nameWords(name), field), "%s is no %s", name, field)
		}
	}
}

func TestEveryFieldHasSynonyms(t *testing.T) {
	for _, field := range recon.MappedFields {
		if field != recon.FieldPendingOf { // which is known by its values alone
			require.NotEmpty(t, synonyms[field], field)
		}
	}
}
