package httpapi

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"reflect"
	"strings"

	"matcher/internal/postgres"
	"matcher/internal/recon"
)

// paged is what every list takes.
type paged struct {
	Limit  int    `query:"limit" minimum:"1" maximum:"200" default:"50" doc:"How many items at most"`
	Cursor string `query:"cursor" maxLength:"500" doc:"nextCursor of the page before"`
}

func (p paged) page() postgres.Page { return postgres.Page{Limit: p.Limit, After: p.Cursor} }

// list is a page of items and the cursor of the next, absent on the last.
type list[T any] struct {
	Items      []T    `json:"items" nullable:"false"`
	NextCursor string `json:"nextCursor,omitempty"`
}

func listOf[T any](items []T, next string) list[T] {
	if items == nil {
		items = []T{} // an empty list is [], never null
	}
	return list[T]{Items: items, NextCursor: next}
}

// takeCursor refuses a cursor of another list, or of the same with other filters: its place means nothing in this one.
func takeCursor(r *http.Request, in any) error {
	cursor := reflect.ValueOf(in).Elem().FieldByName("Cursor")
	if !cursor.IsValid() {
		return nil
	}
	filters := r.URL.Query() //nolint:forbidigo // only its hash is kept
	filters.Del("cursor")
	filters.Del("limit")
	const tag = 6 // bytes: it guards against mistakes, not against forgers
	sum := sha256.Sum256([]byte(r.URL.Path + "?" + filters.Encode()))
	own := requestOf(r.Context())
	own.list = base64.RawURLEncoding.EncodeToString(sum[:tag])
	if cursor.String() == "" {
		return nil
	}
	place, ours := strings.CutPrefix(cursor.String(), own.list)
	if !ours || place == "" {
		return recon.Invalid(recon.CodeBadCursor, "the cursor is not one that this list gave for these filters")
	}
	cursor.SetString(place)
	return nil
}

// ownCursor puts in front of the next page's cursor what it belongs to.
func ownCursor(ctx context.Context, out any) any {
	page := reflect.ValueOf(out)
	if page.Kind() != reflect.Struct {
		return out
	}
	if next := page.FieldByName("NextCursor"); !next.IsValid() || next.String() == "" {
		return out
	}
	own := reflect.New(page.Type()).Elem()
	own.Set(page)
	own.FieldByName("NextCursor").SetString(requestOf(ctx).list + page.FieldByName("NextCursor").String())
	return own.Interface()
}
