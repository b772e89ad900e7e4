package engine

import (
	"matcher/internal/engine/solver"
	"matcher/internal/recon"
)

// Texts are compared as people read them: upper case, without accents, words parted by one space (textSteps). Equal
// texts are joined to one number, as keys are, so a similarity is computed once for two kinds of text.

// textSteps normalise a text before it is compared.
var textSteps = []string{"foldAccents", "upper", solver.Spaced}

// textRule is what a rule asks of two texts.
type textRule struct {
	pair      int // of Plan.texts
	algorithm string
	min       int64 // of 10,000
}

// similarityScale is the number of decimals of a similarity.
const similarityScale = 4

func (p *Plan) textRule(r *recon.Rule, side [2]int) *textRule {
	if r.Text == (recon.RuleText{}) {
		return nil
	}
	least, _ := r.Text.Min.Scaled(similarityScale)
	key := recon.RuleKey{Normalise: textSteps}
	pair := keyPair{
		column: [2]int{p.keyColumn(side[0], r.Text.Left, &key), p.keyColumn(side[1], r.Text.Right, &key)},
		side:   side,
	}
	return &textRule{indexOrAppend(&p.texts, pair), r.Text.Algorithm, least}
}

// rememberTexts gives a rule that compares texts room for its results.
func (x *evaluator) rememberTexts() {
	if x.text != nil && x.similar == nil {
		x.similar = solver.NewSimilarityCache()
	}
}

// textHeld returns how alike two rows' texts are, and whether that is enough for the rule.
func (x *evaluator) textHeld(left, right uint32) (similar int64, held bool) {
	j := x.texts[x.text.pair]
	a, b := j.ids[LeftIndex][left], j.ids[RightIndex][right]
	switch {
	case a == 0 || b == 0:
		return 0, false
	case a == b:
		return full, true
	}
	similar, known := x.similar.Find(a, b)
	if !known {
		texts := [2][]byte{x.textOf(LeftIndex, left), x.textOf(RightIndex, right)}
		similar = solver.Similarity(x.text.algorithm, texts[0], texts[1])
		x.similar.Keep(a, b, similar)
	}
	return similar, similar >= x.text.min
}

// textOf is a row's text as it is compared.
func (x *evaluator) textOf(side int, row uint32) []byte {
	t := x.tables[side]
	return t.text(t.keys[x.plan.texts[x.text.pair].column[side]].start[row])
}

// hasText reports whether a row has the text that the rule compares.
func (x *evaluator) hasText(side int, row uint32) bool {
	return x.text == nil || x.tables[side].keys[x.plan.texts[x.text.pair].column[side]].start[row] != noText
}
