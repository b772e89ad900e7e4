package period

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"matcher/internal/recon"
)

// RejectedSet reads the rows of a set that a person rejected: "GL-1=B-7" or "GL-1+GL-2=B-7". Ids may hold = and +
// themselves, so every place to cut is tried. Named returns the id of the row that people call by a name.
func RejectedSet(text string, named func(side recon.Side, name string) (int64, error)) (recon.RowSet, error) {
	problem := errors.New("write the ids of the left rows, =, and those of the right rows, " +
		"as in --reject INV-7=B-12 or --reject INV-7+INV-8=B-12")
	for at := range text {
		if text[at] != '=' {
			continue
		}
		left, err := rowsNamed(text[:at], recon.Left, named)
		var right []int64
		if err == nil {
			right, err = rowsNamed(text[at+1:], recon.Right, named)
		}
		if err != nil {
			problem = err
			continue
		}
		if len(left)+len(right) > 1 {
			return recon.RowSet{Left: left, Right: right}, nil
		}
	}
	return recon.RowSet{}, problem
}

// rowsNamed finds rows by their names, joined by +. The empty text names no row.
func rowsNamed(text string, side recon.Side, named func(recon.Side, string) (int64, error)) ([]int64, error) {
	if text = strings.TrimSpace(text); text == "" {
		return nil, nil
	}
	if id, err := named(side, text); err == nil {
		return []int64{id}, nil
	}
	var ids []int64
	for part := range strings.SplitSeq(text, "+") {
		id, err := named(side, strings.TrimSpace(part))
		if err != nil {
			return nil, err
		}
		if slices.Contains(ids, id) {
			return nil, fmt.Errorf("%q is named twice", part)
		}
		ids = append(ids, id)
	}
	return ids, nil
}
