//go:build integration

package ingestion_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/postgres"
	"matcher/internal/recon"
)

// mt940 is a statement: its account, number, days and balances, and its lines 61.
func mt940(account, number, from, opening, to, closing string, entries ...string) string {
	text := ":20:X\n:25:" + account + "\n:28C:" + number + "\n:60F:C" + from + "EUR" + opening + "\n"
	for _, e := range entries {
		text += ":61:" + e + "NMSCNONREF\n:86:bank fee\n"
	}
	return text + ":62F:C" + to + "EUR" + closing + "\n-\n"
}

const fee = "260115D5,00"

func (b *bundle) findings(t *testing.T, importID string) (texts []string) {
	t.Helper()
	require.NoError(t, b.DB.Read(b.ctx, func(tx *postgres.Tx) error {
		found, _, err := tx.ImportFindings(b.ctx, importID, "", postgres.Page{Limit: 1000})
		for _, f := range found {
			texts = append(texts, string(f.Kind)+": "+f.Text)
		}
		return err
	}))
	return texts
}

func (b *bundle) balances(t *testing.T) (found recon.SourceBalances) {
	t.Helper()
	require.NoError(t, b.DB.Read(b.ctx, func(tx *postgres.Tx) (err error) {
		found, err = tx.SourceBalances(b.ctx, b.source.ID)
		return err
	}))
	return found
}

