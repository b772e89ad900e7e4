//go:build unit || !integration

package mapping

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/recon"
)

func TestQuestionsCarryTheirAnswers(t *testing.T) {
	t.Parallel()
	q := newQuestion("sign", "which way?", [][2]string{{"plus is in", "signs: asWritten"}, {"plus is out", "negate: true"}})
	require.Equal(t, "which way?\n  1. plus is in:   signs: asWritten\n  2. plus is out:   negate: true", q.String())
	require.Equal(t, recon.FieldMap{Fields: map[string]recon.MapField{}, Negate: true}, q.Answers[1].Patch)
	require.NoError(t, openQuestions(nil))
	err := openQuestions([]Question{q})
	require.Equal(t, recon.CodeReadingQuestion, recon.CodeOf(err))
	require.ErrorContains(t, err, "/sign: which way?")
	require.Panics(t, func() { newQuestion("x", "", [][2]string{{"", "nothing: here"}}) })
}

func TestAnswersToNothingAreRefusedOrNoted(t *testing.T) {
	t.Parallel()
	const text = "id,date,amount,currency\nA,2026-03-01,1.00,EUR\n"
	answers := map[string]int{"dateFormat": 2}
	for name, hints := range map[string]Hints{
		"detected": {Answers: answers}, "a map": {Answers: answers, Map: &recon.FieldMap{DateFormat: "YYYY-MM-DD"}},
	} {
		err := opened(t, text, hints).SettleWith(OtherSide{})
		require.ErrorContains(t, err, `there is no question "dateFormat"`, name)
		require.ErrorContains(t, err, "nothing is open", name)
	}
	qif, err := Open(strings.NewReader("!Type:CCard\nD26/01/2026\nT-12.50\nPA\n^\n"), "x.qif", Hints{Answers: answers})
	require.NoError(t, err)
	require.ErrorContains(t, qif.SettleWith(OtherSide{}), `there is no question "dateFormat"`)

	first := opened(t, text, Hints{})
	r := opened(t, text, Hints{Answers: answers, Earlier: &Earlier{Map: first.Lasting()}})
	require.NoError(t, r.SettleWith(OtherSide{}))
	require.Contains(t, strings.Join(r.Detection.Notes, "\n"), `there is no question "dateFormat"`)
}
