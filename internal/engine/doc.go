// Package engine matches two sides of the same money. It is pure: no clock, no database, no logger, no randomness, and
// no floating point on the way to a result. The same rows and rules give the same bytes, whatever the order of the
// rows, the number of cores or the machine.
//
// A caller compiles rules into a Plan, fills a Table a side with the fields that the plan reads, and calls Run. The
// Result holds row indexes and one-byte codes; Evidence, Compare and Describe put groups and nearest misses into words
// on demand. After Run an index is a row's rank in canonical order (date, amount, currency, external id, digest); ID
// returns what Add was given.
//
// # How a rule finds its pairs
//
// Rules run by priority on what is still open, those inside one side in their turn. Keys are joined by a
// radix-partitioned hash join that compares the texts themselves; without a key, rows are cut by currency (and by
// amount where it must be equal) and searched by windows in an index sorted by day and amount. No loop runs over a side
// for each row of the other. Rows equal in everything that the rule compares become one node with a count, so a million
// equal rows are one decision. Without a key, and where a rule prefers by age, rows that share a reference are matched
// first (prefer.go).
//
// A key may also hold where one value is part of the other (contain.go), texts may be compared by similarity
// (solver), amounts across currencies (currency.go) and after a fee schedule (fee.go), and a where predicate selects
// the rows that a rule looks at (package predicate). All of it is read into columns while a table is filled, and only
// where a rule asks.
//
// Candidates that could be confirmed are assigned first, then the rest, by connected component: most pairs, and among
// those the highest total, by min-cost flow with potentials. A component past exactWorkMax or past its share of the
// rule's budget is assigned best first with short augmenting paths; RuleCount.Gap bounds what that may have missed, and
// nothing from it is confirmed. A row with more candidates than its share of edgesMax keeps the nearest amounts, and
// whatever it matches is held by SEARCH_BUDGET.
//
// # Score
//
// Weights: keys 40, amount 30, date 15, text 15. The score is the weighted mean of closeness over what the rule
// compares; the keys' weight always counts, so no rule without a key passes 60. Closeness = 1 − difference / (2 ·
// allowed), counted in 1/10,000, so the boundary of a window is one half. Rounded half up once, at the end:
//
//	rule                            keys   amount            date          text       score
//	EXACT, keyed                    40·1   30·1              15·1                     85.00 / 85  = 100
//	TOLERANCE 0.50, 0.02 apart      40·1   30·0.98           15·1                     84.40 / 85  =  99
//	TOLERANCE 0.50, 0.50 apart      40·1   30·0.5            15·1                     70.00 / 85  =  82
//	DATE_LAG 0..3, 1 day            40·1   30·1              15·0.8333                82.50 / 85  =  97
//	DATE_LAG 0..3, 3 days           40·1   30·1              15·0.5                   77.50 / 85  =  91
//	amount ANY, keyed, same day     40·1   not compared      15·1                     55.00 / 55  = 100
//	EXACT without a key             0      30·1              15·1                     45.00 / 85  =  53
//	DATE_LAG without a key, 3 days  0      30·1              15·0.5                   37.50 / 85  =  44
//	EXACT, keyed, text 0.9          40·1   30·1              15·1          15·0.9     98.50 / 100 =  99
//	FUZZY, equal texts, same day    0      30·1              15·1          15·1       60.00 / 100 =  60
//	FUZZY, text 0.9, 1 day          0      30·1              15·0.8333     15·0.9     56.00 / 100 =  56
//
// A candidate that holds every predicate is at least PROPOSED. CONFIRMED needs a key held, no live key that
// contradicts, no other pairing exactly as good, a margin of ten points over the next best assignment, a limit on the
// difference, the difference and the amount within the rule's limits, all rows that one of them names, and the score at
// autoAt; HeldBy names the first gate that failed.
//
// # After the rules
//
// Open rows that take an earlier one of their side back are found (reverse.go), and the groups of those rows held. Then
// the differences of confirmed groups are held against what their month may write off (write_off.go), and rules of type
// POST book rows that no other rule could still match, one a group (post.go). What is left open is classified: whether
// it still waits (wait.go), and what came nearest to it (miss.go). In a period only groups with an anchor row are made,
// and the bridge holds the rows up to the cut-off.
//
// # Laws
//
// Every run is checked before it is returned: each row in one state and at most one group, money conserved on each side
// and between the sides to the minor unit (in 128 bits), every confirmed group judged again alone, every bridge tied. A
// ViolationError is a fault of the engine and must fail the run.
package engine
