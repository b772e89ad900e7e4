package recon

// Confidence is what a score has been worth so far: of the groups of about this score on which people had the last
// word, the share that they found right. It accompanies the score and decides nothing.
type Confidence struct {
	RightPercent int   `json:"rightPercent" doc:"Of the decided groups of about this score, those that people confirmed, in percent"`
	Decisions    int64 `json:"decisions"`
}

// ScoreDecisions is what people decided on the groups of one score.
type ScoreDecisions struct {
	Score              int
	Confirmed, Refused int64
}

// confidenceReach is how far a score may lie from another to be like it: a third of the least weight that a component
// of a score has.
const confidenceReach = 5

// ConfidenceOf is what scores like this one have been worth; nil before the first decision on one.
func ConfidenceOf(score int, decided []ScoreDecisions) *Confidence {
	var right, all int64
	for _, d := range decided {
		if max(score-d.Score, d.Score-score) <= confidenceReach {
			right += d.Confirmed
			all += d.Confirmed + d.Refused
		}
	}
	if all == 0 {
		return nil
	}
	return &Confidence{RightPercent: int((100*right + all/2) / all), Decisions: all}
}
