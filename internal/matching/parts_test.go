//go:build integration

package matching_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/ingestion"
	"matcher/internal/postgres"
	"matcher/internal/recon"
)

// advised is a booked credit of two payments, as one or one by one, in a statement (Stmt) or an advice (Ntfctn).
func advised(kind, details string) string {
	message, balances := "BkToCstmr"+map[string]string{"Stmt": "Stmt", "Ntfctn": "DbtCdtNtfctn"}[kind], ""
	if kind == "Stmt" {
		for code, amount := range map[string]string{"OPBD": "0.00", "CLBD": "30.00"} {
			balances += `<Bal><Tp><CdOrPrtry><Cd>` + code + `</Cd></CdOrPrtry></Tp><Amt Ccy="EUR">` + amount +
				`</Amt><CdtDbtInd>CRDT</CdtDbtInd><Dt><Dt>2026-03-02</Dt></Dt></Bal>`
		}
	}
	return `<Document><` + message + `><` + kind + `><Id>1</Id><Acct><Id><IBAN>DE89370400440532013000</IBAN></Id><Ccy>EUR</Ccy></Acct>` +
		balances + `<Ntry><Amt Ccy="EUR">30.00</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts>BOOK</Sts><BookgDt><Dt>2026-03-02</Dt></BookgDt>` +
		`<AcctSvcrRef>B-1</AcctSvcrRef><NtryDtls>` + details + `</NtryDtls></Ntry></` + kind + `></` + message + `></Document>`
}

// TestPartsOfAMatchedEntry lets the parts of an entry come when it is decided upon already.
func TestPartsOfAMatchedEntry(t *testing.T) {
	t.Parallel()
	statement := advised("Stmt", "<Btch><NbOfTxs>2</NbOfTxs></Btch>")
	advice := advised("Ntfctn", `<TxDtls><Refs><EndToEndId>E-1</EndToEndId></Refs><Amt Ccy="EUR">10.00</Amt></TxDtls>`+
		`<TxDtls><Refs><EndToEndId>E-2</EndToEndId></Refs><Amt Ccy="EUR">20.00</Amt></TxDtls>`)
	load := func(t *testing.T, b *bundle, name, text string) recon.Import {
		t.Helper()
		i, err := b.imports.Import(b.ctx, b.right, ingestion.File{Name: name, Body: strings.NewReader(text)})
		require.NoError(t, err)
		return i
	}
	// matched pairs the entry with a row of the ledger, and is confirmed from this score on.
	matched := func(t *testing.T, day string, autoAt int) *bundle {
		t.Helper()
		s, b := setup(t)
		b.tx(t, func(tx *postgres.Tx) error {
			_, err := tx.CreateRule(b.ctx, b.contextID, recon.Rule{
				Name: "sum", Type: recon.RuleDateLag, Priority: 10, Keys: []recon.RuleKey{{Left: "currency", Right: "currency"}},
				Confirm: recon.RuleConfirm{AutoAt: new(autoAt)},
			})
			return err
		})
		b.load(t, b.left, []string{"L1," + day + ",30.00,RUN,payments"})
		load(t, b, "statement.xml", statement)
		b.run(t, s, recon.RunCommit)
		return b
	}
	booked := func(t *testing.T, b *bundle) {
		t.Helper()
		require.Equal(t, 2, b.count(t, `SELECT count(*) FROM transactions WHERE booking_status = 'BOOKED' AND reference LIKE 'E-%'`))
		require.Equal(t, 3, b.count(t, `SELECT count(*) FROM transactions`))
		require.Zero(t, b.count(t, `SELECT count(*) FROM active_items`))
		require.Equal(t, 1, b.count(t, `SELECT count(*) FROM audit_log WHERE action = 'import.parts' AND detail ->> 'groupsTakenApart' = '1'`))
		b.RequireSound(t, b.tenantID)
	}
	findings := func(t *testing.T, b *bundle, id string) (texts []string) {
		t.Helper()
		b.tx(t, func(tx *postgres.Tx) error {
			found, _, err := tx.ImportFindings(b.ctx, id, "NOTE", postgres.Page{Limit: 100})
			for _, f := range found {
				texts = append(texts, f.Text)
			}
			return err
		})
		return texts
	}
	const named = "the entry B-1 of account DE89370400440532013000 is its 2 parts now, which make its amount: its own row is gone; " +
		"1 groups of it were taken apart, and their other rows are open"

	t.Run("a confirmed group is taken apart by name", func(t *testing.T) {
		t.Parallel()
		b := matched(t, "2026-03-02", 0)
		require.Len(t, b.groups(t, recon.GroupFilter{Status: recon.GroupConfirmed}), 1)
		i := load(t, b, "advice.xml", advice)
		booked(t, b)
		require.Contains(t, findings(t, b, i.ID), named)
		require.Equal(t, 1, b.count(t, `SELECT count(*) FROM group_decisions WHERE note =
			'PARTS: the parts of the entry B-1 of account DE89370400440532013000 came with advice.xml'`))
	})
	t.Run("a proposal is superseded", func(t *testing.T) {
		t.Parallel()
		b := matched(t, "2026-03-03", 100)
		require.Len(t, b.groups(t, recon.GroupFilter{Status: recon.GroupProposed}), 1)
		i := load(t, b, "advice.xml", advice)
		booked(t, b)
		require.Contains(t, findings(t, b, i.ID), named)
	})
	t.Run("pending parts keep what was decided about them when the entry comes", func(t *testing.T) {
		t.Parallel()
		s, b := setup(t)
		b.tx(t, func(tx *postgres.Tx) error {
			_, err := tx.CreateRule(b.ctx, b.contextID, recon.Rule{
				Name: "early", Type: recon.RuleDateLag, Priority: 10, Keys: []recon.RuleKey{
					{Left: "reference", Right: "reference"},
					{Left: "bookingStatus", Right: "bookingStatus", Required: new(false), Extract: "^(PENDING|BOOKED)"},
				}, Confirm: recon.RuleConfirm{AutoAt: new(0)},
			})
			return err
		})
		b.loadStatus(t, b.left, "L1,2026-03-02,10.00,E-1,payment,pending")
		load(t, b, "advice.xml", advice)
		b.run(t, s, recon.RunCommit)
		require.Len(t, b.groups(t, recon.GroupFilter{Status: recon.GroupConfirmed}), 1)
		load(t, b, "statement.xml", statement)
		require.Len(t, b.groups(t, recon.GroupFilter{Status: recon.GroupConfirmed}), 1)
		require.Equal(t, 2, b.count(t, `SELECT count(*) FROM transactions WHERE booking_status = 'BOOKED' AND reference LIKE 'E-%'`))
		b.RequireSound(t, b.tenantID)
	})
}