func TestStatements(t *testing.T) {
	t.Parallel()

	t.Run("a statement that ties is a proof, and the next one goes on", func(t *testing.T) {
		t.Parallel()
		s, b := setup(t)
		first := b.load(t, s, mt940("1111", "5", "260114", "100,00", "260115", "95,00", fee))
		require.Zero(t, first.Findings)
		require.Equal(t, []string{
			"PROOF: the statement 5 of 1111 ties: opening 100.00 and movements of -5.00 (1 row) make the closing 95.00 EUR",
		}, b.findings(t, first.ID))
		b.load(t, s, mt940("1111", "6", "260116", "95,00", "260116", "95,00"))
		balances := b.balances(t)
		require.Len(t, balances.Accounts, 1)
		account := balances.Accounts[0]
		require.Equal(t, []string{"100.00", "-5.00", "0.00", "95.00"},
			[]string{account.Opening, account.Rows, account.Unexplained, account.Closing})
		require.Equal(t, recon.LinkFollows, account.Statements[1].Link, "a day without movement is no gap")
		require.Empty(t, account.Statements[1].Finding)
	})

	t.Run("equal rows of the next statement are further ones, and those of the same one are not", func(t *testing.T) {
		t.Parallel()
		s, b := setup(t)
		five := mt940("1111", "5", "260115", "100,00", "260115", "95,00", fee)
		six := mt940("1111", "6", "260115", "95,00", "260115", "85,00", fee, fee)
		requireCounts(t, b.load(t, s, five), 1, 1, 0, 0)
		requireCounts(t, b.load(t, s, six), 2, 2, 0, 0)
		again := b.load(t, s, six)
		requireCounts(t, again, 2, 0, 2, 0)
		require.Contains(t, b.findings(t, again.ID), "NOTE: the statement 6 of 1111 came before: its rows are the same")
		month := b.load(t, s, mt940("1111", "", "260101", "100,00", "260115", "85,00", fee, fee, fee))
		requireCounts(t, month, 3, 0, 3, 0)
		require.Equal(t, "0.00", b.balances(t).Accounts[0].Unexplained)
	})

	t.Run("a missing statement is found when the next one comes, and gone when it is there", func(t *testing.T) {
		t.Parallel()
		s, b := setup(t)
		b.load(t, s, mt940("1111", "5", "260114", "100,00", "260115", "95,00", fee))
		seven := b.load(t, s, mt940("1111", "7", "260116", "91,00", "260117", "90,00", "260117D1,00"))
		require.EqualValues(t, 1, seven.Findings)
		require.Contains(t, b.findings(t, seven.ID), "CONTINUITY: the statement 7 of 1111 opens with 91.00, but the "+
			"statement 5 until 2026-01-15 closes with 95.00: load what is missing between them")
		require.Equal(t, "-4.00", b.balances(t).Accounts[0].Unexplained)
		six := b.load(t, s, mt940("1111", "6", "260115", "95,00", "260116", "91,00", "260116D4,00"))
		require.Zero(t, six.Findings)
		require.Equal(t, "0.00", b.balances(t).Accounts[0].Unexplained)
		for _, statement := range b.balances(t).Accounts[0].Statements {
			require.Empty(t, statement.Finding)
		}
	})

	t.Run("a closing that does not tie is kept with a finding, or refused by the source's setting", func(t *testing.T) {
		t.Parallel()
		s, b := setup(t)
		lying := mt940("1111", "5", "260114", "100,00", "260115", "96,00", fee)
		kept := b.load(t, s, lying)
		require.EqualValues(t, 1, kept.Findings)
		require.Equal(t, []string{"CONTROL_TOTAL: the statement 5 of 1111 does not tie: the opening 100.00 and booked " +
			"movements of -5.00 (1) make 95.00, but it closes with 96.00"}, b.findings(t, kept.ID))
		require.Equal(t, "1.00", b.balances(t).Accounts[0].Unexplained)
		b.change(t, func(s *recon.Source) { s.ControlTotals = recon.ControlTotalsRefuse })
		_, err := s.Import(b.ctx, b.source.ID, file(lying))
		require.Equal(t, recon.CodeControlTotal, recon.CodeOf(err))
		require.ErrorContains(t, err, "set the source's controlTotals to KEEP")
		seen, err := s.Preview(b.ctx, b.source.ID, file(lying))
		require.NoError(t, err)
		require.Contains(t, seen.Refused, "does not tie")
	})

	t.Run("a file of another account is refused with both numbers, until the source has that one", func(t *testing.T) {
		t.Parallel()
		s, b := setup(t)
		b.load(t, s, mt940("1111", "5", "260114", "100,00", "260115", "95,00", fee))
		other := mt940("2222", "9", "260114", "7,00", "260115", "2,00", fee)
		empty := mt940("2222", "9", "260114", "7,00", "260115", "7,00")
		for _, text := range []string{other, empty} {
			_, err := s.Import(b.ctx, b.source.ID, file(text))
			require.Equal(t, recon.CodeOtherAccount, recon.CodeOf(err), text)
			require.ErrorContains(t, err, "the file is of account 2222, and the source is of account 1111")
		}
		b.change(t, func(s *recon.Source) { s.Account = "22 22" })
		requireCounts(t, b.load(t, s, other), 1, 1, 0, 0)
		_, err := s.Import(b.ctx, b.source.ID, file(mt940("1111", "6", "260116", "95,00", "260116", "95,00")))
		require.Equal(t, recon.CodeOtherAccount, recon.CodeOf(err))
	})

	t.Run("the account of the source is read from a file of several", func(t *testing.T) {
		t.Parallel()
		s, b := setup(t)
		two := mt940("1111", "5", "260114", "100,00", "260115", "95,00", fee) +
			mt940("2222", "9", "260114", "7,00", "260115", "0,00", "260115D7,00")
		_, err := s.Import(b.ctx, b.source.ID, file(two))
		require.Equal(t, recon.CodeReadingQuestion, recon.CodeOf(err))
		b.change(t, func(s *recon.Source) { s.Account = "2222" })
		got := b.load(t, s, two)
		require.Equal(t, map[string]string{"EUR": "-7.00"}, got.Sums)
		require.EqualValues(t, 1, got.RowsSetAside)
		require.Len(t, b.balances(t).Accounts, 1)
		b.change(t, func(s *recon.Source) { s.Account = "3333" })
		_, err = s.Import(b.ctx, b.source.ID, file(two))
		require.Equal(t, recon.CodeOtherAccount, recon.CodeOf(err))
	})

	t.Run("statements leave with their import", func(t *testing.T) {
		t.Parallel()
		s, b := setup(t)
		text := mt940("1111", "5", "260114", "100,00", "260115", "95,00", fee)
		first := b.load(t, s, text)
		_, err := s.Void(b.ctx, first.ID)
		require.NoError(t, err)
		require.Empty(t, b.balances(t).Accounts)
		requireCounts(t, b.load(t, s, text), 1, 1, 0, 0)
	})
}
