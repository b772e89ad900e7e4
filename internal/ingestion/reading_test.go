//go:build integration

package ingestion_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/ingestion"
	"matcher/internal/mapping"
	"matcher/internal/postgres"
	"matcher/internal/recon"
)

func TestRowsThatAreNoMoneyAreSetAside(t *testing.T) {
	t.Parallel()
	s, b := setup(t)
	text := header + "OPEN,2026-03-01,900.00,EUR,,Opening balance\n" + lines(0, 200) + "BAD,2026-13-02,1.00,EUR,r,d\n" +
		"END,2026-03-28,950.00,EUR,,Closing balance\n"
	p, err := s.Preview(b.ctx, b.source.ID, file(text))
	require.NoError(t, err)
	got := b.load(t, s, text)
	requireCounts(t, got, 203, 200, 0, 1)
	require.EqualValues(t, 2, got.RowsSetAside)
	require.Equal(t, map[string]string{"EUR": sumOf(200)}, got.Sums, "no balance is in a sum")
	require.Equal(t, 203, b.rejects(t, got.ID)[0].Line)
	aside := b.unread(t, got.ID, recon.RowsSetAside)
	require.Equal(t, []int{2, 204}, []int{aside[0].Line, aside[1].Line})
	require.Equal(t, recon.CodeSetAside, aside[1].Code)

	require.Equal(t, got.Sums, p.Sums, "a preview says what an import does")
	require.Equal(t, aside, p.SetAside)
	require.Equal(t, []int64{203, 1, 2}, []int64{p.RowsRead, p.RowsRejected, p.RowsSetAside})
}

// sumOf is the sum of lines(0, n) for n up to 1000.
func sumOf(n int) string {
	cents := 0
	for i := range n {
		cents += i*100 + i%100
	}
	return fmt.Sprintf("%d.%02d", cents/100, cents%100)
}

func TestAFileWithMoreRefusedRowsThanToleratedIsRefusedWhole(t *testing.T) {
	t.Parallel()
	s, b := setup(t)
	text := header + lines(0, 300) + "X,2026-13-02,1.00,EUR,r,d\n"
	b.tolerates(t, 0)
	_, err := s.Import(b.ctx, b.source.ID, file(text))
	require.Equal(t, recon.CodeTooManyRefused, recon.CodeOf(err))
	require.Equal(t, recon.KindUnprocessable, recon.KindOf(err))
	require.Empty(t, b.imports(t))
	require.Empty(t, b.transactions(t, recon.TransactionFilter{}))
	events := b.events(t)
	require.Equal(t, recon.EventImportFailed, events[len(events)-1].Key)
	require.Contains(t, string(events[len(events)-1].Payload), recon.CodeTooManyRefused)
	p, err := s.Preview(b.ctx, b.source.ID, file(text))
	require.NoError(t, err)
	require.Contains(t, p.Refused, "1 of 301 rows cannot be read")
	b.tolerates(t, 1)
	requireCounts(t, b.load(t, s, text), 301, 300, 0, 1)
}

// unsigned is a statement whose words for in and out are in no table.
func unsigned(rows int) string {
	var text strings.Builder
	text.WriteString("id,date,amount,way,reference\n")
	for i := range rows {
		fmt.Fprintf(&text, "B%d,2026-03-%02d,%d.10,%s,PAY-%04d\n", i, i%28+1, i+1, []string{"Zig", "Zag"}[i%2], i)
	}
	return text.String()
}

