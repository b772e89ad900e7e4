package mapping

import "matcher/internal/recon"

// SignPair is the amounts of two rows, one a side, that some key joins.
type SignPair struct{ Left, Right recon.Minor }

// SignEvidence is what joined rows say about the sign conventions of two files.
type SignEvidence struct {
	Joined   int `json:"joined"`   // pairs with an amount on both sides
	Opposite int `json:"opposite"` // of them with opposite signs
}

// signPairsMin and signPercentMin are how much evidence turns a file round: refunds and corrections meet their
// opposites by nature, so a few or a mere majority prove nothing.
const (
	signPairsMin   = 5
	signPercentMin = 90
)

// CompareSigns counts the pairs whose signs differ. Pairs with a zero say nothing.
func CompareSigns(pairs []SignPair) SignEvidence {
	var e SignEvidence
	for _, p := range pairs {
		if p.Left == 0 || p.Right == 0 {
			continue
		}
		e.Joined++
		if (p.Left < 0) != (p.Right < 0) {
			e.Opposite++
		}
	}
	return e
}

// Reversed says whether one of the two files should be read with negate turned over.
func (e SignEvidence) Reversed() bool {
	return e.Joined >= signPairsMin && e.Opposite*100 >= e.Joined*signPercentMin
}

// Suspect says whether the signs of nearly all joined rows differ, however few they are: enough to ask, not to act.
func (e SignEvidence) Suspect() bool {
	return e.Opposite > 0 && e.Opposite*100 >= e.Joined*signPercentMin
}

// Percent of the joined rows with opposite signs, rounded down.
func (e SignEvidence) Percent() int {
	if e.Joined == 0 {
		return 0
	}
	return e.Opposite * 100 / e.Joined
}
