package recon

import (
	"regexp"
	"strconv"
)

// FixedColumn is a column in the same places of each line, counted in letters from 1.
type FixedColumn struct {
	Name     string
	From, To int
}

// fixedPlaceMax bounds the places of a line.
const fixedPlaceMax = 100_000

var fixedColumn = regexp.MustCompile(`^\s*(\S.*?)\s+([1-9]\d{0,5})-([1-9]\d{0,5})\s*$`)

// ParseFixedColumn reads a column as a map writes it: its name and its places, amount 9-20.
func ParseFixedColumn(text string) (c FixedColumn, ok bool) {
	part := fixedColumn.FindStringSubmatch(text)
	if part == nil {
		return c, false
	}
	c.Name = part[1]
	c.From, _ = strconv.Atoi(part[2])
	c.To, _ = strconv.Atoi(part[3])
	return c, c.From <= c.To && c.To <= fixedPlaceMax
}

// FixedColumns reads the columns of a map, of which those that are none were refused with it.
func FixedColumns(texts []string) (all []FixedColumn) {
	for _, text := range texts {
		if column, ok := ParseFixedColumn(text); ok {
			all = append(all, column)
		}
	}
	return all
}