func TestAFileThatLeavesItsSignsOpenIsAQuestion(t *testing.T) {
	t.Parallel()
	s, b := setup(t)
	_, err := s.Import(b.ctx, b.source.ID, file(unsigned(40)))
	var open *ingestion.OpenQuestionsError
	require.ErrorAs(t, err, &open)
	require.Equal(t, recon.CodeReadingQuestion, recon.CodeOf(err))
	require.NotEmpty(t, open.Questions)
	require.Empty(t, b.imports(t))
	p, err := s.Preview(b.ctx, b.source.ID, file(unsigned(40)))
	require.NoError(t, err)
	require.Equal(t, open.Questions, p.Detection.Questions)
	require.Nil(t, p.Sums)

	answers := answersTo(t, open.Questions, "Zag")
	p, err = s.Preview(b.ctx, b.source.ID, ingestion.File{Name: "b.csv", Body: strings.NewReader(unsigned(40)), Answers: answers})
	require.NoError(t, err)
	require.Empty(t, p.Detection.Questions)
	got, err := s.Import(b.ctx, b.source.ID, ingestion.File{Name: "b.csv", Body: strings.NewReader(unsigned(40)), Answers: answers})
	require.NoError(t, err)
	require.Equal(t, map[string]string{"EUR": "-20.00"}, got.Sums, "Zig in, Zag out")
	require.Equal(t, got.Sums, p.Sums)

	t.Run("the next file is read as the last one was", func(t *testing.T) {
		next := "id,date,amount,way,reference\nC1,2026-04-01,5.00,Zag,X1\nC2,2026-04-02,3.00,Zag,X2\n"
		got := b.load(t, s, next)
		require.Equal(t, map[string]string{"EUR": "-8.00"}, got.Sums)
		require.Contains(t, got.Detection, "as the last file was")
		var read ingestion.Reading
		require.NoError(t, b.DB.Read(b.ctx, func(tx *postgres.Tx) (err error) {
			read, err = ingestion.ReadingOf(b.ctx, tx, got.ID)
			return err
		}))
		require.True(t, read.Detection.Earlier)
		require.Equal(t, []string{"way"}, read.FieldMap.Fields[recon.FieldDirection].Columns)
		t.Run("not a file with another column, nor one of a source that counts the other way round now", func(t *testing.T) {
			_, err := s.Import(b.ctx, b.source.ID, file(strings.Replace(unsigned(40), "reference\n", "reference,turned\n", 1)))
			require.Equal(t, recon.CodeReadingQuestion, recon.CodeOf(err))
			b.change(t, func(s *recon.Source) { s.Currency = "CHF" })
			_, err = s.Import(b.ctx, b.source.ID, file(unsigned(40)))
			require.Equal(t, recon.CodeReadingQuestion, recon.CodeOf(err))
			b.change(t, func(s *recon.Source) { s.Currency = "EUR" })
		})
	})
	t.Run("the reading of a voided import does not count", func(t *testing.T) {
		for _, i := range b.imports(t) {
			_, err := s.Void(b.ctx, i.ID)
			require.NoError(t, err)
		}
		_, err := s.Import(b.ctx, b.source.ID, file(unsigned(40)))
		require.Equal(t, recon.CodeReadingQuestion, recon.CodeOf(err))
	})
}

// answersTo chooses, question by question, the answer whose line takes a word for money that leaves.
func answersTo(t *testing.T, questions []mapping.Question, out string) map[string]int {
	t.Helper()
	answers := map[string]int{}
	for _, q := range questions {
		for i, a := range q.Answers {
			if a.Patch.Fields[recon.FieldDirection].Values[out] == recon.DirectionOut {
				answers[q.ID] = i + 1
			}
		}
		require.Contains(t, answers, q.ID, "%s", q.String())
	}
	return answers
}

func TestOpenRowsOfTheOtherSideAnswerWhatAFileLeavesOpen(t *testing.T) {
	t.Parallel()
	s, b := setup(t)
	var ledger recon.Source
	require.NoError(t, b.DB.Tx(b.ctx, func(tx *postgres.Tx) (err error) {
		ledger, err = tx.CreateSource(b.ctx, recon.Source{
			ContextID: b.context.ID, Name: "ledger", Side: recon.Left, Currency: "EUR", TimeZone: "UTC",
		})
		return err
	}))
	var text strings.Builder
	text.WriteString(header)
	for i := range 40 {
		fmt.Fprintf(&text, "L%d,2026-03-%02d,%s%d.10,EUR,PAY-%04d,invoice\n", i, i%28+1, []string{"", "-"}[i%2], i+1, i)
	}
	_, err := s.Import(b.ctx, ledger.ID, file(text.String()))
	require.NoError(t, err)
	got, err := s.Import(b.ctx, b.source.ID, file(unsigned(40)))
	require.NoError(t, err, "every word has one sign on the other side")
	require.Equal(t, map[string]string{"EUR": "-20.00"}, got.Sums)
}

func TestAnAnswerIsAnIdAndANumber(t *testing.T) {
	t.Parallel()
	id, number, err := ingestion.ParseAnswer("status=due=2")
	require.NoError(t, err)
	require.Equal(t, "status=due 2", fmt.Sprint(id, " ", number))
	for _, text := range []string{"", "direction", "direction=", "direction=0", "=1", "direction=x"} {
		_, _, err := ingestion.ParseAnswer(text)
		require.ErrorIs(t, err, recon.Unprocessable(recon.CodeValidationFailed, ""), text)
	}
}
