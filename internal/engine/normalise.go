package engine

import (
	"strings"

	"matcher/internal/engine/solver"
)

// values are the normalised, distinct, non-empty values of a text: what extract finds, or what split parts, or the
// whole of it. They are appended to `to`.
func (s *keySpec) values(text string, to [][]byte) [][]byte {
	if text == "" {
		return to
	}
	if !s.multi() {
		if value := s.value(text, nil); len(value) > 0 {
			to = append(to, value)
		}
		return to
	}
	parts := s.parts(text)
	seen := make(map[string]bool, len(parts))
	for _, part := range parts {
		value := s.value(part, nil)
		if len(value) == 0 || seen[string(value)] {
			continue
		}
		seen[string(value)] = true
		if to = append(to, value); len(to) == keyValuesMax {
			break
		}
	}
	return to
}

// value is one text as it is stored and compared. It may take the place of room.
func (s *keySpec) value(text string, room []byte) []byte {
	if s.words {
		return solver.Words(text, s.normalise)
	}
	return solver.Normalise(append(room, text...), s.normalise)
}

func (s *keySpec) parts(text string) []string {
	parts := []string{text}
	if s.split != "" {
		parts = strings.Split(text, s.split)
	}
	if s.extract == nil {
		return parts
	}
	var found []string
	for _, part := range parts {
		for _, match := range s.extract.FindAllStringSubmatch(part, keyValuesMax) {
			if len(match) > 1 {
				found = append(found, match[1])
			} else {
				found = append(found, match[0])
			}
		}
	}
	return found
}
