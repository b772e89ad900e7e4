package recon

import (
	"fmt"
	"slices"
	"strings"
)

// An enumerated value is a small int in memory and a text everywhere else: in JSON, in files, and in SQL as a text
// column with a CHECK. Its zero value is the empty text. Each type keeps its texts in one list, by value.

// readEnum sets a value by its text, and refuses a text that is not in the list.
func readEnum[E ~uint8](to *E, texts []string, text string) error {
	at := slices.Index(texts, text)
	if at < 0 {
		return fmt.Errorf("%q is not one of %s", Clip(text, 40), strings.Join(texts[1:], ", "))
	}
	*to = E(at)
	return nil
}

// scanEnum sets a value from a column; NULL is the zero value.
func scanEnum[E ~uint8](to *E, texts []string, column any) error {
	switch v := column.(type) {
	case nil:
		*to = 0
		return nil
	case string:
		return readEnum(to, texts, v)
	case []byte:
		return readEnum(to, texts, string(v))
	}
	return fmt.Errorf("a %T is no text", column)
}
