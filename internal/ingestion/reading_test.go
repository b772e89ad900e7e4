//go:build integration

package ingestion_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

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
		t.Run("not a file with another column of money, nor one of a source that counts the other way round now", func(t *testing.T) {
			more := strings.Replace(strings.ReplaceAll(unsigned(40), "\n", ",Zorp\n"), "reference,Zorp", "reference,status", 1)
			_, err := s.Import(b.ctx, b.source.ID, file(strings.Replace(more, "Zorp", "Completed", 1)))
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

func TestOpenRowsOfTheOtherSideTurnAFileRound(t *testing.T) {
	t.Parallel()
	statement := func(id string, rows int, sign [2]string) string {
		text := header
		for i := range rows {
			text += fmt.Sprintf("%s%d,2026-03-%02d,%s%d.10,EUR,PAY-%04d,payment\n", id, i, i%28+1, sign[i%2], i+1, i)
		}
		return text
	}
	plain, opposite := [2]string{"", "-"}, [2]string{"-", ""}
	books := func(t *testing.T, b *bundle, s *ingestion.Service, text string) {
		t.Helper()
		var ledger recon.Source
		require.NoError(t, b.DB.Tx(b.ctx, func(tx *postgres.Tx) (err error) {
			ledger, err = tx.CreateSource(b.ctx, recon.Source{
				ContextID: b.context.ID, Name: "ledger", Side: recon.Left, Currency: "EUR", TimeZone: "UTC",
			})
			return err
		}))
		_, err := s.Import(b.ctx, ledger.ID, file(text))
		require.NoError(t, err)
	}
	t.Run("as both files of a match would", func(t *testing.T) {
		s, b := setup(t)
		books(t, b, s, statement("L", 40, plain))
		text := statement("B", 40, opposite)
		p, err := s.Preview(b.ctx, b.source.ID, file(text))
		require.NoError(t, err)
		require.Contains(t, strings.Join(p.Detection.Notes, "\n"), "turned round: 40 of 40 rows that share a reference")
		require.Equal(t, map[string]string{"EUR": "-20.00"}, p.Sums)
		require.Equal(t, p.Sums, b.load(t, s, text).Sums)
		next := b.load(t, s, statement("C", 2, opposite))
		require.Equal(t, map[string]string{"EUR": "-1.00"}, next.Sums, "so is the next file, whatever is open")
	})
	for name, c := range map[string]struct{ books, bank string }{
		"few rows are a question": {statement("L", 40, plain), statement("B", 4, opposite)},
		"so are signs of books that are only a convention": {
			strings.NewReplacer("amount,currency", "debit,credit,currency", ".10,EUR", ".10,,EUR").
				Replace(statement("L", 40, [2]string{})), statement("B", 40, [2]string{"-", "-"}),
		},
	} {
		t.Run(name, func(t *testing.T) {
			s, b := setup(t)
			books(t, b, s, c.books)
			_, err := s.Import(b.ctx, b.source.ID, file(c.bank))
			var open *ingestion.OpenQuestionsError
			require.ErrorAs(t, err, &open)
			require.Equal(t, "sign", open.Questions[0].ID)
			asWritten := ingestion.File{Name: "b.csv", Body: strings.NewReader(c.bank), Answers: map[string]int{"sign": 2}}
			_, err = s.Import(b.ctx, b.source.ID, asWritten)
			require.NoError(t, err)
		})
	}
	t.Run("not where a balance or a map states them", func(t *testing.T) {
		s, b := setup(t)
		books(t, b, s, statement("L", 40, plain))
		b.mapped(t)
		p, err := s.Preview(b.ctx, b.source.ID, file(statement("B", 40, opposite)))
		require.NoError(t, err)
		require.Equal(t, map[string]string{"EUR": "20.00"}, p.Sums)
		require.Contains(t, strings.Join(p.Detection.Notes, "\n"), "negate of the source turns it round")
	})
}

func TestWhatAMapLeavesOutIsReadAsInTheLastFile(t *testing.T) {
	t.Parallel()
	s, b := setup(t)
	partial := recon.FieldMap{Fields: map[string]recon.MapField{
		recon.FieldExternalID: recon.Column("id"), recon.FieldDate: recon.Column("date"),
	}}
	month := func(id, date string) string { // date has the number of a row
		text := "id,date,amount,reference\n"
		for i := range 12 {
			text += fmt.Sprintf("%s%d,"+date+",%d.25,R%d\n", id, i, i+1, i+1, i)
		}
		return text
	}
	b.maps(t, partial)
	_, err := s.Import(b.ctx, b.source.ID, file(month("B", "%02d/04/2026")))
	require.Equal(t, recon.CodeNotDetected, recon.CodeOf(err), "by itself it is ambiguous")
	march := strings.Replace(month("A", "%02d/03/2026"), "01/03/2026", "31/03/2026", 1)
	b.load(t, s, march)
	april := b.load(t, s, month("B", "%02d/04/2026"))
	require.Contains(t, april.Detection, "as the last file was")
	for _, tx := range b.transactions(t, recon.TransactionFilter{SourceID: b.source.ID}) {
		if strings.HasPrefix(tx.ExternalID, "B") {
			require.Equal(t, time.April, tx.Date.Time().Month(), tx.ExternalID)
		}
	}

	american := strings.Replace(month("C", "05/%02d/2026"), "05/01/2026", "05/31/2026", 1)
	_, err = s.Import(b.ctx, b.source.ID, file(american))
	require.ErrorContains(t, err, "the last file of this source had dateFormat", "one row is not just a reject")
	require.Equal(t, recon.CodeReadingQuestion, recon.CodeOf(err))
	partial.Fields[recon.FieldReference] = recon.Column("reference")
	b.maps(t, partial)
	require.NotContains(t, b.load(t, s, american).Detection, "as the last file was", "another map is a new beginning")
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
