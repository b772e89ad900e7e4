// Package solver holds algorithms that know no row, rule or money: graphs and numbers go in, flows and sets come out.
//
//   - Assignment pairs the nodes of two sides: most pairs, and among those the highest total.
//   - SubsetSearch finds items that add up to a target.
//   - Union finds connected components.
//   - Similarity compares two texts, Sort orders numbers by a key, and InParallel spreads work over all cores.
//
// Everything is deterministic: no answer depends on the number of cores, on time or on the order of a map.
package solver
