package testkit

import (
	"context"
	"fmt"
	"testing"

	"github.com/jackc/pgx/v5"

	"matcher/internal/auth"
)

// oracles are queries over one tenant's tables that find nothing while its data is sound. Each row that one does find
// returns what is wrong. They run on one snapshot, with the tenant's schema on the path.
var oracles = []struct{ name, sql string }{
	{"O1 rows: of an import, stored + duplicates + rejected + set aside = read, and stored rows are there until it is voided", `
		SELECT format('import %s: read %s, stored %s (found %s), duplicate %s, rejected %s, set aside %s', num, rows_read, rows_inserted, found, rows_duplicate, rows_rejected, rows_set_aside)
		FROM imports CROSS JOIN LATERAL (SELECT count(*) AS found FROM transactions t WHERE t.id >> 32 = imports.num) AS f
		WHERE rows_read <> rows_inserted + rows_duplicate + rows_rejected + rows_set_aside
			OR found <> CASE status WHEN 'COMPLETED' THEN rows_inserted ELSE 0 END`},
	{"O1 rows: every stored row is of an import, every kept reject is of one and none is counted twice", `
		SELECT format('transaction %s has no import', id) FROM transactions t WHERE NOT EXISTS (SELECT FROM imports i WHERE i.num = t.id >> 32)
		UNION ALL
		SELECT format('import %s keeps %s rejects of %s, %s set aside of %s, %s repeated of %s', i.num, r.rejected, i.rows_rejected, r.aside, i.rows_set_aside, r.repeated, i.rows_duplicate)
		FROM imports i JOIN (
			SELECT import_num, count(DISTINCT row) FILTER (WHERE kind = 'REJECTED') AS rejected,
				count(DISTINCT row) FILTER (WHERE kind = 'SET_ASIDE') AS aside, count(DISTINCT row) FILTER (WHERE kind = 'REPEATED') AS repeated
			FROM import_rejects GROUP BY import_num) r ON r.import_num = i.num
		WHERE r.rejected > i.rows_rejected OR r.aside > i.rows_set_aside OR r.repeated > i.rows_duplicate OR i.rows_changed > i.rows_duplicate`},
	{"O2 money: of a source and currency, in = confirmed + proposed + partial + open + ignored", `
		SELECT format('source %s %s: in %s, confirmed %s, proposed %s, partial %s, open %s, ignored %s', source_num, currency,
			sum(amount), sum(amount) FILTER (WHERE state = 'CONFIRMED'), sum(amount) FILTER (WHERE state = 'PROPOSED'),
			sum(amount) FILTER (WHERE state = 'PARTIAL'), sum(amount) FILTER (WHERE state = 'OPEN'), sum(amount) FILTER (WHERE state = 'IGNORED'))
		FROM (
			SELECT t.source_num, t.currency, t.amount::numeric AS amount,
				CASE WHEN a.transaction_id IS NOT NULL AND i.transaction_id IS NOT NULL THEN 'BOTH'
					WHEN i.transaction_id IS NOT NULL THEN 'IGNORED'
					WHEN a.transaction_id IS NULL THEN 'OPEN'
					ELSE coalesce(g.status, 'NO GROUP') END AS state
			FROM transactions t
			LEFT JOIN active_items a ON a.transaction_id = t.id
			LEFT JOIN match_groups g ON g.id = a.group_id AND NOT g.preview
			LEFT JOIN ignored_items i ON i.transaction_id = t.id
		) AS stated
		GROUP BY source_num, currency
		HAVING count(*) FILTER (WHERE state NOT IN ('CONFIRMED', 'PROPOSED', 'PARTIAL', 'OPEN', 'IGNORED')) > 0`},
	{"O3 no transaction is in two active groups, nor twice in one", `
		SELECT format('transaction %s is in groups %s', member, array_agg(id ORDER BY id)) FROM (
			SELECT id, unnest(left_ids || right_ids) AS member FROM match_groups
			WHERE NOT preview AND status IN ('CONFIRMED', 'PROPOSED', 'PARTIAL')
			UNION ALL SELECT group_id, booked_by FROM adjustments WHERE booked_by IS NOT NULL
		) AS members GROUP BY member HAVING count(*) > 1`},
	{"O5 a transaction is held exactly by the active group that names it", `
		SELECT format('transaction %s: held by %s, named by %s', coalesce(a.transaction_id, m.member), a.group_id, m.id)
		FROM active_items a FULL JOIN (
			SELECT id, unnest(left_ids || right_ids) AS member FROM match_groups
			WHERE NOT preview AND status IN ('CONFIRMED', 'PROPOSED', 'PARTIAL')
			UNION ALL SELECT group_id, booked_by FROM adjustments WHERE booked_by IS NOT NULL
		) AS m ON m.member = a.transaction_id AND m.id = a.group_id
		WHERE a.transaction_id IS NULL OR m.member IS NULL
		UNION ALL
		SELECT format('group %s names transaction %s, which does not exist', id, member)
		FROM (SELECT id, unnest(left_ids || right_ids) AS member FROM match_groups WHERE NOT preview AND status IN ('CONFIRMED', 'PROPOSED', 'PARTIAL')) AS m
		WHERE NOT EXISTS (SELECT FROM transactions t WHERE t.id = m.member)`},
	{"what scores are worth is the last decisions on the groups of runs", `
		SELECT format('context %s, score %s: counted %s right of %s, decided %s of %s', context_num, score, s.confirmed,
			s.confirmed + s.refused, d.confirmed, d.confirmed + d.refused)
		FROM score_decisions s FULL JOIN (
			SELECT context_num, score, count(*) FILTER (WHERE status = 'CONFIRMED') AS confirmed, count(*) FILTER (WHERE status <> 'CONFIRMED') AS refused
			FROM match_groups g
			WHERE id >> 32 > 0 AND EXISTS (SELECT FROM group_decisions d
				WHERE d.group_id = g.id AND d.to_status = g.status AND d.from_status NOT IN ('', g.status))
				AND status IN ('CONFIRMED', 'REJECTED', 'UNMATCHED')
			GROUP BY context_num, score
		) AS d USING (context_num, score)
		WHERE (s.confirmed, s.refused) IS DISTINCT FROM (coalesce(d.confirmed, 0), coalesce(d.refused, 0))`},
	{"O5 what a run reads: every open row of a file that a run has listed is on the list of open rows, and nothing else may be but rows of such files", `
		SELECT format('transaction %s is open and not listed, so no run will see it', t.id)
		FROM imports i JOIN transactions t ON t.id >> 32 = i.num
		LEFT JOIN active_items a ON a.transaction_id = t.id
		LEFT JOIN match_groups g ON g.id = a.group_id
		WHERE i.listed AND NOT EXISTS (SELECT FROM ignored_items n WHERE n.transaction_id = t.id)
			AND (a.transaction_id IS NULL
				OR g.status = 'PROPOSED' AND NOT EXISTS (SELECT FROM group_decisions d WHERE d.group_id = g.id)
				OR g.status = 'PARTIAL' AND g.residual = g.difference)
			AND NOT EXISTS (SELECT FROM open_items o WHERE o.source_num = t.source_num AND o.transaction_id = t.id)
		UNION ALL
		SELECT format('transaction %s is listed as open: row %s, file listed %s', o.transaction_id, t.id, i.listed)
		FROM open_items o LEFT JOIN transactions t ON t.id = o.transaction_id AND t.source_num = o.source_num
		LEFT JOIN imports i ON i.num = o.transaction_id >> 32
		WHERE t.id IS NULL OR i.listed IS NOT TRUE`},
	{"O7 audit rows and events are numbered without a gap up to the head", `
		SELECT format('%s: %s rows, first %s, last %s, head %s', what, n, first, last, head) FROM (
			SELECT 'audit_log' AS what, count(*) AS n, coalesce(min(seq), 1) AS first, coalesce(max(seq), 0) AS last, (SELECT audit_seq FROM head) AS head FROM audit_log
			UNION ALL
			SELECT 'events', count(*), coalesce(min(seq), 1), coalesce(max(seq), 0), (SELECT event_seq FROM head) FROM events
		) AS numbered WHERE n <> last OR first <> 1 OR last <> head OR (SELECT count(*) FROM head) <> 1`},
}

// Violations is what the oracles find in a tenant's data: nothing, when it is sound. conn sees through the walls.
func Violations(t testing.TB, conn *pgx.Conn, tenantID string) (found []string) {
	t.Helper()
	ctx := context.WithoutCancel(t.Context())
	begin := pgx.TxOptions{BeginQuery: "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL search_path TO " + auth.QuoteIdentifier(tenantID)}
	err := pgx.BeginTxFunc(ctx, conn, begin, func(tx pgx.Tx) error {
		for _, oracle := range oracles {
			rows, err := tx.Query(ctx, oracle.sql)
			if err != nil {
				return fmt.Errorf("%s: %w", oracle.name, err)
			}
			lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
			if err != nil {
				return fmt.Errorf("%s: %w", oracle.name, err)
			}
			for _, line := range lines {
				found = append(found, oracle.name+": "+line)
			}
		}
		lines, err := outsideTolerance(ctx, tx)
		for _, line := range lines {
			found = append(found, toleranceOracle+": "+line)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// RequireSound fails the test when an oracle finds anything in the tenant's data.
func (i *Installation) RequireSound(t testing.TB, tenantID string) {
	t.Helper()
	for _, violation := range Violations(t, i.Owner(t), tenantID) {
		t.Error(violation)
	}
}
