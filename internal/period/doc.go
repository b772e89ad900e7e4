// Package period is what one period hands to the next, so that months one by one come to the result of all months at
// once.
//
// A Closing writes open.ndjson: a head with the closing balances and how each source was read, the rows that are not
// settled, the partial groups and rejected sets among them, which rows are settled (so that a statement that overlaps
// is not taken twice), and an end that proves that nothing is missing. Read checks all of that and returns the Carry
// that the next period starts from. Each line states its type first. The package reads and writes streams: it knows
// no file, clock or database.
package period
