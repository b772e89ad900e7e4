//go:build unit || !integration

package matching

import (
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/engine"
	"matcher/internal/postgres"
	"matcher/internal/recon"
)

func TestEngineOptions(t *testing.T) {
	in := &postgres.RunInput{
		Context:   recon.Context{Settings: recon.ContextSettings{DuplicateDays: 3, MaxWriteOff: map[string]string{"EUR": "5.00"}}},
		Calendars: []recon.Calendar{{ID: "TARGET"}}, FeeSchedules: []recon.FeeSchedule{{Name: "cards"}},
		RejectedSets: []postgres.RejectedSet{{Left: []int64{1}, Right: []int64{2}}},
		Rates:        []recon.FXRate{{From: "EUR", To: "USD", Rate: "1.08"}},
	}
	kept := optionsOf(recon.Run{AsOf: 5, From: 1, To: 4}, in)
	o := EngineOptions(kept)
	require.Equal(t, []recon.Day{5, 1, 4}, []recon.Day{o.AsOf, o.From, o.To})
	require.Equal(t, 3, o.DuplicateDays)
	require.Contains(t, o.Calendars, "TARGET")
	require.Contains(t, o.FeeSchedules, "cards")
	require.Equal(t, in.Rates, o.Rates)
	require.Equal(t, []engine.RowSet{{Left: []int64{1}, Right: []int64{2}}}, o.Rejected)
	limit, given := o.MaxWriteOff.In("EUR")
	require.True(t, given)
	require.Equal(t, recon.Minor(500), limit)
}
