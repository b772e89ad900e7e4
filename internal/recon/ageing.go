package recon

// AgeBounds are the last days of all buckets of an ageing but the last one, which is open.
var AgeBounds = []int{7, 30, 60, 90}

// Ageing is how old open money is on a day: open rows, each as old as it is, and what is left of partial groups, as
// old as their oldest row. Ignored rows are left out.
type Ageing struct {
	ContextID  string           `json:"contextId"`
	AsOf       Day              `json:"asOf"`
	Currencies []AgeingCurrency `json:"currencies"`
}

// AgeingCurrency is what is open in one currency, by side.
type AgeingCurrency struct {
	Currency string     `json:"currency"`
	Left     AgeingSide `json:"left"`
	Right    AgeingSide `json:"right"`
}

// AgeingSide sums a side's open items in all and by age.
type AgeingSide struct {
	Amount  string      `json:"amount"`
	Count   int64       `json:"count"`
	Oldest  Day         `json:"oldest,omitzero"`
	Buckets []AgeBucket `json:"buckets"`
}

// AgeBucket are the items of an age in days; the last bucket has no end.
type AgeBucket struct {
	FromDays int    `json:"fromDays"`
	ToDays   *int   `json:"toDays,omitempty"`
	Amount   string `json:"amount"`
	Count    int64  `json:"count"`
}
