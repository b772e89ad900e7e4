package ingestion

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"matcher/internal/mapping"
	"matcher/internal/postgres"
	"matcher/internal/recon"
)

// Reading is how a file of an import was read: its map, and what each decision rests on.
type Reading struct {
	FieldMap  recon.FieldMap    `json:"fieldMap"`
	Detection mapping.Detection `json:"detection"`
	Columns   []string          `json:"columns"`            // of the file, when it began
	Answered  []string          `json:"answered,omitempty"` // ids of the questions about it that were answered
	Settings  ReadingSettings   `json:"settings"`
}

// ReadingSettings are what the source itself added to the map.
type ReadingSettings struct {
	Currency string `json:"currency,omitempty"`
	TimeZone string `json:"timeZone"`
	Negate   bool   `json:"negate"`
	Account  string `json:"account,omitempty"`

	FieldMapVersion int `json:"fieldMapVersion,omitempty"` // 0: it has no map of its own
}

func settingsOf(s recon.Source) ReadingSettings {
	return ReadingSettings{s.Currency, s.TimeZone, s.Negate, s.Account, s.FieldMapVersion}
}

func (t target) reading(r *mapping.Reader) Reading {
	return Reading{
		FieldMap: r.FieldMap(), Detection: r.Detection, Columns: t.columns, Answered: r.Answered(),
		Settings: settingsOf(t.source),
	}
}

// recallReading takes over how the source's last file was read, so that signs, dates and decimals do not change from
// one file to the next. A source that was given another currency, zone, sign or map since then is detected anew.
func (t *target) recallReading(ctx context.Context, tx *postgres.Tx) error {
	last, err := lastReading(ctx, tx, t.source.ID)
	if err == nil && last != nil && last.Settings == settingsOf(t.source) {
		t.earlier = &mapping.Earlier{Map: last.FieldMap, Columns: last.Columns, Answered: last.Answered}
	}
	return err
}

// recallOther takes over what gave the other side its signs.
func (t *target) recallOther(ctx context.Context, tx *postgres.Tx) error {
	sources, _, err := tx.Sources(ctx, t.source.ContextID, postgres.Page{Limit: otherSourcesMax})
	if err != nil {
		return err
	}
	read, proved := 0, 0
	for _, s := range sources {
		if s.Side == t.source.Side {
			continue
		}
		last, err := lastReading(ctx, tx, s.ID)
		if err != nil {
			return err
		}
		if last == nil {
			continue
		}
		read++
		if last.Detection.Proof != "" {
			proved++
		}
		t.other.Convention = t.other.Convention || last.Settings.FieldMapVersion == 0 &&
			(last.FieldMap.Has(recon.FieldDebit) || last.FieldMap.Has(recon.FieldCredit))
	}
	t.other.Proved = read > 0 && proved == read
	return nil
}

// lastReading is how the last file of a source was read; nil where there is none.
func lastReading(ctx context.Context, tx *postgres.Tx, sourceID string) (*Reading, error) {
	text, err := tx.LastReading(ctx, sourceID)
	if err != nil || text == nil {
		return nil, err
	}
	var last Reading
	if err := json.Unmarshal(text, &last); err != nil {
		return nil, fmt.Errorf("decoding the last reading: %w", err)
	}
	return &last, nil
}

// otherSourcesMax is how many sources of a context are asked how they were read.
const otherSourcesMax = 200

// statements returns what the statements of a file state, once its rows are read, and what is to be known of the file.
// A file of another account than the source's is refused, and one whose figures contradict each other where the source
// wants that.
func (t target) statements(r *mapping.Reader) (read []recon.AccountStatement, findings []recon.Finding, err error) {
	if err := t.otherAccount(r); err != nil {
		return nil, nil, err
	}
	notes := slices.Clone(r.Detection.Notes)
	for i, s := range r.StatementsRead() {
		name := recon.StatementName(s.Number, s.Account)
		for _, fault := range s.Faults {
			text := name + " " + fault
			if t.source.ControlTotals == recon.ControlTotalsRefuse {
				return nil, nil, recon.Unprocessable(recon.CodeControlTotal,
					text+": send the file again, or set the source's controlTotals to KEEP")
			}
			findings = append(findings, recon.Finding{Kind: recon.FindingControlTotal, Line: int64(s.Line), Text: text})
			notes = slices.DeleteFunc(notes, func(note string) bool { return note == text })
		}
		if s.Report {
			s.Closing = recon.NullMinor{}
		}
		read = append(read, recon.AccountStatement{
			ID: t.importNum<<32 | int64(i+1), Line: int64(s.Line), Account: storableText(s.Account),
			Number: storableText(s.Number), Currency: s.Currency, From: s.From, To: s.To,
			Opening: s.Opening, Closing: s.Closing, Entries: int64(s.Entries), Moved: s.Moved,
		})
	}
	if r.Detection.Proof != "" {
		findings = append(findings, recon.Finding{Kind: recon.FindingProof, Text: r.Detection.Proof})
	}
	for _, note := range notes {
		findings = append(findings, recon.Finding{Kind: recon.FindingNote, Text: note})
	}
	for i := range findings {
		findings[i].Text = storableText(findings[i].Text)
	}
	return read, findings, nil
}

// otherAccount refuses a file none of whose statements is of the source's account.
func (t target) otherAccount(r *mapping.Reader) error {
	other := ""
	for _, s := range r.Statements() {
		if recon.SameAccount(s.Account, t.account) || t.account == "" || s.Account == "" {
			return nil
		}
		other = s.Account
	}
	if other == "" {
		return nil
	}
	return recon.Unprocessable(recon.CodeOtherAccount, fmt.Sprintf("the file is of account %s, and the source is of "+
		"account %s: load it into the source of its account; if the source's account is wrong or has a new number, "+
		"set the source's account", storableText(other), t.account))
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
