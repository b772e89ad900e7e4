package systemplane

import (
	"fmt"
	"time"
)

// Snapshot is the values in force at one moment. It never changes.
type Snapshot struct {
	// Revision rises with every stored change of any key.
	Revision int64

	values map[string]any
	stored map[string]Stored // what the store holds, usable or not
	faults map[string]string // why a stored value is not in force
}

// Int is the value of an integer key; asking for a key that is none is a fault of ours.
func (s *Snapshot) Int(name string) int64 { return valueOf[int64](s, name) }

// Text is the value of a text key.
func (s *Snapshot) Text(name string) string { return valueOf[string](s, name) }

// Seconds is the value of an integer key that counts them.
func (s *Snapshot) Seconds(name string) time.Duration {
	return time.Duration(s.Int(name)) * time.Second
}

// Faults is how many stored values cannot be used.
func (s *Snapshot) Faults() int { return len(s.faults) }

func valueOf[T any](s *Snapshot, name string) T {
	value, ok := s.values[name].(T)
	if !ok {
		panic(fmt.Sprintf("no setting %s of type %T", name, value))
	}
	return value
}

// snapshotOf puts stored values over those that the process started with. A stored value that cannot be used leaves the
// last good one in force.
func snapshotOf(boot map[string]any, last *Snapshot, revision int64, rows []Stored) *Snapshot {
	next := &Snapshot{Revision: revision, values: map[string]any{}, stored: map[string]Stored{}, faults: map[string]string{}}
	for _, row := range rows {
		next.stored[row.Key] = row
	}
	for _, key := range Keys {
		row, stored := next.stored[key.Name]
		next.values[key.Name] = boot[key.Name]
		if key.BootOnly || !stored || row.Value == nil {
			continue
		}
		value, err := key.Decode(row.Value)
		if err == nil {
			next.values[key.Name] = value
			continue
		}
		next.faults[key.Name] = err.Error()
		if last != nil {
			next.values[key.Name] = last.values[key.Name]
		}
	}
	return next
}

// inconsistent says what is wrong with values that are each good by themselves, "" when nothing is.
func (s *Snapshot) inconsistent(boot map[string]any) string {
	if (s.Text(ManagerURL) == "") != (boot[ManagerURL] == "") {
		return "whether there is a tenant manager is decided when a process starts, by MULTI_TENANT_URL"
	}
	if s.Text(ManagerURL) != "" && s.Text(ManagerAPIKey) == "" {
		return "a tenant manager needs its key: set " + ManagerAPIKey + " first"
	}
	return ""
}
