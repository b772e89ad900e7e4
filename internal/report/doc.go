// Package report turns the result of a reconciliation into what people read: rows, sums, tables and one page.
//
// A thing has one shape here, whatever it comes from: an open row of a run in memory and one that a service stored
// have the same columns, and the bridge of both is the same line. CSV for spreadsheets runs no formula, JSON is for
// machines, and the page is self-contained. The package writes to an io.Writer and reads no clock, file or database.
package report
