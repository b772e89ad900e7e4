//go:build integration

package ingestion_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/ingestion"
	"matcher/internal/postgres"
	"matcher/internal/recon"
)

// batchOf is a booked credit of 37 payments by the names of the batch, with these amounts one by one.
func batchOf(amount, bank, payer string, parts ...string) string {
	var details strings.Builder
	for i, part := range parts {
		fmt.Fprintf(&details, `<TxDtls><Refs><EndToEndId>E-%d</EndToEndId></Refs><Amt Ccy="EUR">%s</Amt></TxDtls>`, i+1, part)
	}
	if bank != "" {
		bank = "<AcctSvcrRef>" + bank + "</AcctSvcrRef>"
	}
	return `<Ntry><Amt Ccy="EUR">` + amount + `</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts>BOOK</Sts><BookgDt><Dt>2026-03-02</Dt></BookgDt>` +
		bank + `<NtryDtls><Btch><PmtInfId>` + payer + `</PmtInfId><NbOfTxs>37</NbOfTxs></Btch>` + details.String() + `</NtryDtls></Ntry>`
}

// parted are files with 37 payments as one entry and one by one.
type parted struct {
	parts             []string
	statement, advice string
}

const (
	partsTotal = "182.85"
	partsNote  = "NOTE: the entry B-1 of account DE89370400440532013000 is its 37 parts now, which make its amount: its own row is gone"
)

func newParted() parted {
	parts := make([]string, 37)
	for i := range parts {
		parts[i] = fmt.Sprintf("%d.05", i%9+1) // several are equal, not next to each other
	}
	return parted{
		parts, camt("Stmt", "287.85", batchOf(partsTotal, "B-1", "RUN-1"), entry("5.00", "REF-2", "fee")),
		camt("Ntfctn", "", batchOf(partsTotal, "B-1", "RUN-1", parts...)),
	}
}

func loadBoth(t *testing.T, first, second string) (*ingestion.Service, *bundle, [2]recon.Import) {
	t.Helper()
	s, b := setup(t)
	keeping(t, s)
	return s, b, [2]recon.Import{b.loadNamed(t, s, "first.xml", first), b.loadNamed(t, s, "second.xml", second)}
}

// tied finds the parts in place of their entry, and the balances of the statement.
func (b *bundle) tied(t *testing.T) {
	t.Helper()
	rows := b.transactions(t, recon.TransactionFilter{})
	sum, references := recon.Minor(0), map[string]bool{}
	for _, row := range rows {
		amount, err := recon.ParseMinor(row.Amount, 2)
		require.NoError(t, err)
		require.Equal(t, recon.Booked, row.BookingStatus)
		sum, references[row.Reference] = sum+amount, true
	}
	require.Len(t, rows, 38)
	require.Len(t, references, 38, "each has its id")
	require.Equal(t, recon.Minor(18785), sum)
	account := b.balances(t).Accounts[0]
	require.Equal(t, []string{"100.00", "187.85", "0.00", "287.85"},
		[]string{account.Opening, account.Rows, account.Unexplained, account.Closing})
}

// whole finds the entry as one row, and the balances of the statement.
func (b *bundle) whole(t *testing.T) {
	t.Helper()
	require.ElementsMatch(t, []string{partsTotal + " BOOKED", "5.00 BOOKED"}, b.statuses(t))
	require.Equal(t, "0.00", b.balances(t).Accounts[0].Unexplained)
}

