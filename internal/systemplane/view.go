package systemplane

import "time"

// Source says where a value in force comes from.
type Source string

// The sources. A variable that repeats the default counts as the default.
const (
	FromDefault     Source = "default"
	FromEnvironment Source = "environment"
	FromStore       Source = "stored"
)

// View is a key as it may be shown.
type View struct {
	Key         string     `json:"key"`
	Description string     `json:"description"`
	Type        Kind       `json:"type"`
	Variable    string     `json:"variable" doc:"The environment's name of the value that a process starts with"`
	Value       any        `json:"value" doc:"In force on this instance; null for a secret"`
	Default     any        `json:"default"`
	Source      Source     `json:"source" enum:"default,environment,stored"`
	Secret      bool       `json:"secret"`
	IsSet       bool       `json:"isSet" doc:"Whether the value is other than empty, for a secret too"`
	BootOnly    bool       `json:"bootOnly" doc:"Read from the environment when a process starts; a PUT answers 409"`
	Version     int        `json:"version" doc:"1 until a value is stored; send it as If-Match"`
	ChangedAt   *time.Time `json:"changedAt,omitempty"`
	ChangedBy   string     `json:"changedBy,omitempty"`
	Fault       string     `json:"fault,omitempty" doc:"Why the stored value is not in force: the last good one is"`
}

// View is the key of that name; false when there is none.
func (p *Plane) View(name string) (View, bool) {
	key, known := Find(name)
	if !known {
		return View{}, false
	}
	return p.Current().view(key, p.boot), true
}

// Views are all keys.
func (p *Plane) Views() []View {
	s, views := p.Current(), make([]View, len(Keys))
	for i, key := range Keys {
		views[i] = s.view(key, p.boot)
	}
	return views
}

// firstVersion is the version of a key that was never stored: what the process started with.
const firstVersion = 1

func (s *Snapshot) view(key Key, boot map[string]any) View {
	value := s.values[key.Name]
	v := View{
		Key: key.Name, Description: key.Description, Type: key.Kind, Variable: key.Variable,
		Value: value, Default: key.Default, Source: FromDefault,
		Secret: key.Secret, IsSet: value != "", BootOnly: key.BootOnly, Version: firstVersion, Fault: s.faults[key.Name],
	}
	if boot[key.Name] != key.Default {
		v.Source = FromEnvironment
	}
	if row, stored := s.stored[key.Name]; stored && !key.BootOnly {
		v.Version, v.ChangedAt, v.ChangedBy = row.Version, &row.ChangedAt, row.ChangedBy
		if row.Value != nil {
			v.Source = FromStore
		}
	}
	if key.Secret {
		v.Value = nil
	}
	return v
}
