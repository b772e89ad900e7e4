//go:build integration

package ingestion_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/ingestion"
	"matcher/internal/recon"
)

// camt is a report (Rpt) or a statement (Stmt) of one account with these entries; a statement opens with 100.00.
func camt(kind, closing string, entries ...string) string {
	message := map[string]string{"Rpt": "BkToCstmrAcctRpt", "Stmt": "BkToCstmrStmt", "Ntfctn": "BkToCstmrDbtCdtNtfctn"}[kind]
	balances := ""
	if kind == "Stmt" {
		for code, amount := range map[string]string{"OPBD": "100.00", "CLBD": closing} {
			balances += `<Bal><Tp><CdOrPrtry><Cd>` + code + `</Cd></CdOrPrtry></Tp><Amt Ccy="EUR">` + amount +
				`</Amt><CdtDbtInd>CRDT</CdtDbtInd><Dt><Dt>2026-03-02</Dt></Dt></Bal>`
		}
	}
	return `<Document><` + message + `><` + kind + `><Id>1</Id><Acct><Id><IBAN>DE89370400440532013000</IBAN></Id><Ccy>EUR</Ccy></Acct>` +
		balances + strings.Join(entries, "") + `</` + kind + `></` + message + `></Document>`
}

// entry is a booked credit; one without a reference is known by its text.
func entry(amount, reference, text string) string {
	if reference != "" {
		reference = "<AcctSvcrRef>" + reference + "</AcctSvcrRef>"
	}
	return `<Ntry><Amt Ccy="EUR">` + amount + `</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts>BOOK</Sts><BookgDt><Dt>2026-03-02</Dt></BookgDt>` +
		reference + `<AddtlNtryInf>` + text + `</AddtlNtryInf></Ntry>`
}

func (b *bundle) loadNamed(t *testing.T, s *ingestion.Service, name, text string) recon.Import {
	t.Helper()
	i, err := s.Import(b.ctx, b.source.ID, ingestion.File{Name: name, Body: strings.NewReader(text)})
	require.NoError(t, err)
	return i
}

// statuses are the amounts of the source's rows with their booking status.
func (b *bundle) statuses(t *testing.T) (all []string) {
	t.Helper()
	for _, row := range b.transactions(t, recon.TransactionFilter{}) {
		all = append(all, row.Amount+" "+row.BookingStatus)
	}
	return all
}

// What a report of the day has is pending, and the statement that books it takes its place, whichever comes first.
func TestInterim(t *testing.T) {
	t.Parallel()
	report := camt("Rpt", "", entry("10.00", "REF-1", "as reported"), entry("5.00", "", "fee"), entry("5.00", "", "fee"))
	statement := camt("Stmt", "125.00", entry("10.00", "REF-1", "as booked"), entry("5.00", "", "fee"), entry("5.00", "", "fee"),
		entry("5.00", "", "interest"))
	booked := []string{"10.00 BOOKED", "5.00 BOOKED", "5.00 BOOKED", "5.00 BOOKED"}

	t.Run("a report, a later one of the day, an advice, and the statement", func(t *testing.T) {
		t.Parallel()
		s, b := setup(t)
		b.loadNamed(t, s, "1.xml", report)
		require.ElementsMatch(t, []string{"10.00 PENDING", "5.00 PENDING", "5.00 PENDING"}, b.statuses(t))
		later := camt("Rpt", "", entry("10.00", "REF-1", "as reported"), entry("5.00", "", "fee"), entry("5.00", "", "fee"), entry("7.00", "REF-2", "x"))
		requireCounts(t, b.loadNamed(t, s, "2.xml", later), 4, 1, 3, 0)
		requireCounts(t, b.loadNamed(t, s, "3.xml", camt("Ntfctn", "", entry("10.00", "REF-1", "as reported"))), 1, 0, 1, 0)
		b.loadNamed(t, s, "4.xml", statement)
		require.ElementsMatch(t, append([]string{"7.00 PENDING"}, booked...), b.statuses(t), "what is not booked yet stays")
	})
	t.Run("a report that comes after its statement adds nothing", func(t *testing.T) {
		t.Parallel()
		s, b := setup(t)
		b.loadNamed(t, s, "1.xml", statement)
		b.loadNamed(t, s, "2.xml", report)
		require.ElementsMatch(t, booked, b.statuses(t))
		requireCounts(t, b.loadNamed(t, s, "3.xml", statement), 4, 0, 4, 0)
	})
	t.Run("an MT942 is booked by an MT940", func(t *testing.T) {
		t.Parallel()
		s, b := setup(t)
		b.loadNamed(t, s, "1.sta", ":20:X\n:25:1111\n:28C:1\n:34F:EUR0,\n:13D:2601151200+0100\n:61:"+fee+"NMSCNONREF\n:86:bank fee\n-\n")
		require.Equal(t, []string{"-5.00 PENDING"}, b.statuses(t))
		b.loadNamed(t, s, "2.sta", mt940("1111", "1", "260115", "100,00", "260115", "95,00", fee))
		require.Equal(t, []string{"-5.00 BOOKED"}, b.statuses(t))
	})
	t.Run("an account of which only reports come says so, and they book", func(t *testing.T) {
		t.Parallel()
		s, b := setup(t)
		b.maps(t, recon.FieldMap{Interim: recon.InterimBooks})
		b.loadNamed(t, s, "1.xml", report)
		require.ElementsMatch(t, []string{"10.00 BOOKED", "5.00 BOOKED", "5.00 BOOKED"}, b.statuses(t))
		requireCounts(t, b.loadNamed(t, s, "2.xml", report), 3, 0, 3, 0)
	})
}
