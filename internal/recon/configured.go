package recon

import "time"

// Configured is a calendar or a fee schedule as it is stored. Rules call it by the name that its value holds.
type Configured[T any] struct {
	ID        string    `json:"id"`
	Value     T         `json:"value"`
	Version   int       `json:"version"`
	CreatedAt time.Time `json:"createdAt"`
	UpdatedAt time.Time `json:"updatedAt"`
	CreatedBy string    `json:"createdBy"`
}

// FXRateFilter narrows a list of rates; empty fields do not.
type FXRateFilter struct {
	From, To, Type string
	Since, Until   Day
}
