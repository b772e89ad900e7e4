package recon

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"
)

// StoredRule is a rule of a context in one of its versions. Rules are versioned: a group points at the version that
// made it, and deleting a rule deletes no history.
type StoredRule struct {
	ID        string    `json:"id"`
	ContextID string    `json:"contextId"`
	Version   int       `json:"version"`
	Rule      Rule      `json:"rule"`
	CreatedAt time.Time `json:"createdAt"`
	UpdatedAt time.Time `json:"updatedAt"`
	CreatedBy string    `json:"createdBy"` // of this version
}

// StoredFieldMap is one version of a source's field map.
type StoredFieldMap struct {
	SourceID  string    `json:"sourceId"`
	Version   int       `json:"version"`
	FieldMap  FieldMap  `json:"fieldMap"`
	CreatedAt time.Time `json:"createdAt"`
	CreatedBy string    `json:"createdBy"`
}

// maxNameRunes is what the tables allow a name to have.
const maxNameRunes = 200

// Check returns what is wrong with a written context, by JSON pointer.
func (c Context) Check() []FieldError {
	faults := checkName(c.Name)
	if c.Settings.DuplicateDays < 0 || c.Settings.DuplicateDays > DuplicateDaysMax {
		faults = append(faults, FieldError{
			Pointer: "/settings/duplicateDays", Code: CodeInvalidValue,
			Message: fmt.Sprintf("must lie between 0 and %d", DuplicateDaysMax),
		})
	}
	for currency, amount := range c.Settings.MaxWriteOff {
		pointer := "/settings/maxWriteOff/" + PointerName(currency)
		money, err := ParseMoney(amount, currency)
		switch {
		case err != nil:
			faults = append(faults, FieldError{Pointer: pointer, Code: CodeAmountUnreadable, Message: err.Error()})
		case money.Amount < 0:
			faults = append(faults, FieldError{pointer, CodeInvalidValue, "a limit is not negative"})
		}
	}
	return faults
}

// Check returns what is wrong with a written source, by JSON pointer.
func (s Source) Check() []FieldError {
	faults := checkName(s.Name)
	if s.Side != Left && s.Side != Right {
		faults = append(faults,
			FieldError{Pointer: "/side", Code: CodeInvalidValue, Message: "is neither LEFT nor RIGHT"})
	}
	if _, known := CurrencyDigits(s.Currency); s.Currency != "" && !known {
		faults = append(faults, FieldError{
			Pointer: "/currency", Code: CodeCurrencyUnknown, Message: "is no ISO 4217 code in capitals",
		})
	}
	if _, err := time.LoadLocation(s.TimeZone); err != nil || s.TimeZone == "" || s.TimeZone == "Local" {
		faults = append(faults, FieldError{
			Pointer: "/timeZone", Code: CodeInvalidValue, Message: "is no IANA time zone, Europe/Berlin say",
		})
	}
	return faults
}

func checkName(name string) []FieldError {
	switch {
	case strings.TrimSpace(name) == "":
		return []FieldError{{Pointer: "/name", Code: CodeMissingValue, Message: "a name is needed"}}
	case utf8.RuneCountInString(name) > maxNameRunes:
		return []FieldError{{
			Pointer: "/name", Code: CodeFieldTooLong,
			Message: fmt.Sprintf("a name has at most %d characters", maxNameRunes),
		}}
	case strings.ContainsRune(name, 0):
		return []FieldError{{Pointer: "/name", Code: CodeInvalidValue, Message: "a name holds no NUL"}}
	}
	return nil
}