// TestPartsOfABatch loads a statement that has 37 payments as one entry, and an advice that has them one by one.
func TestPartsOfABatch(t *testing.T) {
	t.Parallel()
	files := newParted()
	parts, statement, advice := files.parts, files.statement, files.advice

	t.Run("the statement comes first", func(t *testing.T) {
		t.Parallel()
		s, b, loaded := loadBoth(t, statement, advice)
		b.tied(t)
		requireCounts(t, loaded[1], 37, 37, 0, 0)
		require.Contains(t, b.findings(t, loaded[1].ID), partsNote)
		requireCounts(t, b.loadNamed(t, s, "again.xml", statement), 2, 0, 2, 0)
		requireCounts(t, b.loadNamed(t, s, "again.xml", advice), 37, 0, 37, 0)
		b.tied(t)
	})
	t.Run("the advice comes first", func(t *testing.T) {
		t.Parallel()
		s, b, loaded := loadBoth(t, advice, statement)
		b.tied(t)
		requireCounts(t, loaded[1], 2, 1, 1, 0)
		require.Contains(t, b.findings(t, loaded[1].ID), partsNote)
		requireCounts(t, b.loadNamed(t, s, "again.xml", advice), 37, 0, 37, 0)
		requireCounts(t, b.loadNamed(t, s, "again.xml", statement), 2, 0, 2, 0)
		b.tied(t)
	})
	t.Run("only the name that the payer gave is known", func(t *testing.T) {
		t.Parallel()
		_, b, _ := loadBoth(t, strings.Replace(statement, "<AcctSvcrRef>B-1</AcctSvcrRef>", "", 1), advice)
		b.tied(t)
		_, b, _ = loadBoth(t, advice, strings.Replace(statement, "<AcctSvcrRef>B-1</AcctSvcrRef>", "", 1))
		b.tied(t)
	})
	t.Run("the day is that of the statement", func(t *testing.T) {
		t.Parallel()
		early := strings.ReplaceAll(advice, "2026-03-02", "2026-02-27")
		for _, order := range [][2]string{{statement, early}, {early, statement}} {
			_, b, _ := loadBoth(t, order[0], order[1])
			b.tied(t)
			for _, row := range b.transactions(t, recon.TransactionFilter{}) {
				require.Equal(t, "2026-03-02", row.Date.String())
			}
		}
	})
	t.Run("another batch changes nothing", func(t *testing.T) {
		t.Parallel()
		_, b, loaded := loadBoth(t, statement, camt("Ntfctn", "", batchOf(partsTotal, "B-2", "RUN-2", parts...)))
		requireCounts(t, loaded[1], 37, 0, 37, 0)
		b.whole(t)
	})
	t.Run("details that do not make the advised entry are a finding, and it stays whole", func(t *testing.T) {
		t.Parallel()
		lying := camt("Ntfctn", "", batchOf(partsTotal, "B-1", "RUN-1", parts[1:]...))
		for _, order := range [][2]string{{statement, lying}, {lying, statement}} {
			_, b, loaded := loadBoth(t, order[0], order[1])
			b.whole(t)
			found := strings.Join(append(b.findings(t, loaded[0].ID), b.findings(t, loaded[1].ID)...), "\n")
			require.Contains(t, found, "CONTROL_TOTAL: the statement 1 of DE89370400440532013000 has an entry of 182.85 on line 1 "+
				"that is one row, of its own amount: its parts make 181.80")
		}
	})
	t.Run("parts that make another amount than the statement's entry are a finding, and it stays whole", func(t *testing.T) {
		t.Parallel()
		other := camt("Ntfctn", "", batchOf("181.80", "B-1", "RUN-1", parts[1:]...))
		for _, order := range [][2]string{{statement, other}, {other, statement}} {
			s, b, loaded := loadBoth(t, order[0], order[1])
			b.whole(t)
			require.Contains(t, b.findings(t, loaded[1].ID), "CONTROL_TOTAL: the entry B-1 of account DE89370400440532013000 is "+
				"182.85, and 36 of its 36 parts make 181.80: it stays one row, and its parts add nothing")
			requireCounts(t, b.loadNamed(t, s, "again.xml", other), 36, 0, 36, 0)
			requireCounts(t, b.loadNamed(t, s, "again.xml", statement), 2, 0, 2, 0)
			b.whole(t)
		}
	})
	t.Run("a part that cannot be read leaves the entry whole", func(t *testing.T) {
		t.Parallel()
		broken := strings.Replace(advice, "<TxDtls><Refs><EndToEndId>E-7<", "<TxDtls><BookgDt><Dt>soon</Dt></BookgDt><Refs><EndToEndId>E-7<", 1)
		for _, order := range [][2]string{{statement, broken}, {broken, statement}} {
			s, b := setup(t)
			b.tolerates(t, 1)
			b.loadNamed(t, s, "1.xml", order[0])
			second := b.loadNamed(t, s, "2.xml", order[1])
			b.whole(t)
			require.Contains(t, b.findings(t, second.ID), "CONTROL_TOTAL: the entry B-1 of account DE89370400440532013000 is "+
				"182.85, and 36 of its 37 parts make 175.80: it stays one row, and its parts add nothing")
		}
	})
}

// TestPartsOfABatchLater voids, reads anew and ignores what a batch is made of.
func TestPartsOfABatchLater(t *testing.T) {
	t.Parallel()
	files := newParted()
	statement, advice := files.statement, files.advice

	t.Run("a void takes the booking back, and the import of the parts waits for that of the statement", func(t *testing.T) {
		t.Parallel()
		for _, order := range [][2]string{{statement, advice}, {advice, statement}} {
			s, b, loaded := loadBoth(t, order[0], order[1])
			stated, advised := loaded[0], loaded[1]
			if order[0] == advice {
				stated, advised = advised, stated
			}
			_, err := s.Void(b.ctx, advised.ID)
			require.Equal(t, recon.CodeInUse, recon.CodeOf(err))
			require.ErrorContains(t, err, "are the parts of an entry of the statement "+stated.FileName+": void that statement first")
			_, err = s.Void(b.ctx, stated.ID)
			require.NoError(t, err)
			for _, status := range b.statuses(t) {
				require.Contains(t, status, recon.Pending)
			}
			b.loadNamed(t, s, "again.xml", statement)
			b.tied(t)
		}
	})
	t.Run("a statement that is read anew has its parts again", func(t *testing.T) {
		t.Parallel()
		for _, order := range [][2]string{{statement, advice}, {advice, statement}} {
			s, b, loaded := loadBoth(t, order[0], order[1])
			stated, advised := loaded[0], loaded[1]
			if order[0] == advice {
				stated, advised = advised, stated
			}
			require.NoError(t, b.again(t, s, stated.ID, ingestion.Again{}))
			b.tied(t)
			require.Equal(t, recon.CodeInUse, recon.CodeOf(b.again(t, s, advised.ID, ingestion.Again{})))
			b.tied(t)
		}
	})
	t.Run("an ignored row of the whole entry is gone, and its parts are open", func(t *testing.T) {
		t.Parallel()
		s, b := setup(t)
		b.loadNamed(t, s, "1.xml", statement)
		for _, row := range b.transactions(t, recon.TransactionFilter{}) {
			require.NoError(t, b.DB.Tx(b.ctx, func(tx *postgres.Tx) error {
				_, err := tx.Ignore(b.ctx, row.ID, "known")
				return err
			}))
		}
		second := b.loadNamed(t, s, "2.xml", advice)
		require.Contains(t, b.findings(t, second.ID), partsNote+"; it had been ignored, which is forgotten")
		require.Len(t, b.transactions(t, recon.TransactionFilter{State: recon.StateIgnored}), 1)
		b.tied(t)
	})
}
