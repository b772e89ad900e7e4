package solver

import (
	"regexp"
	"slices"
	"strings"
)

// ValuesMax bounds the values that one text's extract or split may give: a payout may list all of its orders.
const ValuesMax = 1 << 16

// TextSpec is one column of values: a field and what is done to its text.
type TextSpec struct {
	Field     string
	Normalise []string
	Extract   *regexp.Regexp
	Split     string
	Words     bool // kept word by word, to be found in other texts
}

// Multi reports whether a text may have several values.
func (s *TextSpec) Multi() bool { return s.Extract != nil || s.Split != "" }

// Same reports whether two columns hold the same values.
func (s *TextSpec) Same(o *TextSpec) bool {
	return s.SameText(o) && slices.Equal(s.Normalise, o.Normalise)
}

// SameText reports whether two columns hold the same text, however it is normalised.
func (s *TextSpec) SameText(o *TextSpec) bool {
	return s.Field == o.Field && s.Split == o.Split && s.Words == o.Words && s.pattern() == o.pattern()
}

func (s *TextSpec) pattern() string {
	if s.Extract == nil {
		return ""
	}
	return s.Extract.String()
}

// Glued reports whether the words of a value are compared without what is between them.
func (s *TextSpec) Glued() bool {
	return slices.Contains(s.Normalise, "alnum") || slices.Contains(s.Normalise, "digits")
}

// Values are the normalised, distinct, non-empty values of a text: what extract finds, or what split parts, or the
// whole of it. They are appended to `to`.
func (s *TextSpec) Values(text string, to [][]byte) [][]byte {
	if text == "" {
		return to
	}
	if !s.Multi() {
		if value := s.Value(text, nil); len(value) > 0 {
			to = append(to, value)
		}
		return to
	}
	parts := s.parts(text)
	seen := make(map[string]bool, len(parts))
	for _, part := range parts {
		value := s.Value(part, nil)
		if len(value) == 0 || seen[string(value)] {
			continue
		}
		seen[string(value)] = true
		if to = append(to, value); len(to) == ValuesMax {
			break
		}
	}
	return to
}

// Value is one text as it is stored and compared. It may take the place of room.
func (s *TextSpec) Value(text string, room []byte) []byte {
	if s.Words {
		return Words(text, s.Normalise)
	}
	return Normalise(append(room, text...), s.Normalise)
}

func (s *TextSpec) parts(text string) []string {
	parts := []string{text}
	if s.Split != "" {
		parts = strings.Split(text, s.Split)
	}
	if s.Extract == nil {
		return parts
	}
	var found []string
	for _, part := range parts {
		for _, match := range s.Extract.FindAllStringSubmatch(part, ValuesMax) {
			if len(match) > 1 {
				found = append(found, match[1])
			} else {
				found = append(found, match[0])
			}
		}
	}
	return found
}
