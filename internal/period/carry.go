package period

import (
	"bytes"
	"encoding/json"
	"slices"

	"matcher/internal/engine"
	"matcher/internal/mapping"
	"matcher/internal/recon"
	"matcher/internal/setup"
)

// Carry is what the last period left. The zero value is the start of a first period: there was none.
type Carry struct {
	Rows     [2][]Row // by engine.LeftIndex and engine.RightIndex
	Settled  [2][]Row // of groups that earlier periods confirmed, and that may come back
	Partials []recon.PartialGroup
	Rejected []recon.RowSet
	Owed     []recon.Owed // adjustments of earlier periods, those that a row has booked among them

	head    head
	settled []settledLine
	groups  []settledGroup
}

// Row is a row that the last period left, whole.
type Row struct {
	Tx           recon.Transaction
	ID           int64 // in the engine
	Source, File string

	partial, grouped bool // has the status, and is in the partial or settled group that the status needs
	group            int  // of a settled row
}

// firstID is the id of the first carried row of a side in the engine; callers give smaller ones to the rows of files.
const firstID = int64(1) << 48

// Waits reports whether a booked row may still replace the row: it is pending, and in no partial group.
func (r *Row) Waits() bool { return r.Tx.ExternalID != "" && r.stage() == mapping.StagePending }

func (r *Row) stage() mapping.Stage {
	stage := mapping.StageOf(&r.Tx)
	if stage == mapping.StagePending && r.grouped {
		stage = mapping.StagePendingMatched
	}
	return stage
}

// First reports whether there was no period before.
func (c *Carry) First() bool { return c.head.Version == 0 }

// AsOf is the day of the last period.
func (c *Carry) AsOf() recon.Day { return c.head.AsOf }

// Row returns the carried or settled row that has an id, nil for an id of this period.
func (c *Carry) Row(side int, id int64) *Row {
	switch {
	case id < firstID:
		return nil
	case id >= settledFirst:
		return &c.Settled[side][id-settledFirst]
	}
	return &c.Rows[side][id-firstID]
}

// Sources returns the sources of a side in the last period.
func (c *Carry) Sources(side recon.Side) []Source {
	var list []Source
	for _, s := range c.head.Sources {
		if s.Side == side {
			list = append(list, s)
		}
	}
	return list
}

// NewSource returns how a source is read in this period. Inverted is of signs that are the contrary of what was
// detected or written.
func NewSource(side recon.Side, name string, named bool, fieldMap recon.FieldMap, inverted bool) Source {
	text, err := json.Marshal(fieldMap)
	if err != nil {
		panic("a field map that is no JSON: " + err.Error())
	}
	return Source{Side: side, Name: name, Named: named, Map: text, Flipped: inverted}
}

// FieldMap returns the map by which the source was read.
func (s *Source) FieldMap() recon.FieldMap {
	fieldMap, _ := setup.DecodeFieldMap(s.Map) // Read has checked it
	return fieldMap
}

// ReadLike reports whether two sources are read by the same map.
func (s *Source) ReadLike(other *Source) bool { return bytes.Equal(s.Map, other.Map) }

// Adopt renames the carried rows of a side after the file of this period that continues them: where the side had one
// source and has one now, and the user named not both, they are the same books in another file. Names are the sources
// of the side's files.
func (c *Carry) Adopt(side recon.Side, names []string, named bool) {
	before := c.Sources(side)
	if len(before) != 1 || before[0].Named && named || len(names) == 0 {
		return
	}
	was, now := before[0].Name, names[0]
	if slices.ContainsFunc(names, func(n string) bool { return n != now }) {
		return
	}
	for _, rows := range [][]Row{c.Rows[indexOf(side)], c.Settled[indexOf(side)]} {
		for i := range rows {
			rows[i].Source = now
		}
	}
	for i := range c.settled {
		if c.settled[i].Side == side {
			c.settled[i].Source = now
		}
	}
	for i := range c.head.Sources {
		if s := &c.head.Sources[i]; s.Side == side && s.Name == was {
			s.Name = now
		}
	}
}

// Remember makes the carried and the settled rows of a side known to the identities of their sources, so that a file of
// this period that has them again adds nothing.
func (c *Carry) Remember(side recon.Side, identities func(source string) *mapping.Identities) error {
	rows := c.Rows[indexOf(side)]
	for i := range rows {
		row := &rows[i]
		known := identities(row.Source)
		if row.Tx.ExternalID == "" {
			known.RememberContent([16]byte(row.Tx.Digest[:16]))
			continue
		}
		known.Remember(mapping.Identity(&row.Tx), mapping.TraitsOf(&row.Tx), row.stage())
	}
	for i := range c.settled {
		if s := &c.settled[i]; s.Side == side {
			if err := s.remember(identities(s.Source)); err != nil {
				return err
			}
		}
	}
	return nil
}

// Rebook makes rejected sets of pending rows hold for the booked rows that replaced them: users name rows by their ids,
// and both have the same. Replaced has, by side, the ids of booked rows by those of pending ones.
func Rebook(sets []recon.RowSet, replaced [2]map[int64]int64) {
	for i := range sets {
		for side, ids := range [2][]int64{sets[i].Left, sets[i].Right} {
			for at, id := range ids {
				if booked, ok := replaced[side][id]; ok {
					ids[at] = booked
				}
			}
		}
	}
}

func indexOf(side recon.Side) int {
	if side == recon.Left {
		return engine.LeftIndex
	}
	return engine.RightIndex
}
