// Package systemplane is the runtime configuration: a table of typed keys, the values in force, and how a value that was
// stored on one instance comes into force on every other within two seconds. What a key means is its consumer's affair;
// where values are stored is the Store's.
package systemplane

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Kind is the type of a key's values.
type Kind string

// The kinds. Values are int64, string or bool in memory and the like in JSON.
const (
	Integer Kind = "integer"
	Text    Kind = "string"
	Boolean Kind = "boolean"
)

// maxTextRunes bounds a text: the longest honest one is a URL.
const maxTextRunes = 2000

// Key is one setting. Min and Max bound an integer; Check says what is wrong with a text, "" when nothing is.
type Key struct {
	Name        string
	Variable    string // the environment's name of its starting value
	Description string
	Kind        Kind
	Default     any
	Min, Max    int64
	Check       func(text string) string
	Secret      bool // its value is stored and used, and never shown
	BootOnly    bool // its value is the environment's until the process ends
}

// Find is the key of that name.
func Find(name string) (Key, bool) {
	for _, key := range Keys {
		if key.Name == name {
			return key, true
		}
	}
	return Key{}, false
}

// Decode reads a value of the key from JSON. The error says what is wrong with it and never repeats it.
func (k Key) Decode(text []byte) (any, error) {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil {
		return nil, errors.New("is not JSON")
	}
	switch value := value.(type) {
	case json.Number:
		n, err := value.Int64()
		if k.Kind == Integer && err == nil {
			return n, k.Valid(n)
		}
	case string:
		if k.Kind == Text {
			return value, k.Valid(value)
		}
	case bool:
		if k.Kind == Boolean {
			return value, nil
		}
	}
	return nil, fmt.Errorf("must be a JSON %s", k.kindText())
}

func (k Key) kindText() string {
	if k.Kind == Integer {
		return "number without a fraction"
	}
	return string(k.Kind)
}

// Valid says what is wrong with a value of the key's kind, nil when nothing is.
func (k Key) Valid(value any) error {
	switch value := value.(type) {
	case int64:
		if value < k.Min || value > k.max() {
			return fmt.Errorf("must be from %d to %d", k.Min, k.max())
		}
	case string:
		if !utf8.ValidString(value) || utf8.RuneCountInString(value) > maxTextRunes || strings.ContainsFunc(value, unicode.IsControl) {
			return fmt.Errorf("must be one line of at most %d characters", maxTextRunes)
		}
		if k.Check == nil {
			return nil
		}
		if fault := k.Check(value); fault != "" {
			return errors.New(fault)
		}
	}
	return nil
}

func (k Key) max() int64 {
	if k.Max == 0 {
		return math.MaxInt32
	}
	return k.Max
}
