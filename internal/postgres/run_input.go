package postgres

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"matcher/internal/recon"
)

// packRows writes ids that grow as runs of neighbours: how far a run begins behind the end of the one before, and how
// many ids follow its first. The rows of a file that is fresh are one run, five bytes.
func packRows(ids []int64) []byte {
	packed, last := []byte{}, int64(0)
	for at := 0; at < len(ids); {
		end := at + 1
		for end < len(ids) && ids[end] == ids[end-1]+1 {
			end++
		}
		packed = binary.AppendUvarint(packed, uint64(ids[at]-last))
		packed = binary.AppendUvarint(packed, uint64(end-at-1))
		last, at = ids[end-1], end
	}
	return packed
}

// unpackRows is the way back; most bounds what it gives.
func unpackRows(packed []byte, most int) ([]int64, error) {
	var ids []int64
	for last := int64(0); len(packed) > 0; {
		gap, n := binary.Uvarint(packed)
		more, m := binary.Uvarint(packed[max(n, 0):])
		if n <= 0 || m <= 0 {
			return nil, errors.New("the rows of a run cannot be read")
		}
		if more >= uint64(most-len(ids)) {
			return nil, recon.Conflict(recon.CodeRunNotReplayable,
				"the run read more than %d rows, which is more than is replayed", most)
		}
		packed = packed[n+m:]
		last += int64(gap)
		for i := range int64(more) + 1 {
			ids = append(ids, last+i)
		}
		last += int64(more)
	}
	return ids, nil
}

func (tx *Tx) saveRunInput(ctx context.Context, runNum int64, rows []int64) error {
	_, err := tx.exec(ctx, "storing which rows the run read", `INSERT INTO run_inputs (run_num, body) VALUES ($1, $2)`, runNum, packRows(rows))
	return err
}

// RunRows are the ids of the rows that a run read, in order; false means that they were not kept.
func (tx *Tx) RunRows(ctx context.Context, runNum int64, most int) (ids []int64, kept bool, err error) {
	packed, err := value[[]byte](tx.query(ctx, `SELECT body FROM run_inputs WHERE run_num = $1`, runNum))
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, fmt.Errorf("reading which rows the run read: %w", err)
	}
	ids, err = unpackRows(packed, most)
	return ids, true, err
}

// RowsByKey reads rows of some sources, whatever their state. Those that are gone are left out.
func (tx *Tx) RowsByKey(ctx context.Context, keys []int64, r RowReader) error {
	return tx.eachRow(ctx, r, pgx.NamedArgs{"keys": keys}, func(selected string) string {
		return selected + `
			FROM unnest(@keys::bigint[]) AS k (id) JOIN transactions t ON t.id = k.id
			WHERE t.source_num = ANY (@nums::integer[])`
	})
}

// RunGroups hands the groups of a run that are still there to see, in order; the row is reused.
func (tx *Tx) RunGroups(ctx context.Context, runNum int64, see func(*GroupRow) error) error {
	first, last := rowIDs(runNum)
	rows := tx.query(ctx, `
		SELECT g.id & 4294967295, coalesce(g.rule_id::text, ''), g.rule_version, g.left_amount, g.right_amount, g.difference,
			g.residual, g.score, g.alternatives, coalesce(d.from_status, g.status), g.currency, coalesce(g.difference_reason, ''),
			coalesce(g.held_by, ''), g.left_ids, g.right_ids, g.evidence, g.status,
			coalesce((SELECT l.to_status FROM group_decisions l WHERE l.group_id = g.id ORDER BY l.ordinal DESC LIMIT 1), '')
		FROM match_groups g LEFT JOIN group_decisions d ON d.group_id = g.id AND d.ordinal = 1
		WHERE g.id BETWEEN $1 AND $2 ORDER BY g.id`, first, last)
	var g GroupRow
	_, err := pgx.ForEachRow(rows, []any{
		&g.Ordinal, &g.RuleID, &g.RuleVersion, &g.LeftAmount, &g.RightAmount, &g.Difference, &g.Residual, &g.Score,
		&g.Alternatives,
		&g.Status, &g.Currency, &g.DifferenceReason, &g.HeldBy, &g.Left, &g.Right, &g.Evidence, &g.Now, &g.Recorded,
	}, func() error { return see(&g) })
	return err
}

// GroupPublicID is the id under which a group of a run is known.
func (tx *Tx) GroupPublicID(runNum, ordinal int64) string {
	return tx.ids(kindGroup).Public(rowID(runNum, ordinal))
}
