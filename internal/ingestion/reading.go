package ingestion

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"matcher/internal/mapping"
	"matcher/internal/postgres"
	"matcher/internal/recon"
)

// Reading is how a file of an import was read: its map, and what each decision rests on.
type Reading struct {
	FieldMap  recon.FieldMap    `json:"fieldMap"`
	Detection mapping.Detection `json:"detection"`
	Columns   []string          `json:"columns"` // of the file, when it began
	Settings  ReadingSettings   `json:"settings"`
}

// ReadingSettings are what the source itself added to the map.
type ReadingSettings struct {
	Currency string `json:"currency,omitempty"`
	TimeZone string `json:"timeZone"`
	Negate   bool   `json:"negate"`
}

func settingsOf(s recon.Source) ReadingSettings {
	return ReadingSettings{s.Currency, s.TimeZone, s.Negate}
}

func (t target) reading(r *mapping.Reader) Reading {
	return Reading{FieldMap: r.FieldMap(), Detection: r.Detection, Columns: t.columns, Settings: settingsOf(t.source)}
}

// recallReading takes over how the source's last file was read, so that signs, dates and decimals do not change from
// one file to the next. A source that was given another currency, zone or sign since then is detected anew.
func (t *target) recallReading(ctx context.Context, tx *postgres.Tx) error {
	text, err := tx.LastReading(ctx, t.source.ID)
	if err != nil || text == nil {
		return err
	}
	var last Reading
	if err := json.Unmarshal(text, &last); err != nil {
		return fmt.Errorf("decoding the last reading: %w", err)
	}
	if last.Settings == settingsOf(t.source) {
		t.earlier = &mapping.Earlier{Map: last.FieldMap, Columns: last.Columns}
	}
	return nil
}

// describe is how a file is read, in a line for people.
func describe(r *mapping.Reader) string {
	how := r.Detection.String()
	switch {
	case r.Detection.Earlier:
		how = "as the last file was"
	case r.Detection.Export != "":
		how = "known export: " + r.Detection.Export + " " + how
	}
	return strings.TrimSpace(r.Found() + "; " + how)
}

// Question is what a file leaves open about its money.
type Question = mapping.Question

// OpenQuestionsError is the refusal of a file that leaves something open. It unwraps to a *recon.Error.
type OpenQuestionsError struct {
	Questions []Question
	refusal   error
}

func (q *OpenQuestionsError) Error() string { return q.refusal.Error() }

// Unwrap returns the refusal without the questions as data.
func (q *OpenQuestionsError) Unwrap() error { return q.refusal }

// openQuestions refuses a file whose questions are not all answered.
func openQuestions(r *mapping.Reader) error {
	if err := r.Unsettled(); err != nil {
		return &OpenQuestionsError{r.Detection.Questions, err}
	}
	return nil
}

// ParseAnswer reads the answer to a question, as "direction=1".
func ParseAnswer(text string) (id string, number int, err error) {
	id, number, ok := mapping.ParseAnswer(text)
	if !ok {
		err = recon.Unprocessable(recon.CodeValidationFailed,
			"an answer is the id of a question and the number of the answer, such as direction=1")
	}
	return id, number, err
}

// ReadingOf is how an import was read.
func ReadingOf(ctx context.Context, tx *postgres.Tx, importID string) (read Reading, err error) {
	text, err := tx.ImportReading(ctx, importID)
	if err == nil {
		err = json.Unmarshal(text, &read)
	}
	return read, err
}
