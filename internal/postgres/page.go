package postgres

import (
	"encoding/base64"
	"encoding/json"
	"strconv"

	"matcher/internal/recon"
)

// Bounds of a list's page.
const (
	DefaultPageLimit = 50
	MaxPageLimit     = 1000
)

// Page asks for part of a list. After is the cursor that the part before gave; "" is the first part.
type Page struct {
	Limit int
	After string
}

// Size is the number of items to return; a query asks for one more, so that it knows whether a next page exists.
func (p Page) Size() int {
	switch {
	case p.Limit <= 0:
		return DefaultPageLimit
	case p.Limit > MaxPageLimit:
		return MaxPageLimit
	default:
		return p.Limit
	}
}

// afterText is the sort key in the cursor, for lists sorted by text, uuid or date: "" on the first page.
func (p Page) afterText() (string, error) {
	if p.After == "" {
		return "", nil
	}
	key, err := base64.RawURLEncoding.DecodeString(p.After)
	if err != nil || len(key) == 0 {
		return "", badCursor()
	}
	return string(key), nil
}

// afterInt is the sort key in the cursor, for lists sorted by a number; first is what the first page starts after.
func (p Page) afterInt(first int64) (int64, error) {
	text, err := p.afterText()
	if err != nil || text == "" {
		return first, err
	}
	key, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0, badCursor()
	}
	return key, nil
}

// afterKeys fills dest with the parts of a compound sort key and reports whether there is one.
func (p Page) afterKeys(dest ...any) (bool, error) {
	text, err := p.afterText()
	if err != nil || text == "" {
		return false, err
	}
	var parts []json.RawMessage
	if json.Unmarshal([]byte(text), &parts) != nil || len(parts) != len(dest) {
		return false, badCursor()
	}
	for i, part := range parts {
		if json.Unmarshal(part, dest[i]) != nil {
			return false, badCursor()
		}
	}
	return true, nil
}

// cursorOf is the opaque cursor behind the last item of a page: of one sort key its text, of several a JSON list.
func cursorOf(keys ...any) string {
	switch key := keys[0].(type) {
	case string:
		if len(keys) == 1 {
			return base64.RawURLEncoding.EncodeToString([]byte(key))
		}
	case int64:
		if len(keys) == 1 {
			return base64.RawURLEncoding.EncodeToString(strconv.AppendInt(nil, key, 10))
		}
	}
	text, err := json.Marshal(keys)
	if err != nil {
		panic("a sort key that is no JSON: " + err.Error())
	}
	return base64.RawURLEncoding.EncodeToString(text)
}

// pageOf cuts the one item too many that a query asked for and gives the cursor of the next page, "" on the last.
func pageOf[T any](items []T, page Page, key func(T) []any) (part []T, next string) {
	if len(items) <= page.Size() {
		return items, ""
	}
	part = items[:page.Size()]
	return part, cursorOf(key(part[len(part)-1])...)
}

func badCursor() error {
	return recon.Invalid(recon.CodeBadCursor, "the cursor is not one that this list gave: start with the first page")
}
