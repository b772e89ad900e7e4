//go:build unit || !integration

package mapping

import (
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
