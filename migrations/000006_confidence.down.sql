DROP TABLE score_decisions;
