package recon

import "time"

// ImportStatus is what became of a file.
type ImportStatus string

// A file is in, or it is not; a completed one can be taken back whole.
const (
	ImportCompleted ImportStatus = "COMPLETED"
	ImportFailed    ImportStatus = "FAILED"
	ImportVoided    ImportStatus = "VOIDED"
)

// Kinds of rows that an import lists, besides those that it took.
const (
	RowsRejected = "REJECTED"
	RowsSetAside = CodeSetAside
	RowsRepeated = "REPEATED" // duplicates that are not letter for letter the row that is kept
)

// Import is one file that was loaded into a source. RowsRead = RowsInserted + RowsDuplicate + RowsRejected +
// RowsSetAside.
type Import struct {
	ID              string            `json:"id"`
	Num             int64             `json:"-"`
	SourceID        string            `json:"sourceId"`
	FileName        string            `json:"fileName"`
	Format          string            `json:"format"`
	SizeBytes       int64             `json:"sizeBytes"`
	SHA256          string            `json:"sha256"` // of the file's bytes, hex
	FieldMapVersion int               `json:"fieldMapVersion"`
	Status          ImportStatus      `json:"status"`
	RowsRead        int64             `json:"rowsRead"`
	RowsInserted    int64             `json:"rowsInserted"`
	RowsDuplicate   int64             `json:"rowsDuplicate"`
	RowsRejected    int64             `json:"rowsRejected"`
	RowsSetAside    int64             `json:"rowsSetAside"` // no movements of money: balances, totals, payments that failed
	RowsChanged     int64             `json:"rowsChanged"`  // of RowsDuplicate: with another text or balance than the row that is kept
	Findings        int64             `json:"findings"`     // that contradict the file or an earlier one: control totals, gaps
	Original        bool              `json:"original"`     // the file's bytes are kept
	Sums            map[string]string `json:"sums"`         // of the inserted rows, per currency
	Detection       string            `json:"detection,omitempty"`
	CreatedAt       time.Time         `json:"createdAt"`
	CreatedBy       string            `json:"createdBy"`
	VoidedAt        *time.Time        `json:"voidedAt,omitempty"`
}
