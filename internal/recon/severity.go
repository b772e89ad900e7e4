package recon

import "fmt"

// Severity is how much an exception matters.
type Severity uint8

// The severities, from least to most. They are stored as numbers, so that lists sort by them.
const (
	_ Severity = iota
	SeverityLow
	SeverityMedium
	SeverityHigh
	SeverityCritical
)

// Severities are the texts of Severity, by value.
var Severities = []string{
	"", SeverityLow: "LOW", SeverityMedium: "MEDIUM", SeverityHigh: "HIGH", SeverityCritical: "CRITICAL",
}

// String returns the text of the severity, "" for none.
func (s Severity) String() string { return Severities[s] }

// MarshalText writes the text.
func (s Severity) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads a text that MarshalText writes.
func (s *Severity) UnmarshalText(text []byte) error { return readEnum(s, Severities, string(text)) }

// Scan reads a column of numbers.
func (s *Severity) Scan(column any) error {
	n, ok := column.(int64)
	if !ok || n < int64(SeverityLow) || n > int64(SeverityCritical) {
		return fmt.Errorf("%v is no severity", column)
	}
	*s = Severity(n)
	return nil
}
