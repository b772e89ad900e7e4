package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"matcher/internal/recon"
)

// countScores adds what was decided on groups of runs to what their scores have been worth. Unmatching takes back the
// confirmation as given.
func (tx *Tx) countScores(ctx context.Context, groups []*decidedGroup) error {
	var keys []int64
	var confirmed, refused []int32
	for _, g := range groups {
		if g.to == g.Status {
			continue // a comment
		}
		keys = append(keys, g.Key)
		right, wrong := int32(1), int32(0)
		if g.to != recon.GroupConfirmed {
			right, wrong = 0, 1
			if g.Approved {
				right = -1
			}
		}
		confirmed, refused = append(confirmed, right), append(refused, wrong)
	}
	// The contexts are locked, so no other transaction counts at the same time.
	_, err := tx.exec(ctx, "counting what scores are worth", `
		WITH told AS (
			SELECT g.context_num, g.score, sum(u.confirmed) AS confirmed, sum(u.refused) AS refused
			FROM unnest(@keys::bigint[], @confirmed::integer[], @refused::integer[]) AS u (key, confirmed, refused)
			JOIN match_groups g ON g.id = u.key
			WHERE g.id >> 32 > 0
			GROUP BY g.context_num, g.score
		), known AS (
			UPDATE score_decisions s SET confirmed = s.confirmed + t.confirmed, refused = s.refused + t.refused
			FROM told t WHERE s.context_num = t.context_num AND s.score = t.score
			RETURNING s.context_num, s.score
		)
		INSERT INTO score_decisions (context_num, score, confirmed, refused)
		SELECT t.context_num, t.score, t.confirmed, t.refused FROM told t
		WHERE NOT EXISTS (SELECT FROM known k WHERE k.context_num = t.context_num AND k.score = t.score)`,
		pgx.NamedArgs{"keys": keys, "confirmed": confirmed, "refused": refused})
	return err
}

// fillConfidence adds to each group of a run how often people found groups of about its score right.
func (tx *Tx) fillConfidence(ctx context.Context, groups []recon.StoredGroup) error {
	decided := map[string][]recon.ScoreDecisions{}
	for i := range groups {
		g := &groups[i]
		if g.RunID == "" {
			continue
		}
		scores, read := decided[g.ContextID]
		if !read {
			var err error
			if scores, err = all[recon.ScoreDecisions](tx.query(ctx, `
				SELECT s.score, s.confirmed, s.refused FROM score_decisions s JOIN contexts c ON c.num = s.context_num
				WHERE c.id = $1 ORDER BY s.score`, g.ContextID)); err != nil {
				return fmt.Errorf("reading what scores are worth: %w", err)
			}
			decided[g.ContextID] = scores
		}
		g.Confidence = recon.ConfidenceOf(g.Score, scores)
	}
	return nil
}
