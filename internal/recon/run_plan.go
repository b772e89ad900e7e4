package recon

// RunPlan is what a run fixes when it starts, so that it can be read and replayed later.
type RunPlan struct {
	EngineVersion string       `json:"engineVersion"`
	Rules         []PlanRule   `json:"rules"`
	Options       RunOptions   `json:"options,omitzero"`
	Sources       []PlanSource `json:"sources,omitempty"`
	Reached       Covered      `json:"reached,omitzero"` // the days of the last rows so far: a later run reads open ones only
}

// PlanRule is a rule of a run. ID is "" for a rule of the default ladder.
type PlanRule struct {
	ID      string `json:"id,omitempty"`
	Version int    `json:"version,omitempty"`
	Name    string `json:"name"`
	Rule    Rule   `json:"rule"`
}

// PlanSource is a source as it was called when a run read it.
type PlanSource struct {
	Num  int32  `json:"num"`
	Name string `json:"name"`
	Side Side   `json:"side"`
}
