-- What a score has been worth: the last word of people on the groups that runs made, counted as it is spoken, so that
-- showing it with every group reads no history.
CREATE TABLE score_decisions (
    context_num integer NOT NULL,
    score       integer NOT NULL CHECK (score BETWEEN 0 AND 100),
    confirmed   bigint NOT NULL CHECK (confirmed >= 0),
    refused     bigint NOT NULL CHECK (refused >= 0), -- rejected, or unmatched whoever had confirmed them
    PRIMARY KEY (context_num, score)
);
INSERT INTO score_decisions
SELECT g.context_num, g.score,
    count(*) FILTER (WHERE g.status = 'CONFIRMED'), count(*) FILTER (WHERE g.status IN ('REJECTED', 'UNMATCHED'))
FROM match_groups g
WHERE g.id >> 32 > 0 AND g.status IN ('CONFIRMED', 'REJECTED', 'UNMATCHED')
    AND EXISTS (SELECT FROM group_decisions d WHERE d.group_id = g.id AND d.to_status = g.status AND d.from_status NOT IN ('', g.status))
GROUP BY g.context_num, g.score;
